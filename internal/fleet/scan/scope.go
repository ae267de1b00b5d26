package scan

import (
	"context"
	"slices"

	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/agentread"
	"gitlab-agent-portal/internal/fleet"
)

// readGroup reads the agents of a group as GraphQL tells of them, a hundred a query, and reports
// whether that was everything. Where it tells of none, the person may be a member of projects alone;
// where it does not tell, the projects are listed and read as any others.
func (p *pass) readGroup(ctx context.Context) (told bool, err error) {
	if !p.graphQL.Load() {
		return false, nil
	}
	projects := map[int64]*agent.Project{}
	count := 0
	for cursor := ""; count == 0 || cursor != ""; {
		if count >= p.cfg.MaxProjects {
			p.tooMany()
			break
		}
		var page []agentread.ProjectAgent
		err := p.call(ctx, graphQLTimeout, func(ctx context.Context, reader *agentread.Reader) (err error) {
			page, cursor, err = reader.GroupAgents(ctx, p.scope.Group(), cursor)
			return err
		})
		if err != nil || len(page) == 0 && cursor == "" && count == 0 {
			p.limited(err)
			p.forget(err)
			return false, p.fatal(ctx)
		}
		p.noteAll(projects, page)
		p.readRunning(ctx, page)
		count += len(page)
	}
	p.allListed()
	return true, p.readAllConfigs(ctx)
}

// noteAll keeps what one page tells of a group's agents.
func (p *pass) noteAll(projects map[int64]*agent.Project, page []agentread.ProjectAgent) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range page {
		project := projects[page[i].Project.ID]
		if project == nil {
			project = &page[i].Project
			projects[project.ID] = project
			p.found.Projects, p.complete = append(p.found.Projects, project), append(p.complete, project)
			p.done++
		}
		p.found.Agents = append(p.found.Agents, fleet.Agent{Project: project, Agent: page[i].Agent})
	}
	p.tick()
}

// forget throws away what was read of a group until the reading broke off.
func (p *pass) forget(cause error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.found.Projects, p.found.Agents, p.complete, p.done = nil, nil, nil, 0
	p.because(cause)
}

// listOwn notes which projects are the person's own. Without it nothing is said about them.
func (p *pass) listOwn(ctx context.Context) error {
	own := map[int64]bool{}
	_, more, err := p.walk(ctx, agent.ScopeMine, agentread.ListAll, func(page []agent.Project) {
		for i := range page {
			own[page[i].ID] = true
		}
	})
	if err != nil || more {
		p.limited(err)
		return p.fatal(ctx)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.own = own
	return nil
}

// beyond leaves out, in other scopes than the person's own, the projects that nothing is to be said
// of, and finds out whether GitLab shows agents beyond the person's own projects at all.
func (p *pass) beyond() {
	if p.scope == agent.ScopeMine {
		return
	}
	told := map[*agent.Project]bool{}
	foreign := false
	for i := range p.found.Agents {
		project := p.found.Agents[i].Project
		told[project] = true
		foreign = foreign || !p.own[project.ID]
	}
	for _, w := range p.found.Warnings {
		told[w.Project] = true
	}
	p.found.Projects = slices.DeleteFunc(p.found.Projects, func(project *agent.Project) bool { return !told[project] })
	p.found.OwnOnly = p.own != nil && !foreign && len(p.found.Warnings) == 0
}
