package agentread

import (
	"context"
	"errors"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/agentconfig"
)

// Unregistered lists the folders of configuration files on the default branch, of the first hundred,
// whose names agents can have and none of the agents has: all of the project's agents have to be
// given. It takes no longer than a page waits; what cannot be read is none, since nothing depends on it.
func (r *Reader) Unregistered(ctx context.Context, project int64, agents []agent.Agent) []string {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	entries, _, err := r.gitlab.Tree(ctx, gitlabapi.ProjectID(project), agentconfig.Folder)
	if err != nil && !errors.Is(err, gitlabapi.ErrNotFound) {
		r.cfg.Log.WarnContext(ctx, "listing the folders of agents", "error", err)
	}
	known := make(map[string]bool, len(agents))
	for i := range agents {
		known[agents[i].Name] = true
	}
	var names []string
	for _, entry := range entries {
		if entry.Folder && agent.FollowsNameRule(entry.Name) && len(entry.Name) <= agent.MaxName && !known[entry.Name] {
			names = append(names, entry.Name)
		}
	}
	return names
}
