package scan

import (
	"context"
	"errors"
	"fmt"

	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/agentread"
	"gitlab-agent-portal/internal/fleet"
)

// listAll lists the projects and has each page read. What breaks off after the first
// page is a warning.
func (p *pass) listAll(ctx context.Context, read func([]*agent.Project)) error {
	if p.scope.Group() != "" {
		if told, err := p.readGroup(ctx); told || err != nil {
			return err
		}
	}
	count, more, err := p.walk(ctx, p.scope, agentread.ListAll, func(page []agent.Project) { read(p.add(page)) })
	switch {
	case err != nil && (count == 0 || p.fatal(ctx) != nil):
		return fmt.Errorf("list the projects: %w", err)
	case err != nil:
		p.limited(err)
		p.warn(nil, fleet.ListIncomplete, err)
	case more:
		p.tooMany()
	}
	p.allListed()
	return nil
}

// listIDs notes which projects are in a list. Without it the fleet can be shown.
func (p *pass) listIDs(ctx context.Context, which agentread.Listing, ids map[int64]bool) error {
	_, _, err := p.walk(ctx, p.scope, which, func(page []agent.Project) {
		for i := range page {
			ids[page[i].ID] = true
		}
	})
	if err != nil && p.fatal(ctx) != nil {
		return fmt.Errorf("list the projects: %w", err)
	}
	if err != nil {
		p.limited(err)
		p.warn(nil, fleet.RolesUnknown, err)
	}
	return nil
}

// walk reads a list page by page. It returns how many projects were listed, and
// whether there are more than are read.
func (p *pass) walk(ctx context.Context, scope agent.Scope, which agentread.Listing, do func([]agent.Project)) (count int, more bool, err error) {
	for cursor := new(agentread.Cursor); cursor != nil; {
		if count >= p.cfg.MaxProjects {
			return count, true, nil
		}
		var page []agent.Project
		var next *agentread.Cursor
		err := p.call(ctx, listTimeout, func(ctx context.Context, reader *agentread.Reader) (err error) {
			page, next, err = reader.Listed(ctx, scope, which, *cursor)
			return err
		})
		if err != nil {
			return count, false, err
		}
		do(page)
		count, cursor = count+len(page), next
	}
	return count, false, nil
}

var errTooManyProjects = errors.New("there are more projects than are read")

// tooMany notes that the rest of the projects is not read, now or later.
func (p *pass) tooMany() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.found.Warnings = append(p.found.Warnings, fleet.Warning{Kind: fleet.ListIncomplete, Lasting: true})
	p.because(errTooManyProjects)
}

func (p *pass) allListed() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.listed = true
	p.tick()
}

// addRights works out what the person may do in projects of which GraphQL did not
// tell. Where the lists were not read, that stays unknown until the project is.
func (p *pass) addRights(ctx context.Context) error {
	if p.maintained == nil {
		return nil
	}
	reader, _, err := p.current(ctx)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, project := range p.found.Projects {
		if project.Access == "" {
			*project = reader.WithRights(*project, p.maintained[project.ID], p.archived[project.ID])
		}
	}
	return nil
}
