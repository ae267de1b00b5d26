//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"time"

	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/agentread"
	"gitlab-agent-portal/internal/alert/alerts"
	"gitlab-agent-portal/internal/database"
	"gitlab-agent-portal/internal/database/pgtest"
	"gitlab-agent-portal/internal/history/transitions"
	"gitlab-agent-portal/internal/watch"
	"gitlab-agent-portal/internal/watch/rules"
)

// watchAgents is how many agents each project has that is watched.
const watchAgents = 10

// watchPause is what lies between two readings of the watch that is measured, by its own clock.
const watchPause = 5 * time.Minute

// measureWatch measures a reading of the watch, on both engines: the first, which takes everything in,
// and those in which nothing has changed.
func measureWatch(ctx context.Context, s settings, folder string, out io.Writer) error {
	gitlab, err := start(ctx, "", roleGitLab)
	if err != nil {
		return err
	}
	defer gitlab.stop()
	facts, err := call[Facts](ctx, gitlab, "Start", Organisation{People: 1, Projects: s.watched, AgentsEach: watchAgents})
	if err != nil {
		return err
	}
	if _, err := call[None](ctx, gitlab, "Hinder", Hindrance{s.latency, false}); err != nil {
		return err
	}
	_, _ = message.NewPrinter(language.English).Fprintf(out, "Watch of %d projects and %d agents at %s a call\n", s.watched, watchAgents*s.watched, s.latency)
	if err := watchIn(ctx, s, gitlab, facts, "SQLite", "sqlite:"+filepath.Join(folder, "watch.db"), out); err != nil {
		return err
	}
	postgres, err := pgtest.Create(ctx)
	if err != nil {
		_, _ = fmt.Fprintf(out, "  PostgreSQL is left out: %v\n", err)
		return nil
	}
	return watchIn(ctx, s, gitlab, facts, "PostgreSQL", postgres.URL, out)
}

// watchIn lets a process of its own watch with a database.
func watchIn(ctx context.Context, s settings, gitlab *child, facts Facts, engine, address string, out io.Writer) error {
	watcher, err := start(ctx, "", roleWatch)
	if err != nil {
		return err
	}
	defer watcher.stop()
	if _, err := call[None](ctx, watcher, "Start", Watched{facts, address}); err != nil {
		return err
	}
	for _, one := range []struct {
		name  string
		times int
	}{{"the first reading", 1}, {"a later one", s.rounds}} {
		before, err := watchUsage(ctx, gitlab, watcher)
		if err != nil {
			return err
		}
		figures, err := call[WatchFigures](ctx, watcher, "Read", one.times)
		if err != nil {
			return err
		}
		after, err := watchUsage(ctx, gitlab, watcher)
		if err != nil {
			return err
		}
		if figures.Agents != watchAgents*s.watched {
			return fmt.Errorf("%d agents are watched, want %d", figures.Agents, watchAgents*s.watched)
		}
		n := float64(one.times)
		_, _ = fmt.Fprintf(out, "  %-10s  %-17s  %6.0f ms, %5.0f ms of CPU, %3.0f calls to GitLab, %5.0f MB resident at most\n", engine, one.name,
			milliseconds(figures.Took)/n, milliseconds(after.CPU-before.CPU)/n, float64(after.calls-before.calls)/n, float64(after.Peak)/1e6)
	}
	_, _ = fmt.Fprintln(out)
	return nil
}

// usedBy is what a process has used, and how often it asked GitLab.
type usedBy struct {
	Usage
	calls int
}

func watchUsage(ctx context.Context, gitlab, watcher *child) (usedBy, error) {
	usage, err := call[Usage](ctx, watcher, "Usage", None{})
	calls, asked := call[int](ctx, gitlab, "Calls", None{})
	return usedBy{usage, calls}, errors.Join(err, asked)
}

// Watch watches as the portal does.
type Watch struct {
	Meter
	service *watch.Service
	now     time.Time
}

// Watched is what to watch, and the database for it.
type Watched struct {
	Facts
	Database string
}

// Start makes the watch.
func (w *Watch) Start(in Watched, _ *None) error {
	client, err := gitlabapi.New(in.URL, gitlabapi.Options{})
	if err != nil {
		return err
	}
	db, err := database.Open(context.Background(), in.Database, "bench")
	if err != nil {
		return err
	}
	w.now = clock()
	now, log, retention := func() time.Time { return w.now }, slog.New(slog.DiscardHandler), 400*24*time.Hour
	w.service = watch.New(watch.Config{
		Tokens: []gitlabapi.Secret{gitlabapi.NewSecret(in.Token)}, GitLab: client, Read: agentread.New(agentread.Config{Log: log}),
		Database: db, Transitions: transitions.New(db, retention, now), Alerts: alerts.New(db, retention, now), Retention: retention,
		Limits: rules.NewLimits(agent.NewThresholds(2160*time.Hour, 720*time.Hour, 2160*time.Hour), watchPause), Now: now, Log: log,
	})
	return nil
}

// WatchFigures are what some readings came to.
type WatchFigures struct {
	Took   time.Duration
	Agents int
}

// Read reads so many times.
func (w *Watch) Read(times int, out *WatchFigures) error {
	ctx := database.Unhurried(context.Background())
	for range times {
		w.now = w.now.Add(time.Second)
		begun := clock()
		if err := w.service.Once(ctx); err != nil {
			return err
		}
		out.Took += clock().Sub(begun)
	}
	out.Agents = len(w.service.Figures().Agents)
	return nil
}
