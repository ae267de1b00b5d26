package fleet

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"gitlab-agent-portal/gitlabapi"
)

const (
	// projectTimeout is how long one project may take by REST, graphQLTimeout up to
	// 100 of them by GraphQL, and listTimeout a page of the list of projects.
	projectTimeout = 5 * time.Second
	graphQLTimeout = 10 * time.Second
	listTimeout    = 10 * time.Second

	// batchSize is how many projects are read together, as many as a page lists.
	batchSize = 100
	// MaxProjects is how many projects of one person are read.
	MaxProjects = 10_000
	// limitPause is how long GitLab is left alone that limits the rate but does not
	// say for how long.
	limitPause = 10 * time.Second
)

// scan is one pass over projects. Its methods may be called concurrently.
type scan struct {
	*caller
	cfg    Config
	report func(Progress)
	// graphQL is false once the instance has said that it will not answer.
	graphQL atomic.Bool

	mu     sync.Mutex // guards what is below
	found  reading
	listed bool
	done   int
}

// scan reads some projects of a snapshot again, or with nil everything. The error
// is that of a list of projects that could not be had, of a token that was refused,
// or of ctx; there is a reading exactly if it is nil.
func (s *Service) scan(ctx context.Context, v Viewer, source Source, some []*Project, report func(Progress)) (*reading, error) {
	caller, release := s.caller(v, source)
	defer release()
	sc := s.newScan(caller, report)
	var err error
	if some == nil {
		err = sc.everything(ctx, v.Admin)
	} else {
		sc.found.projects, sc.listed = some, true
		err = sc.readAll(ctx, some)
	}
	s.tell(ctx, v, sc, err)
	if err != nil {
		return nil, err
	}
	return &sc.found, nil
}

func (s *Service) newScan(c *caller, report func(Progress)) *scan {
	sc := &scan{caller: c, cfg: s.cfg, report: report, found: reading{readAt: s.cfg.Now()}}
	sc.graphQL.Store(true)
	return sc
}

// tell says once what a scan came to.
func (s *Service) tell(ctx context.Context, v Viewer, sc *scan, err error) {
	found := &sc.found
	s.cfg.Observe(Scan{
		Projects: len(found.projects), Agents: len(found.agents), Warnings: len(found.warnings),
		Fallback: found.fallback, Took: s.cfg.Now().Sub(found.readAt), Err: err,
	})
	if errors.Is(err, context.Canceled) || err == nil && len(found.warnings) == 0 && found.fallback == FallbackNone {
		return
	}
	s.cfg.Log.WarnContext(ctx, "the fleet was not read in full", "person", v.Person,
		"projects", len(found.projects), "agents", len(found.agents), "warnings", len(found.warnings),
		"fallback", found.fallback.String(), "error", errors.Join(append([]error{err}, found.causes...)...))
}

// everything lists the projects, and reads them page by page meanwhile.
func (sc *scan) everything(ctx context.Context, admin bool) error {
	managed, archived := map[int64]bool{}, map[int64]bool{}
	group, ctx := errgroup.WithContext(ctx)
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
		if count >= MaxProjects {
			sc.warn(nil, ListIncomplete, errTooManyProjects)
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
	for cursor := new(gitlabapi.ProjectCursor); cursor != nil && len(ids) < MaxProjects; {
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

// fatal is why the scan has to end, nil while it may go on. A deadline does not end
// it: what has not been read by then is missing, and the rest is shown.
func (sc *scan) fatal(ctx context.Context) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return ctx.Err()
	}
	return sc.death()
}

// readAll reads projects that were listed before.
func (sc *scan) readAll(ctx context.Context, projects []*Project) error {
	group, ctx := errgroup.WithContext(ctx)
	for batch := range slices.Chunk(projects, batchSize) {
		group.Go(func() error { return sc.read(ctx, batch) })
	}
	return group.Wait()
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

// tick reports the progress. The caller holds mu.
func (sc *scan) tick() {
	p := Progress{Done: sc.done}
	if sc.listed {
		p.Total = len(sc.found.projects)
	}
	sc.report(p)
}

// rows notes what was read of a project.
func (sc *scan) rows(agents []Agent) {
	sc.mu.Lock()
	defer sc.mu.Unlock()
	sc.found.agents = append(sc.found.agents, agents...)
	sc.done++
	sc.tick()
}

// maxCauses is how many reasons are logged.
const maxCauses = 5

// warn notes what could not be read, and why. project is nil where it is not about
// one.
func (sc *scan) warn(project *Project, kind WarningKind, cause error) {
	sc.mu.Lock()
	defer sc.mu.Unlock()
	sc.found.warnings = append(sc.found.warnings, Warning{project, kind})
	sc.cause(cause)
	if project != nil {
		sc.done++
		sc.tick()
	}
}

// fallBack notes why GraphQL did not tell everything; the worst reason stays.
func (sc *scan) fallBack(reason Fallback, cause error) {
	sc.mu.Lock()
	defer sc.mu.Unlock()
	sc.found.fallback = max(sc.found.fallback, reason)
	sc.cause(cause)
}

// cause keeps the first few reasons for the log. The caller holds mu.
func (sc *scan) cause(err error) {
	if err != nil && len(sc.found.causes) < maxCauses {
		sc.found.causes = append(sc.found.causes, err)
	}
}
