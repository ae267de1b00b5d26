package fleet

import (
	"context"
	"errors"
	"fmt"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/internal/parallel"
)

// everything lists the projects, and reads them page by page meanwhile.
func (sc *scan) everything(ctx context.Context, admin bool) error {
	managed, archived := map[int64]bool{}, map[int64]bool{}
	group, ctx := parallel.WithContext(ctx)
	group.Go(func() error {
		return sc.list(ctx, gitlabapi.MembershipQuery{MinAccessLevel: gitlabapi.Developer}, func(page []gitlabapi.Project) {
			batch := sc.add(page)
			group.Go(func() error { return sc.read(ctx, batch) })
		})
	})
	group.Go(func() error {
		return sc.listIDs(ctx, gitlabapi.MembershipQuery{MinAccessLevel: gitlabapi.Maintainer}, managed)
	})
	group.Go(func() error {
		return sc.listIDs(ctx, gitlabapi.MembershipQuery{MinAccessLevel: gitlabapi.Developer, Archived: true}, archived)
	})
	if err := group.Wait(); err != nil {
		return err
	}
	for _, p := range sc.found.projects { // nobody else has them yet
		p.Archived = archived[p.ID]
		p.CanManage = (managed[p.ID] || admin) && !p.Archived
	}
	return nil
}

// list walks through a list of projects. What breaks off after the first page is
// a warning.
func (sc *scan) list(ctx context.Context, q gitlabapi.MembershipQuery, page func([]gitlabapi.Project)) error {
	count := 0
	for cursor := new(gitlabapi.ProjectCursor); cursor != nil; {
		if count >= sc.cfg.MaxProjects {
			sc.tooMany()
			break
		}
		projects, next, err := sc.listPage(ctx, q, *cursor)
		if err != nil && (count == 0 || sc.fatal(ctx) != nil) {
			return fmt.Errorf("list the projects: %w", err)
		}
		if err != nil {
			sc.limited(err)
			sc.warn(nil, ListIncomplete, err)
			break
		}
		page(projects)
		count, cursor = count+len(projects), next
	}
	sc.allListed()
	return nil
}

// tooMany notes that the rest of the projects is not read, now or later.
func (sc *scan) tooMany() {
	sc.mu.Lock()
	defer sc.mu.Unlock()
	sc.found.warnings = append(sc.found.warnings, Warning{Kind: ListIncomplete, lasting: true})
	sc.cause(errTooManyProjects)
}

var errTooManyProjects = errors.New("there are more projects than are read")

func (sc *scan) listPage(ctx context.Context, q gitlabapi.MembershipQuery, from gitlabapi.ProjectCursor) (projects []gitlabapi.Project, next *gitlabapi.ProjectCursor, err error) {
	err = sc.call(ctx, listTimeout, func(ctx context.Context, client *gitlabapi.Client) (err error) {
		projects, next, err = client.Memberships(ctx, q, from)
		return err
	})
	return projects, next, err
}

// listIDs notes which projects are in a list. Without it the fleet can be shown.
func (sc *scan) listIDs(ctx context.Context, q gitlabapi.MembershipQuery, ids map[int64]bool) error {
	for cursor := new(gitlabapi.ProjectCursor); cursor != nil && len(ids) < sc.cfg.MaxProjects; {
		projects, next, err := sc.listPage(ctx, q, *cursor)
		if err != nil && sc.fatal(ctx) != nil {
			return fmt.Errorf("list the projects: %w", err)
		}
		if err != nil {
			sc.limited(err)
			sc.warn(nil, RolesUnknown, err)
			return nil
		}
		for _, p := range projects {
			ids[p.ID] = true
		}
		cursor = next
	}
	return nil
}

// add notes projects that were listed.
func (sc *scan) add(page []gitlabapi.Project) []*Project {
	batch := make([]*Project, 0, len(page))
	for _, p := range page {
		batch = append(batch, &Project{ID: p.ID, Name: p.Name, Path: p.PathWithNamespace})
	}
	sc.mu.Lock()
	defer sc.mu.Unlock()
	sc.found.projects = append(sc.found.projects, batch...)
	return batch
}

func (sc *scan) allListed() {
	sc.mu.Lock()
	defer sc.mu.Unlock()
	sc.listed = true
	sc.tick()
}
