package scan

import (
	"context"
	"errors"
	"maps"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/agentread"
	"gitlab-agent-portal/internal/fleet"
	"gitlab-agent-portal/internal/parallel"
)

// read reads up to batchSize projects: by GraphQL, and one by one what that leaves
// out. Its error ends the pass.
func (p *pass) read(ctx context.Context, batch []*agent.Project) error {
	answered := p.readGraphQL(ctx, batch)
	if err := p.fatal(ctx); err != nil {
		return err
	}
	group, ctx := parallel.WithContext(ctx)
	group.SetLimit(p.cfg.PerPerson)
	p.readBeside(ctx, group, agentsOf(answered))
	for _, project := range batch {
		if told, ok := answered[project.ID]; ok {
			*project = told.Project
			p.note(project, told.Agents)
			continue
		}
		group.Go(func() error { return p.readREST(ctx, project) })
	}
	return group.Wait()
}

// readBeside reads what is told of agents in queries of their own. What these do not tell stays
// unknown, and takes nothing else.
func (p *pass) readBeside(ctx context.Context, group *parallel.Group, agents []agentread.ProjectAgent) {
	for _, read := range []func(context.Context, []agentread.ProjectAgent){p.readRunning, p.readConfigs} {
		group.Go(func() error {
			read(ctx, agents)
			return nil
		})
	}
}

// agentsOf are all agents of projects.
func agentsOf(projects map[int64]agentread.ProjectAgents) []agentread.ProjectAgent {
	var all []agentread.ProjectAgent
	for _, project := range projects {
		for _, one := range project.Agents {
			all = append(all, agentread.ProjectAgent{Project: project.Project, Agent: one})
		}
	}
	return all
}

// readGraphQL returns what GraphQL tells of the projects, by id, and notes why it
// does not tell of all.
func (p *pass) readGraphQL(ctx context.Context, batch []*agent.Project) map[int64]agentread.ProjectAgents {
	if !p.graphQL.Load() || p.isLimited() {
		return nil
	}
	answered := make(map[int64]agentread.ProjectAgents, len(batch))
	why := agent.FallbackSlow // unless its turn comes
	err := p.call(ctx, graphQLTimeout, func(ctx context.Context, reader *agentread.Reader) error {
		var ids []int64
		for _, project := range batch {
			if _, ok := answered[project.ID]; !ok {
				ids = append(ids, project.ID)
			}
		}
		var found map[int64]agentread.ProjectAgents
		var err error
		found, why, err = reader.Many(ctx, ids)
		maps.Copy(answered, found)
		return err
	})
	if err != nil {
		p.limited(err)
		p.fallBack(why, err)
	}
	if why.Lasts() {
		p.graphQL.Store(false)
	}
	return answered
}

// readREST reads the agents of one project, whose tokens stay unknown. Its error
// ends the pass; that of the project is a warning.
func (p *pass) readREST(ctx context.Context, project *agent.Project) error {
	if p.isLimited() {
		p.warn(project, fleet.RateLimited, nil)
		return nil
	}
	if project.Access == "" {
		p.listRights()
	}
	var agents []agent.Agent
	err := p.call(ctx, projectTimeout, func(ctx context.Context, reader *agentread.Reader) (err error) {
		agents, err = reader.ProjectAgents(ctx, project.ID)
		return err
	})
	if err == nil {
		p.note(project, agents)
		return nil
	}
	if fatal := p.fatal(ctx); fatal != nil {
		return fatal
	}
	p.limited(err)
	kind := warningOf(err)
	if kind == fleet.NotVisible && p.scope != agent.ScopeMine { // which says nothing of projects that are not the person's
		p.note(project, nil)
		return nil
	}
	p.warn(project, kind, err)
	return nil
}

func warningOf(err error) fleet.WarningKind {
	switch {
	case errors.Is(err, gitlabapi.ErrNotFound), errors.Is(err, gitlabapi.ErrForbidden):
		return fleet.NotVisible
	case errors.Is(err, gitlabapi.ErrRateLimited):
		return fleet.RateLimited
	case errors.Is(err, gitlabapi.ErrTimeout), errors.Is(err, context.DeadlineExceeded):
		return fleet.Slow
	default:
		return fleet.Unavailable
	}
}

// limited notes for how long GitLab wants to be left alone, if it said so.
func (p *pass) limited(err error) {
	if !errors.Is(err, gitlabapi.ErrRateLimited) {
		return
	}
	pause := limitPause
	if e, ok := errors.AsType[*gitlabapi.Error](err); ok {
		pause = max(pause, e.RetryAfter)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if at := p.cfg.Now().Add(pause); at.After(p.found.RetryAt) {
		p.found.RetryAt = at
	}
}

// isLimited says whether GitLab wants to be left alone. Calling all the same would
// be refused and count against the limit.
func (p *pass) isLimited() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.cfg.Now().Before(p.found.RetryAt)
}
