package agentread

import (
	"context"
	"slices"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/parallel"
)

// Ref names an agent by the numbers of its project and its own.
type Ref struct{ Project, Agent int64 }

// Selected is one agent of a selection, or why it could not be read.
type Selected struct {
	Ref Ref
	ProjectAgent
	Err error
}

// Selection reads agents of any projects, in their order: all of them in one GraphQL query where
// their projects have few agents, and by REST only those of projects that GraphQL did not answer
// for. One that cannot be read stops none of the others.
func (r *Reader) Selection(ctx context.Context, refs []Ref) []Selected {
	wanted := map[int64][]int64{}
	var projects []int64
	for _, ref := range refs {
		if wanted[ref.Project] == nil {
			projects = append(projects, ref.Project)
		}
		wanted[ref.Project] = append(wanted[ref.Project], ref.Agent)
	}
	told, isComplete := ask(ctx, r, "selected agents", func(ctx context.Context) (map[int64]gitlabapi.ProjectAgents, error) {
		return r.gitlab.ProjectsAgents(ctx, projects, func(p gitlabapi.ProjectAgents) bool { return holds(p, wanted[p.ID]) })
	})
	found := make([]Selected, len(refs))
	failed := parallel.Each(maxParallel, refs, func(i int, ref Ref) (err error) {
		found[i].Ref = ref
		project, answered := told[ref.Project]
		switch {
		case answered:
			found[i].ProjectAgent, err = r.pick(project, ref.Agent)
		case isComplete: // GraphQL leaves out what is not the person's to see
			err = gitlabapi.ErrNotFound
		default:
			found[i].ProjectAgent, err = r.selectedByREST(ctx, ref)
		}
		return err
	})
	for i := range found {
		found[i].Err = failed[i]
	}
	return found
}

// holds reports whether all the agents are among those that were read of a project.
func holds(p gitlabapi.ProjectAgents, agents []int64) bool {
	for _, id := range agents {
		if indexOf(p, id) < 0 {
			return false
		}
	}
	return true
}

func indexOf(p gitlabapi.ProjectAgents, id int64) int {
	return slices.IndexFunc(p.Agents, func(a gitlabapi.AgentDetail) bool { return a.ID == id })
}

// pick is one agent of a project that GraphQL answered for in full: what is not there is nowhere.
func (r *Reader) pick(project gitlabapi.ProjectAgents, id int64) (ProjectAgent, error) {
	i := indexOf(project, id)
	if i < 0 {
		return ProjectAgent{}, gitlabapi.ErrNotFound
	}
	return ProjectAgent{Project: r.projectOf(project.ProjectDetail), Agent: agentInUse(&project.Agents[i])}, nil
}

// selectedByREST reads an agent without asking GraphQL again.
func (r *Reader) selectedByREST(ctx context.Context, ref Ref) (ProjectAgent, error) {
	one, tokens, err := r.agentByREST(ctx, ref.Project, ref.Agent)
	if err != nil {
		return ProjectAgent{}, err
	}
	found := ProjectAgent{Agent: AgentOf(one)}
	list := make([]agent.Token, 0, len(tokens))
	for _, token := range tokens {
		list = append(list, TokenOf(token))
	}
	found.Agent.SetTokens(list)
	return r.agentWithoutGraphQL(ctx, ref.Project, found)
}
