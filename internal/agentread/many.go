package agentread

import (
	"context"
	"errors"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/internal/agent"
)

// Many asks GraphQL for all agents of many projects, within the time that ctx leaves. found holds
// those that it answered for in full, by number, and why says why others are missing, with the
// error to be logged. What GraphQL does not show is read by ProjectAgents.
//
// err is ErrUnauthorized only if GitLab's REST API, which tells why, does not accept the token
// either.
func (r *Reader) Many(ctx context.Context, projects []int64) (found map[int64]ProjectAgents, why agent.Fallback, err error) {
	answered, err := r.gitlab.ProjectsAgents(ctx, projects, nil)
	err = r.askREST(ctx, err)
	found = make(map[int64]ProjectAgents, len(answered))
	for id, project := range answered {
		read := ProjectAgents{Project: r.projectOf(project.ProjectDetail), Agents: make([]agent.Agent, len(project.Agents))}
		for i := range project.Agents {
			read.Agents[i] = agentInUse(&project.Agents[i])
		}
		found[id] = read
	}
	if err == nil && len(found) < len(projects) {
		return found, agent.FallbackPartial, errNotAnswered
	}
	return found, fallbackOf(err), err
}

// errNotAnswered stands for projects that GraphQL left out without a word.
var errNotAnswered = errors.New("GraphQL does not show some of the projects")

// ProjectAgents reads all agents of a project by REST, whose tokens stay unknown.
func (r *Reader) ProjectAgents(ctx context.Context, project int64) ([]agent.Agent, error) {
	listed, err := r.gitlab.Agents(ctx, gitlabapi.ProjectID(project))
	agents := make([]agent.Agent, len(listed))
	for i, one := range listed {
		agents[i] = AgentOf(one)
	}
	return agents, err
}

// errGraphQLRefused is GraphQL's 401 for a token that REST accepts.
var errGraphQLRefused = errors.New("GraphQL does not accept the token")

// askREST replaces GraphQL's 401, which does not say whether the token can be
// refreshed, by that of the REST API.
func (r *Reader) askREST(ctx context.Context, err error) error {
	if !errors.Is(err, gitlabapi.ErrUnauthorized) {
		return err
	}
	if _, why := r.gitlab.CurrentUser(ctx); why != nil {
		return why
	}
	return errGraphQLRefused
}

// fallbackOf is what an error of GraphQL means for all that it did not answer.
func fallbackOf(err error) agent.Fallback {
	var partial *gitlabapi.PartialError
	switch {
	case err == nil:
		return agent.FallbackNone
	case errors.As(err, &partial):
		return agent.FallbackPartial
	case errors.Is(err, errGraphQLRefused), errors.Is(err, gitlabapi.ErrForbidden):
		return agent.FallbackRefused
	case errors.Is(err, gitlabapi.ErrTooComplex):
		return agent.FallbackTooComplex
	case errors.Is(err, gitlabapi.ErrUnsupported):
		return agent.FallbackUnsupported
	case errors.Is(err, gitlabapi.ErrTimeout), errors.Is(err, context.DeadlineExceeded):
		return agent.FallbackSlow
	default:
		return agent.FallbackUnavailable
	}
}
