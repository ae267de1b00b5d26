package scan

import (
	"context"
	"errors"
	"sync"
	"time"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/internal/fleet"
	"gitlab-agent-portal/internal/parallel"
)

// errAbandoned ends a scan that nobody waits for any more.
var errAbandoned = errors.New("nobody waits for the scan")

// flight is a scan under way and those who wait for it.
type flight struct {
	key  key
	stop context.CancelCauseFunc

	// Guarded by Service.mu.
	waiting int
	idle    *time.Timer
	changes int64              // of the Viewer for whom the pass under way reads
	again   bool               // what this pass reads is of no use
	endPass context.CancelFunc // ends the pass under way; nil before the first
	// overtaken says that somebody asked for what GitLab says now after the pass had begun: who
	// comes from then on waits for next.
	overtaken bool
	next      *flight    // begins when this one is done; nil: nobody waits for it
	kept      *keptFleet // what is kept once this one is done; nil: nothing
	own       int64      // kept.own at that time

	mu       sync.Mutex
	progress fleet.Progress
	pass     *pass         // that reads everything now; nil: none, or of no use
	changed  chan struct{} // closed when progress changes

	done     chan struct{} // closed when the rest may be read:
	snapshot *fleet.Snapshot
	err      error
}

// join returns what is kept and, where there is more to read, the flight that
// reads it, to be left again.
func (s *Service) join(ctx context.Context, v Viewer, source Source) (View, *flight, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return View{}, nil, ErrClosed
	}
	s.catchUp(v)
	view := s.view(v.key())
	if !s.wanting(view) {
		return view, nil, nil
	}
	f := s.boardable(ctx, v, source)
	view.Scanning = true
	f.waiting++
	if f.idle != nil {
		f.idle.Stop()
	}
	return view, f, nil
}

// leave ends the wait for a flight. A while after the last one it is abandoned.
func (s *Service) leave(f *flight) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f.waiting--
	if f.waiting > 0 || !s.queued(f) {
		return
	}
	f.idle = time.AfterFunc(s.cfg.Linger, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if f.waiting == 0 && s.queued(f) {
			s.stop(f, errAbandoned)
		}
	})
}

// start starts a flight once the one before is done, unless that is nil. It does not end with ctx.
func (s *Service) start(ctx context.Context, v Viewer, source Source, before *flight) *flight {
	ctx, stop := context.WithCancelCause(context.WithoutCancel(ctx))
	f := &flight{key: v.key(), changes: v.Changes, stop: stop, changed: make(chan struct{}), done: make(chan struct{})}
	join := func() *turn {
		return s.turns.join(v.sized(), func(ahead int) { f.report(fleet.Progress{Waiting: true, Ahead: ahead}) })
	}
	if before == nil {
		own := join() // at once, so that whoever asks is told the place
		s.work.Go(func() { s.fly(ctx, f, v, source, own) })
		return f
	}
	s.work.Go(func() {
		select {
		case <-before.done:
		case <-ctx.Done(): // and ends as one that was stopped under way
		}
		s.fly(ctx, f, v, source, join())
	})
	return f
}

// fly waits for the flight's turn, and then makes passes until one is of use. What else there is to
// read is read afterwards.
func (s *Service) fly(ctx context.Context, f *flight, v Viewer, source Source, turn *turn) {
	defer f.stop(nil)
	if last := s.passes(ctx, f, v, source, turn); last != nil {
		s.judge(ctx, f, last)
	}
}

// passes makes them in the flight's turn, and returns the one that was of use; nil for none.
func (s *Service) passes(ctx context.Context, f *flight, v Viewer, source Source, turn *turn) *pass {
	defer turn.end()
	if err := turn.wait(ctx); err != nil {
		s.cfg.Observe(Outcome{Err: err})
		s.finish(ctx, f, nil, nil, err)
		return nil
	}
	if progress, _ := f.look(); progress.Waiting {
		f.report(fleet.Progress{})
	}
	for {
		last, done := s.try(ctx, f, s.caller(v, source, turn), v)
		switch {
		case done && f.err == nil:
			return last
		case done:
			return nil
		}
		f.report(fleet.Progress{})
	}
}

// try makes one pass and reports whether that was the last.
func (s *Service) try(ctx context.Context, f *flight, caller *caller, v Viewer) (*pass, bool) {
	passing, cancel := s.withTimeout(ctx, s.cfg.Timeout)
	defer cancel()
	s.mu.Lock()
	f.again, f.endPass, f.overtaken = false, cancel, f.next != nil
	base, broken := s.toRepair(f.key)
	p := s.newPass(caller, v.Scope, f.report)
	if base == nil {
		f.reads(p)
	}
	s.mu.Unlock()

	var found *fleet.Snapshot
	err := parallel.Guard(func() (err error) {
		found, err = s.runPass(passing, v, p, broken)
		return err
	})
	return p, s.finish(ctx, f, base, found, err)
}

// finish ends the flight with what a pass has found, unless that is of no use. A flight that was
// stopped, up to this moment, leaves nothing behind.
func (s *Service) finish(ctx context.Context, f *flight, base *keptFleet, found *fleet.Snapshot, err error) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	current := s.flights[f.key] == f
	if current && f.again {
		return false
	}
	if f.idle != nil {
		f.idle.Stop()
	}
	s.dequeue(f)
	switch {
	case err == nil:
		f.snapshot = s.keep(f.key, f.changes, base, found)
		if f.kept, s.judging[f] = s.cache.get(f.key), true; f.kept != nil {
			f.own = f.kept.own
		}
		if f.overtaken {
			s.outdate(f.key)
		}
	case current && (errors.Is(err, gitlabapi.ErrUnauthorized) || errors.Is(err, gitlabapi.ErrForbidden) || errors.Is(err, gitlabapi.ErrNotFound)):
		// GitLab does not let the person in, or to the group: nor do we with what it said before.
		s.cache.drop(func(k key, _ *keptFleet) bool { return k == f.key })
	}
	f.err = err
	close(f.done)
	return true
}

// report sets the progress and wakes those who wait.
func (f *flight) report(p fleet.Progress) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.progress = p
	close(f.changed)
	f.changed = make(chan struct{})
}

// reads notes which pass reads everything for the flight; nil: none whose reading is of use.
func (f *flight) reads(p *pass) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.pass = p
}

// soFar is how far the flight is, and what it has read; nil for nothing yet.
func (f *flight) soFar() (fleet.Progress, *fleet.Snapshot) {
	f.mu.Lock()
	progress, p := f.progress, f.pass
	f.mu.Unlock()
	if p == nil {
		return progress, nil
	}
	return progress, p.soFar()
}

func (f *flight) look() (fleet.Progress, <-chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.progress, f.changed
}

// wait returns what the flight has read, or that ctx has ended before.
func (f *flight) wait(ctx context.Context, report func(fleet.Progress)) (*fleet.Snapshot, error) {
	for {
		progress, changed := f.look()
		if report != nil {
			report(progress)
		}
		select {
		case <-f.done:
			return f.snapshot, f.err
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-changed:
		}
	}
}
