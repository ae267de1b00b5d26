package agentread

import (
	"context"
	"errors"
	"slices"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/parallel"
)

// Agent reads one agent with its active tokens, in GitLab's order, newest last use first, and the
// person's rights in its project. REST tells of the agent and its tokens, and GraphQL, which knows
// agents by name only, of everything else: three calls, all at once for somebody who looked at the
// agent before. ErrNotFound when there is no such agent or it is not the person's to see.
func (r *Reader) Agent(ctx context.Context, project, id int64) (ProjectAgent, error) {
	found, _, err := r.AgentAround(ctx, project, id, Want{})
	return found, err
}

// agent reads an agent; name is what it is called, as far as that is known, and named is told as soon
// as it is.
func (r *Reader) agent(ctx context.Context, project, id int64, name string, named func(known)) (ProjectAgent, error) {
	ahead := r.askByName(ctx, project, name)
	one, err := r.agentByREST(ctx, project, id, named)
	if err != nil {
		return ProjectAgent{}, err
	}
	if one.Name != name {
		ahead = r.askByName(ctx, project, one.Name)
	}
	told, err := ahead()
	found := ProjectAgent{Agent: one}
	if r.answered(ctx, "an agent", err) && told.Agents[0].ID == id {
		found.Project = r.explained(ctx, r.projectOf(told.ProjectDetail))
		addUse(&found.Agent, agentInUse(&told.Agents[0]))
		r.readUse(ctx, project, &found.Agent, false)
		return found, nil
	}
	group := new(parallel.Group)
	group.Go(func() (err error) {
		found.Project, err = r.projectByREST(ctx, project)
		return err
	})
	r.readUse(ctx, project, &found.Agent, true)
	err = group.Wait()
	return found, err
}

// askByName begins to ask GraphQL about an agent; what it returns waits for the answer.
func (r *Reader) askByName(ctx context.Context, project int64, name string) func() (gitlabapi.ProjectAgents, error) {
	if name == "" {
		return nil
	}
	var told gitlabapi.ProjectAgents
	group := new(parallel.Group)
	group.Go(func() (err error) {
		told, err = try(ctx, func(ctx context.Context) (gitlabapi.ProjectAgents, error) {
			return r.gitlab.AgentByName(ctx, project, name)
		})
		return err
	})
	return func() (gitlabapi.ProjectAgents, error) {
		err := group.Wait()
		return told, err
	}
}

// agentByREST reads an agent and its active tokens, whose use REST does not list, in parallel. named
// is told what the agent is called before the tokens are there.
func (r *Reader) agentByREST(ctx context.Context, project, id int64, named func(known)) (agent.Agent, error) {
	var one gitlabapi.Agent
	var tokens []gitlabapi.Token
	group, ctx := parallel.WithContext(ctx)
	group.Go(func() (err error) {
		one, err = r.gitlab.Agent(ctx, gitlabapi.ProjectID(project), id)
		if err == nil {
			path := one.ConfigProject.PathWithNamespace
			named(known{gitlabapi.AgentName{ID: id, ProjectID: project, ProjectPath: path, Name: one.Name}, true, false})
		}
		return err
	})
	group.Go(func() (err error) {
		tokens, err = r.gitlab.Tokens(ctx, gitlabapi.ProjectID(project), id)
		return err
	})
	if err := group.Wait(); err != nil {
		return agent.Agent{}, err
	}
	found := AgentOf(one)
	found.SetTokens(make([]agent.Token, len(tokens)))
	for i, token := range tokens {
		found.Tokens[i] = TokenOf(token)
	}
	return found, nil
}

// addUse adds what GraphQL tells of an agent and of its tokens. One that it does not know, since it
// was created or revoked in between, stays unknown.
func addUse(a *agent.Agent, told agent.Agent) {
	a.CreatedBy.Name, a.CreatedBy.Username = told.CreatedBy.Name, told.CreatedBy.Username
	for i := range a.Tokens {
		token := &a.Tokens[i]
		if known, ok := told.Token(token.ID); ok {
			token.LastUsedAt, token.UseKnown = known.LastUsedAt, true
			token.CreatedBy.Name, token.CreatedBy.Username = known.CreatedBy.Name, known.CreatedBy.Username
			token.CreatedBy.Account = known.CreatedBy.Account
		}
	}
}

// readUse reads each of the agent's tokens of which the use is not known by itself, and if asked the
// name of who created the agent, no longer than a page waits. A token that is not there any more was
// revoked since it was listed, and goes; one that cannot be read stays as it is.
func (r *Reader) readUse(ctx context.Context, project int64, one *agent.Agent, named bool) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	group := new(parallel.Group)
	group.SetLimit(maxParallel)
	gone := make([]bool, len(one.Tokens))
	for i := range one.Tokens {
		if one.Tokens[i].UseKnown {
			continue
		}
		group.Go(func() error {
			detail, err := r.gitlab.Token(ctx, gitlabapi.ProjectID(project), one.ID, one.Tokens[i].ID)
			if err == nil {
				one.Tokens[i] = TokenWithUse(detail)
			}
			gone[i] = errors.Is(err, gitlabapi.ErrNotFound)
			return nil
		})
	}
	var names map[int64]string
	if named {
		names = r.names(ctx, group, []*agent.Agent{one})
	}
	_ = group.Wait() // every failure was passed over above
	if named {
		one.CreatedBy.Name = names[one.CreatedBy.ID]
	}
	if slices.Contains(gone, true) {
		one.SetTokens(present(one.Tokens, gone))
	}
}

// present are the tokens that are not gone.
func present(tokens []agent.Token, gone []bool) []agent.Token {
	left := make([]agent.Token, 0, len(tokens))
	for i, token := range tokens {
		if !gone[i] {
			left = append(left, token)
		}
	}
	return left
}
