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
	byREST := map[int64]projectRead{}
	if !isComplete { // otherwise what GraphQL leaves out is not the person's to see
		byREST = r.projectsByREST(ctx, slices.DeleteFunc(projects, func(id int64) bool { _, ok := told[id]; return ok }))
	}
	found := make([]Selected, len(refs))
	failed := parallel.Each(maxParallel, refs, func(i int, ref Ref) (err error) {
		found[i].Ref = ref
		if project, answered := told[ref.Project]; answered {
			found[i].ProjectAgent, err = r.pick(project, ref.Agent)
			return err
		}
		project, ok := byREST[ref.Project]
		if !ok {
			return gitlabapi.ErrNotFound
		}
		found[i].ProjectAgent, err = r.selectedByREST(ctx, project, ref)
		return err
	})
	for i := range found {
		found[i].Err = failed[i]
	}
	return found
}

// projectRead is a project, or why it could not be read.
type projectRead struct {
	project agent.Project
	err     error
}

// projectsByREST reads each of the projects once, in parallel.
func (r *Reader) projectsByREST(ctx context.Context, ids []int64) map[int64]projectRead {
	read := make([]agent.Project, len(ids))
	failed := parallel.Each(maxParallel, ids, func(i int, id int64) (err error) {
		read[i], err = r.projectByREST(ctx, id)
		return err
	})
	byID := make(map[int64]projectRead, len(ids))
	for i, id := range ids {
		byID[id] = projectRead{read[i], failed[i]}
	}
	return byID
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

// selectedByREST reads an agent of a project without asking GraphQL again.
func (r *Reader) selectedByREST(ctx context.Context, project projectRead, ref Ref) (ProjectAgent, error) {
	if project.err != nil {
		return ProjectAgent{}, project.err
	}
	one, err := r.agentByREST(ctx, ref.Project, ref.Agent, func(known) {})
	if err != nil {
		return ProjectAgent{}, err
	}
	r.readUse(ctx, ref.Project, &one, false)
	return ProjectAgent{Project: project.project, Agent: one}, nil
}
