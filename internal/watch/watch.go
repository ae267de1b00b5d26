// Package watch reads the fleet again and again without anybody looking, and keeps what became of
// agents and which alerts are open. One replica does it at a time: the one that has the lease in the
// table watches. What it concludes is decided by package rules; what a reading leads to is written in
// one transaction, or not at all.
package watch

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/agentread"
	"gitlab-agent-portal/internal/alert"
	"gitlab-agent-portal/internal/alert/alerts"
	"gitlab-agent-portal/internal/budget"
	"gitlab-agent-portal/internal/database"
	"gitlab-agent-portal/internal/fleet/scan"
	"gitlab-agent-portal/internal/history/transitions"
	"gitlab-agent-portal/internal/parallel"
	"gitlab-agent-portal/internal/watch/rules"
)

// beats is how often within an interval the replica that watches says that it is alive, and the others
// look whether it is. A lease lasts for an interval, so that a replica that dies is followed by another
// one within an interval and a beat.
const beats = 4

// Queue takes in that alerts have opened or were resolved, for somebody to be told.
type Queue interface {
	// Enqueue notes the changes as part of tx, in which they are written: both happen or neither. What
	// it does has to be quick and must not wait for anything but the database.
	Enqueue(ctx context.Context, tx *database.Tx, changes []alert.Change) error
}

// Config is what a Service depends on.
type Config struct {
	// Tokens are what GitLab is read with; their rights bound what is watched.
	Tokens []gitlabapi.Secret
	GitLab *gitlabapi.Client
	Read   *agentread.Service
	// RevokedUses is that of readings.Store; nil: nobody knows.
	RevokedUses func(context.Context, []agent.Agent) (map[int64]time.Time, error)

	Database    *database.DB
	Transitions *transitions.Store
	Alerts      *alerts.Store
	// Queues are told of what changes.
	Queues []Queue
	// Retention is how long an agent that is gone is remembered.
	Retention time.Duration

	Limits rules.Limits
	Now    func() time.Time
	Log    *slog.Logger
	// Observe is told of every scan, for metrics; nil: nobody.
	Observe func(scan.Outcome)
}

// Service watches. It is safe for concurrent use; nil is a watch that is switched off.
type Service struct {
	cfg     Config
	scan    *scan.Service
	holder  string // this replica's name in the lease
	batch   int    // how many new agents are kept at a time
	tokens  []*source
	figures atomic.Pointer[Figures]
	lost    atomic.Bool // another replica has watched: what is known is not

	turn sync.Mutex // held during a reading, guards what is below
	mem  *memory    // nil: to be loaded
}

// New returns a Service. Nothing is read before Run.
func New(cfg Config) *Service {
	s := &Service{cfg: cfg, holder: newHolder(), batch: perStatement, scan: scan.New(scan.Config{
		Now: cfg.Now, Log: cfg.Log, Observe: cfg.Observe, InFlight: budget.WatchAtOnce, PerPerson: budget.WatchAtOnce,
		Capacity: 1, // keeps nothing: what was read is told once
		Timeout:  min(cfg.Limits.Interval*3/4, maxScan),
	})}
	for i, token := range cfg.Tokens {
		s.tokens = append(s.tokens, newSource(cfg, int64(-i-1), token))
	}
	return s
}

// maxScan is how long one token's reading may take.
const maxScan = 5 * time.Minute

// Run watches until ctx ends, and then lets another replica go on.
func (s *Service) Run(ctx context.Context) {
	ctx = database.Unhurried(ctx)
	defer s.stop(ctx)
	ticker := time.NewTicker(s.cfg.Limits.Interval / beats)
	defer ticker.Stop()
	for beat := 0; ; beat++ {
		var err error
		if beat%beats == 0 {
			err = s.read(ctx)
		} else {
			err = s.claim(ctx)
		}
		switch {
		case errors.Is(err, ErrHeld):
			beat = -1 // the first beat with the lease reads
		case err != nil:
			s.complain(ctx, "a beat of the watch", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// read reads while the lease is kept alive.
func (s *Service) read(ctx context.Context) error {
	alive, done := context.WithCancel(ctx)
	group := new(parallel.Group)
	group.Go(func() error {
		s.keepAlive(alive)
		return nil
	})
	err := parallel.Guard(func() error { return s.Once(ctx) })
	done()
	return errors.Join(err, group.Wait())
}

// complain says to the log what went wrong, unless it is that the portal stops.
func (s *Service) complain(ctx context.Context, what string, err error) {
	if ctx.Err() == nil {
		s.cfg.Log.WarnContext(ctx, "the watch", "doing", what, "error", err)
	}
}

// stop gives everything up.
func (s *Service) stop(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), releaseTimeout)
	defer cancel()
	if err := s.scan.Close(ctx); err != nil {
		s.cfg.Log.WarnContext(ctx, "the watch", "doing", "stopping", "error", err)
	}
	s.release(ctx)
}
