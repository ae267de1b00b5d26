package fleet

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"gitlab-agent-portal/internal/parallel"
)

const (
	// projectTimeout is how long one project may take by REST, graphQLTimeout up to
	// 100 of them by GraphQL, and listTimeout a page of the list of projects.
	projectTimeout = 5 * time.Second
	graphQLTimeout = 10 * time.Second
	listTimeout    = 10 * time.Second

	// batchSize is how many projects are read together, as many as a page lists.
	batchSize = 100
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
	group, ctx := parallel.WithContext(ctx)
	for batch := range slices.Chunk(projects, batchSize) {
		group.Go(func() error { return sc.read(ctx, batch) })
	}
	return group.Wait()
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
	sc.found.warnings = append(sc.found.warnings, Warning{Project: project, Kind: kind})
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
