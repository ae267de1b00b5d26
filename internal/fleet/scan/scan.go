// Package scan reads all agents of all projects that a person may see: many
// calls, a few at a time, of which any may fail without taking the others with
// it. What was read is kept for a short while for that person and that grant
// alone, and a scan is shared by all tabs that wait for it.
package scan

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/agentread"
	"gitlab-agent-portal/internal/budget"
	"gitlab-agent-portal/internal/fleet"
)

// ErrClosed is the error of a scan that was ended by Close or by signing out.
var ErrClosed = errors.New("the scan was stopped")

// Viewer is on whose behalf the fleet is read. Nothing that was read for one
// Viewer is ever shown to another.
type Viewer struct {
	Person int64  // GitLab's numeric id
	Grant  string // what the person's token belongs to: the session, or a hash of its id
	// Changes counts what the person has changed, here or elsewhere: what was read for a Viewer with
	// fewer is not shown any more.
	Changes int64
	// Scope is of which projects.
	Scope agent.Scope
}

// In is the viewer of another scope.
func (v Viewer) In(scope agent.Scope) Viewer {
	v.Scope = scope
	return v
}

// Source gives a reader with the person's present token. A scan calls it once
// with nil, and again with the error whenever GitLab has refused that reader's
// token (errors.Is gitlabapi.ErrUnauthorized): the Source then returns a reader
// with a newer token, or an error, with which the scan ends. Calls of one scan
// never overlap. A scan outlives the request that began it, and so must a Source.
type Source func(ctx context.Context, refused error) (*agentread.Reader, error)

// View is what can be shown at once.
type View struct {
	// Snapshot is nil when nothing was read yet, or too long ago.
	Snapshot *fleet.Snapshot
	// Fresh says that Snapshot is no older than Config.Fresh; a view older than
	// that is to be shown with its age.
	Fresh bool
	// Scanning says that a scan is under way, for Read to wait for: of everything,
	// or only of the projects in Snapshot.Warnings.
	Scanning bool
	// Progress is how far that scan is.
	Progress fleet.Progress
	// Partial says that Snapshot is what that scan has read so far: there is nothing else to show.
	Partial bool
}

// Service reads fleets. It is safe for concurrent use.
type Service struct {
	cfg Config
	// withTimeout is context.WithTimeout, but for tests.
	withTimeout func(context.Context, time.Duration) (context.Context, context.CancelFunc)
	slots       *budget.Pool
	turns       *turns
	verdicts    *verdicts

	work sync.WaitGroup

	mu      sync.Mutex // guards what is below, and what says so elsewhere
	closed  bool
	cache   *cache
	flights map[key]*flight
	judging map[*flight]bool // that are done, but for configuration files
}

// key is for whom something was read.
type key struct {
	person int64
	grant  string
	scope  agent.Scope
}

func (v Viewer) key() key { return key{v.Person, v.Grant, v.Scope} }

// New returns a Service. Call Close when it is no longer needed.
func New(cfg Config) *Service {
	cfg = cfg.withDefaults()
	slots := budget.NewPool(cfg.InFlight, cfg.PerPerson)
	return &Service{
		cfg: cfg, withTimeout: context.WithTimeout, slots: slots, turns: newTurns(slots, cfg.Now, cfg.ObserveWait),
		verdicts: newVerdicts(), cache: newCache(cfg.Capacity, cfg.Now), flights: map[key]*flight{}, judging: map[*flight]bool{},
	}
}

// Cached returns what is kept for the viewer, or read so far, and starts nothing.
func (s *Service) Cached(v Viewer) View {
	s.mu.Lock()
	s.catchUp(v)
	view, f := s.view(v.key()), s.flights[v.key()]
	s.mu.Unlock()
	return view.during(f)
}

// during adds to a view what the scan under way, nil for none, has read so far.
func (view View) during(f *flight) View {
	if f == nil {
		return view
	}
	progress, partial := f.soFar()
	view.Progress = progress
	if view.Snapshot == nil && partial != nil {
		view.Snapshot, view.Partial = partial, true
	}
	return view
}

// Known returns what was read last for the viewer, as long as it might be shown and even if a change
// of theirs has made it outdated since; nil for nothing. It is for what outlasts changes, as agents'
// names do: an agent keeps its own.
func (s *Service) Known(v Viewer) *fleet.Snapshot {
	s.mu.Lock()
	defer s.mu.Unlock()
	kept := s.cache.get(v.key())
	if kept == nil || s.cfg.Now().Sub(kept.readAt) > s.cfg.Stale {
		return nil
	}
	return kept.snapshot()
}

// Rotating is of how many agents, among those that Known would show, the person may end a rotation: they have
// more than one token. Like Projects it is no more than looked up.
func (s *Service) Rotating(v Viewer) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	kept := s.cache.get(v.key())
	if kept == nil || s.cfg.Now().Sub(kept.readAt) > s.cfg.Stale {
		return 0
	}
	return kept.rotating
}

