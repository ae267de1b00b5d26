package agentread

import (
	"context"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/parallel"
)

// AgentsPerPage is how many agents Agents returns at once.
const AgentsPerPage = 50

// Agents reads a page of a project's agents, by name, with their tokens and the person's rights in
// the project. REST lists the agents and GraphQL tells the rest: two calls for the first page, and
// one more for every hundred agents before a later one. ErrNotFound when the project does not
// exist or its agents are not the person's to see.
func (r *Reader) Agents(ctx context.Context, project int64, number int) (agent.Project, Page[agent.Agent], error) {
	var listed gitlabapi.Page[gitlabapi.Agent]
	group, both := parallel.WithContext(ctx)
	group.Go(func() (err error) {
		listed, err = r.gitlab.AgentsPage(both, gitlabapi.ProjectID(project), number, AgentsPerPage)
		return err
	})
	told, untold := try(both, func(ctx context.Context) (gitlabapi.ProjectAgents, error) {
		return r.gitlab.AgentDetailsPage(ctx, project, (number-1)*AgentsPerPage, AgentsPerPage)
	})
	if err := group.Wait(); err != nil {
		// Of a project that is not there GraphQL tells nothing either, and may be faster: not a word.
		return agent.Project{}, Page[agent.Agent]{}, err
	}
	isTold := r.answered(ctx, "agents of a project", untold)
	found, agents, err := r.complete(ctx, project, listed.Items, told, isTold)
	return found, pageOf(listed, agents), err
}

// complete puts together what both have said, and reads by REST what GraphQL has not.
func (r *Reader) complete(ctx context.Context, project int64, listed []gitlabapi.Agent, told gitlabapi.ProjectAgents, isTold bool) (agent.Project, []agent.Agent, error) {
	agents, missing := merge(listed, told.Agents)
	if isTold {
		r.readMissing(ctx, project, missing)
		return r.explained(ctx, r.projectOf(told.ProjectDetail)), agents, nil
	}
	var found agent.Project
	group := new(parallel.Group)
	group.Go(func() (err error) {
		found, err = r.projectByREST(ctx, project)
		return err
	})
	r.readMissing(ctx, project, missing)
	err := group.Wait()
	return found, agents, err
}

// merge gives listed agents what GraphQL told of them, and returns those of which it told nothing,
// which point into the list.
func merge(listed []gitlabapi.Agent, told []gitlabapi.AgentDetail) (agents []agent.Agent, missing []*agent.Agent) {
	byID := make(map[int64]*gitlabapi.AgentDetail, len(told))
	tokens := 0
	for i := range told {
		byID[told[i].ID] = &told[i]
		tokens += len(told[i].Tokens)
	}
	room := make([]agent.Token, 0, tokens)
	agents = make([]agent.Agent, len(listed))
	for i, one := range listed {
		if detail := byID[one.ID]; detail != nil {
			agents[i], room = agentIn(room, detail)
			agents[i].CreatedBy.ID, agents[i].Receptive = one.CreatedByUserID, one.Receptive
			continue
		}
		agents[i] = AgentOf(one)
		missing = append(missing, &agents[i])
	}
	return agents, missing
}

// readMissing reads by REST what GraphQL did not tell of agents: for the first of them, and no
// longer than a page waits. An agent whose tokens cannot be read in full stays as it is.
func (r *Reader) readMissing(ctx context.Context, project int64, agents []*agent.Agent) {
	agents = agents[:min(len(agents), maxAgentsRead)]
	if len(agents) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	group := new(parallel.Group)
	group.SetLimit(maxParallel)
	for _, one := range agents {
		group.Go(func() error {
			if tokens, err := r.Tokens(ctx, project, one.ID); err == nil {
				one.SetTokens(tokens)
			}
			return nil
		})
	}
	names := r.names(ctx, group, agents)
	_ = group.Wait() // every failure was passed over above
	for _, one := range agents {
		one.CreatedBy.Name = names[one.CreatedBy.ID]
	}
}
