package agentread

import (
	"context"
	"errors"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/agentconfig"
)

// ConfigBlob is an agent's configuration file on the default branch.
type ConfigBlob struct {
	Project int64
	// ID is git's name for the content; empty: there is no file.
	ID string
}

// ConfigBlobs asks GraphQL for the configuration files of agents of many projects, within the time that
// ctx leaves, and returns them by the agents' numbers. An agent is missing whose file nobody can tell,
// or the person may not read. The error is to be logged; it is ErrUnauthorized as Many's is.
func (r *Reader) ConfigBlobs(ctx context.Context, agents []ProjectAgent) (map[int64]ConfigBlob, error) {
	folders, err := r.gitlab.Folders(ctx, projectsOf(agents), agentconfig.Folder)
	found := make(map[int64]ConfigBlob, len(agents))
	for _, a := range agents {
		folder, ok := folders[a.Project.ID]
		if !ok {
			continue
		}
		blob := ConfigBlob{Project: a.Project.ID, ID: folder.Blobs[agentconfig.Path(a.Agent.Name)]}
		if blob.ID != "" || !folder.More {
			found[a.Agent.ID] = blob
		}
	}
	return found, r.askREST(ctx, err)
}

// projectsOf are the numbers of the agents' projects, each once.
func projectsOf(agents []ProjectAgent) []int64 {
	var ids []int64
	seen := map[int64]bool{}
	for _, a := range agents {
		if !seen[a.Project.ID] {
			seen[a.Project.ID] = true
			ids = append(ids, a.Project.ID)
		}
	}
	return ids
}

// JudgeConfig reads a configuration file and says what GitLab's agent server makes of it. The errors
// are those of gitlabapi's RawBlob, but for a file that is too large, which is refused.
func (r *Reader) JudgeConfig(ctx context.Context, blob ConfigBlob) (agent.ConfigState, error) {
	content, err := r.gitlab.RawBlob(ctx, gitlabapi.ProjectID(blob.Project), blob.ID)
	if errors.Is(err, gitlabapi.ErrTooLarge) {
		return agent.ConfigRefused, nil
	}
	if err != nil {
		return agent.ConfigUnknown, err
	}
	if _, problems := agentconfig.Parse(content); len(problems) > 0 {
		return agent.ConfigRefused, nil
	}
	return agent.ConfigAccepted, nil
}