// Projects returns the numbers of the projects in sight of what Cached would show, for no more than looking them up;
// nil when nothing is kept. Nobody may change them.
func (s *Service) Projects(v Viewer) []int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.catchUp(v)
	kept := s.cache.get(v.key())
	if kept == nil || kept.dropped || s.cfg.Now().Sub(kept.readAt) > s.cfg.Stale {
		return nil
	}
	return kept.projects
}

// view is what can be shown. The caller holds mu.
func (s *Service) view(k key) View {
	view := View{Scanning: s.flights[k] != nil}
	kept := s.cache.get(k)
	if kept == nil || kept.dropped || len(kept.touched) > 0 {
		return view
	}
	age := s.cfg.Now().Sub(kept.readAt)
	if age > s.cfg.Stale {
		return view
	}
	view.Snapshot, view.Fresh = kept.snapshot(), age <= s.cfg.Fresh && !kept.outdated
	return view
}

// wanting says whether there is something to read for a view. A project that
// GitLab would not tell about because of its limit is left alone as long as it asked.
func (s *Service) wanting(v View) bool {
	return !v.Fresh || len(v.Snapshot.Failures()) > 0 && !s.cfg.Now().Before(v.Snapshot.RetryAt)
}

// Look returns what is kept for the viewer, and starts a scan unless that is
// fresh and whole: failures are not kept, so the projects of Warnings are read
// again. It does not wait. Its only error is ErrClosed.
func (s *Service) Look(ctx context.Context, v Viewer, source Source) (View, error) {
	view, f, err := s.join(ctx, v, source)
	if f != nil {
		s.leave(f)
	}
	return view.during(f), err
}

// Read returns a snapshot that is fresh: what is kept, or the result of the scan
// under way, which is joined or begun. report, unless nil, is told of the
// progress, in the calling goroutine and only of the latest. When ctx ends, Read
// returns; the scan goes on for those who still wait.
//
// The error is one of gitlabapi's (errors.Is ErrUnauthorized when the Source gave
// no reader that GitLab accepts), the Source's own, or ErrClosed. A project that
// fails is a Warning and no error.
func (s *Service) Read(ctx context.Context, v Viewer, source Source, report func(fleet.Progress)) (*fleet.Snapshot, error) {
	view, f, err := s.join(ctx, v, source)
	if err != nil || f == nil {
		return view.Snapshot, err
	}
	defer s.leave(f)
	return f.wait(ctx, report)
}

// Refresh makes the next view read everything again, and not take what a scan that
// has begun already is about to bring. What is kept stays to be shown meanwhile.
func (s *Service) Refresh(v Viewer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.outdate(v.key())
	if f := s.flights[v.key()]; f != nil && f.endPass != nil {
		f.overtaken = true
	}
}

// Drop shows nothing more of what is kept for the person, whatever grant and scope, and makes
// their scans under way begin anew: what these have read may be from before the
// change that the person has just made.
func (s *Service) Drop(person int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cache.each(func(k key, kept *keptFleet) { kept.dropped = kept.dropped || k.person == person })
	for k, f := range s.flights {
		if k.person == person {
			f.beginAnew()
		}
	}
}

// catchUp does what Drop does for changes that the person has made elsewhere. The caller holds mu.
func (s *Service) catchUp(v Viewer) {
	if kept := s.cache.get(v.key()); kept != nil && kept.changes+kept.own < v.Changes {
		kept.dropped = true
	}
	if f := s.flights[v.key()]; f != nil && f.changes < v.Changes {
		f.changes = v.Changes
		f.beginAnew()
	}
}

// DropSession forgets everything kept for the grant and stops its scans, which
// end with ErrClosed: the person has signed out.
func (s *Service) DropSession(grant string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cache.drop(func(k key, _ *keptFleet) bool { return k.grant == grant })
	for k, f := range s.flights {
		if k.grant == grant {
			s.stopAll(f, ErrClosed)
		}
	}
	for f := range s.judging {
		if f.key.grant == grant {
			f.stop(ErrClosed)
		}
	}
}

// Close stops all scans, whose readers get ErrClosed, and waits for them until
// ctx ends. Nothing can be read afterwards.
func (s *Service) Close(ctx context.Context) error {
	s.mu.Lock()
	s.closed = true
	for _, f := range s.flights {
		s.stopAll(f, ErrClosed)
	}
	for f := range s.judging {
		f.stop(ErrClosed)
	}
	s.mu.Unlock()
	idle := make(chan struct{})
	go func() {
		s.work.Wait()
		close(idle)
	}()
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait for the scans: %w", ctx.Err())
	}
}
