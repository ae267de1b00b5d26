package portal

import (
	"context"
	"log/slog"
	"time"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/internal/agentread"
	"gitlab-agent-portal/internal/alert"
	"gitlab-agent-portal/internal/alert/alerts"
	"gitlab-agent-portal/internal/database"
	"gitlab-agent-portal/internal/history/transitions"
	"gitlab-agent-portal/internal/rotation/readings"
	"gitlab-agent-portal/internal/watch"
	"gitlab-agent-portal/internal/watch/rules"
)

// kept are the stores that the watch fills and pages read.
type kept struct {
	transitions *transitions.Store
	alerts      *alerts.Store
}

func newKept(cfg *config, db *database.DB, now func() time.Time) kept {
	return kept{transitions.New(db, cfg.HistoryRetention, now), alerts.New(db, cfg.HistoryRetention, now)}
}

// found is what pages show of a watch, and who says how its readings go: nothing where nothing watches.
func (p Program) found(s *server, kept kept) (shown kept, readings func(context.Context) (alert.Status, error)) {
	switch {
	case p.WatchStatus != nil:
		return kept, p.WatchStatus
	case s.watch != nil:
		return kept, s.watch.Readings
	default:
		return shown, nil
	}
}

// watching is what a watch is put together from.
type watching struct {
	cfg    *config
	gitlab *gitlabapi.Client
	read   *agentread.Service
	db     *database.DB
	kept   kept
	noted  *readings.Store
	log    *slog.Logger
	now    func() time.Time
	limits rules.Limits
}

// limits are what the watch's rules go by.
func (e extras) limits(cfg *config) rules.Limits {
	limits := rules.NewLimits(cfg.limits(), cfg.WatchInterval)
	if e.watchLimits != nil {
		return e.watchLimits(limits)
	}
	return limits
}

// fill fills the database with what the demo begins with.
func (e extras) fill(ctx context.Context, db *database.DB) error {
	if e.seed == nil {
		return nil
	}
	return e.seed(ctx, db)
}

// watchWith makes the watch, whose queues are told what changes. There is none without a token.
func (s *server) watchWith(w watching, queues ...watch.Queue) {
	if !w.cfg.watches() {
		return
	}
	s.watch = watch.New(watch.Config{
		Tokens: w.cfg.watchTokens, GitLab: w.gitlab, Read: w.read, RevokedUses: w.noted.RevokedUses,
		Database: w.db, Transitions: w.kept.transitions, Alerts: w.kept.alerts, Queues: queues, Retention: w.cfg.HistoryRetention,
		Limits: w.limits, Now: w.now, Log: w.log, Observe: s.metrics.scanned,
	})
	s.sweepers = append(s.sweepers, s.watch)
	s.metrics.registry.MustRegister(newWatchMetrics(s.watch.Figures, w.cfg.WatchAgentMetrics))
}

// runWatch watches until ctx ends, if there is a token for it.
func (s *server) runWatch(ctx context.Context) {
	if s.watch != nil {
		s.watch.Run(ctx)
	}
}
