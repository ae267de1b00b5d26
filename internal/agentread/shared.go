package agentread

import (
	"cmp"
	"context"
	"slices"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/internal/agent"
)

// Shared is an agent of another project that a project may use.
type Shared struct {
	gitlabapi.SharedAgent
	// CI and User say for what: the project's pipelines, and its people's computers.
	CI, User bool
	// Seen is the agent where the person may open it; nil where they may not.
	Seen *agent.Agent
}

// SharedAgents are those of other projects that a project may use.
type SharedAgents struct {
	Agents []Shared // by the path of their projects, then by name
	// More says that GitLab has more of them than were read.
	More bool
}

// SharedAgents reads the agents of other projects that a project may use, and those of them that the
// person may open, no longer than a page waits for each. The errors are those of gitlabapi's
// SharedAgents; ErrUnauthorized as Many's is.
func (r *Reader) SharedAgents(ctx context.Context, project int64) (SharedAgents, error) {
	listed, err := try(ctx, func(ctx context.Context) (gitlabapi.SharedAgents, error) { return r.gitlab.SharedAgents(ctx, project) })
	if err != nil {
		return SharedAgents{}, r.askREST(ctx, err)
	}
	found := SharedAgents{More: listed.MoreCI || listed.MoreUser}
	add := func(one gitlabapi.SharedAgent, use func(*Shared)) {
		if one.Project.ID == project { // a project may use its own agents
			return
		}
		i := slices.IndexFunc(found.Agents, func(s Shared) bool { return s.ID == one.ID })
		if i < 0 {
			i, found.Agents = len(found.Agents), append(found.Agents, Shared{SharedAgent: one})
		}
		use(&found.Agents[i])
	}
	for _, one := range listed.CI {
		add(one, func(s *Shared) { s.CI = true })
	}
	for _, one := range listed.User {
		add(one, func(s *Shared) { s.User = true })
	}
	slices.SortStableFunc(found.Agents, bySource)
	r.see(ctx, found.Agents)
	return found, nil
}

// see reads those of the agents that the person may open. An agent's project may be theirs to see
// without its agents being so.
func (r *Reader) see(ctx context.Context, agents []Shared) {
	var refs []Ref
	for _, one := range agents {
		if one.Project.ID != 0 {
			refs = append(refs, Ref{Project: one.Project.ID, Agent: one.ID})
		}
	}
	if len(refs) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for _, selected := range r.Selection(ctx, refs) {
		if selected.Err != nil {
			continue
		}
		i := slices.IndexFunc(agents, func(s Shared) bool { return s.ID == selected.Ref.Agent })
		agents[i].Seen = &selected.Agent
	}
}

// bySource orders agents by project; those whose project is not told come last.
func bySource(a, b Shared) int {
	hidden := func(s Shared) int {
		if s.Project.ID == 0 {
			return 1
		}
		return 0
	}
	return cmp.Or(hidden(a)-hidden(b), cmp.Compare(a.Project.FullPath, b.Project.FullPath), cmp.Compare(a.Name, b.Name))
}
