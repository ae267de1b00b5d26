package notify

import (
	"context"
	"errors"
	"sync"
	"time"

	"gitlab-agent-portal/internal/database"
	"gitlab-agent-portal/internal/notify/message"
	"gitlab-agent-portal/internal/notify/outbound"
	"gitlab-agent-portal/internal/notify/outbox"
	"gitlab-agent-portal/internal/notify/target"
	"gitlab-agent-portal/internal/parallel"
)

// deliver looks into the outbox until ctx ends, and works on each route for which something is due. It
// returns once no message is under way.
func (s *Service) deliver(ctx context.Context) {
	ctx = database.Unhurried(ctx)
	var work sync.WaitGroup
	defer work.Wait()
	ticker := time.NewTicker(s.cfg.Poll)
	defer ticker.Stop()
	for {
		s.look(ctx, &work)
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// look starts work on the routes for which something is due. Each has a goroutine of its own: a receiver
// that is slow holds up no other.
func (s *Service) look(ctx context.Context, work *sync.WaitGroup) {
	waiting, ready, err := s.outbox.Waiting(ctx)
	if err != nil {
		if ctx.Err() == nil {
			s.cfg.Log.WarnContext(ctx, "nobody is told of alerts, which is tried again", "error", err)
		}
		return
	}
	s.observeWaiting(waiting)
	for _, name := range ready {
		if !s.begin(name) {
			continue
		}
		work.Go(func() {
			defer s.end(name)
			if err := parallel.Guard(func() error { return s.empty(ctx, name) }); err != nil && ctx.Err() == nil {
				s.cfg.Log.WarnContext(ctx, "telling a route of alerts is tried again", "route", name, "error", err)
			}
		})
	}
}

func (s *Service) observeWaiting(waiting map[string]int64) {
	sums := make(map[target.Kind]int64)
	for name, route := range s.routes {
		sums[route.Target.Kind()] += waiting[name]
	}
	for kind, sum := range sums {
		s.cfg.ObserveWaiting(string(kind), sum)
	}
}

// begin reports whether nobody here is at work on the route, and makes it the caller's.
func (s *Service) begin(route string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.busy[route] {
		return false
	}
	s.busy[route] = true
	return true
}

func (s *Service) end(route string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.busy, route)
}

// empty sends the messages of a route one after the other, until none is due or one fails.
func (s *Service) empty(ctx context.Context, route string) error {
	for ctx.Err() == nil {
		// A message may be sent for as long as the lease that is about to begin lasts for certain.
		bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), min(outbound.Timeout+5*time.Second, s.cfg.Lease*3/4))
		goOn, err := s.one(bounded, route)
		cancel()
		if err != nil || !goOn {
			return err
		}
	}
	return nil
}

// one sends the next message of a route. A portal that stops waits for it: a message that is cut off may
// have arrived, and be sent again. It reports false if there is none or it failed.
func (s *Service) one(ctx context.Context, name string) (goOn bool, err error) {
	claimed, found, err := s.outbox.Claim(ctx, name)
	if !found || err != nil {
		return false, err
	}
	route := s.routes[name]
	if len(claimed.Changes) > 0 {
		err = route.Target.Send(ctx, message.Write(s.printer(route), s.cfg.Links, claimed.Batch))
	}
	// What became of it is noted even if its own time is over: nobody repeats what is known to have arrived.
	noting := context.WithoutCancel(ctx)
	if err != nil {
		return false, s.failed(noting, route.Target.Kind(), claimed, err)
	}
	s.cfg.Observe(string(route.Target.Kind()), Sent)
	return true, s.noteSent(noting, claimed)
}

// noteSent notes that a message arrived, again and again while the database fails and nobody else may have
// begun to repeat it.
func (s *Service) noteSent(ctx context.Context, claimed outbox.Claimed) error {
	ctx, cancel := context.WithTimeout(ctx, s.cfg.Lease/4)
	defer cancel()
	for {
		err := s.outbox.Sent(ctx, claimed)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(s.cfg.Poll):
		}
	}
}

// failed notes that a message was not delivered, as far as is known.
func (s *Service) failed(ctx context.Context, kind target.Kind, claimed outbox.Claimed, cause error) error {
	var after time.Duration
	if rejected, ok := errors.AsType[*target.RejectionError](cause); ok {
		after = rejected.After
	}
	s.cfg.Observe(string(kind), Failed)
	dropped, err := s.outbox.Failed(ctx, claimed, after)
	attributes := []any{"route", claimed.Route, "target", kind, "message", claimed.ID, "tries", claimed.Tries, "changes", len(claimed.Changes), "error", cause}
	if dropped {
		s.cfg.Observe(string(kind), Dropped)
		s.cfg.Log.ErrorContext(ctx, "a message could not be delivered for a day and was given up", attributes...)
	} else {
		s.cfg.Log.WarnContext(ctx, "a message was not delivered, which is tried again", attributes...)
	}
	return err
}
