package portal

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"gitlab-agent-portal/handlers"
	"gitlab-agent-portal/internal/database"
	"gitlab-agent-portal/internal/fleet/scan"
	"gitlab-agent-portal/internal/notify"
	"gitlab-agent-portal/internal/tokens"
	"gitlab-agent-portal/internal/watch"
)

const (
	// stopTimeout is how long a stop waits for requests and creates under way: with drain it
	// stays below the 30 s after which most supervisors kill.
	stopTimeout = 25 * time.Second
	// revokeStopTimeout is how much of it goes to the tokens of people who signed out.
	revokeStopTimeout = 5 * time.Second
	// sweepEvery is how often what has expired is deleted.
	sweepEvery = 5 * time.Minute
	// writeTimeout is longer than any create (see internal/tokens), whose answer holds a secret.
	writeTimeout = 75 * time.Second
)

// server runs the portal's listeners and stops them in order.
type server struct {
	cfg      *config
	log      *slog.Logger
	database *database.DB
	sweepers []sweeper
	// swept, unless nil, is called when everything that has expired was deleted.
	swept   func(context.Context) error
	tokens  *tokens.Service
	fleet   *scan.Service
	metrics *metrics
	// notify tells of alerts.
	notify *notify.Service
	watch  *watch.Service // nil without a token for it
	// revocations are those of people who signed out.
	revocations *handlers.Revocations
	ready       func()
	drain       func()

	portal, observed net.Listener // observed is nil without METRICS_ADDR
	stopping         atomic.Bool
}

// sweeper deletes what has expired of what it keeps, a bounded number of rows at a time: other
// writers come in between.
type sweeper interface {
	Sweep(ctx context.Context) (deleted int64, err error)
}

// listen opens the listeners before anything is served, so that a busy port is an error of
// the start. A listener that is open already stays in the place of LISTEN_ADDR.
func (s *server) listen(ctx context.Context) error {
	var err error
	if s.portal == nil {
		if s.portal, err = new(net.ListenConfig).Listen(ctx, "tcp", s.cfg.ListenAddr); err != nil {
			return fmt.Errorf("LISTEN_ADDR: %w", err)
		}
	}
	if s.cfg.MetricsAddr == "" {
		return nil
	}
	if s.observed, err = new(net.ListenConfig).Listen(ctx, "tcp", s.cfg.MetricsAddr); err != nil {
		return fmt.Errorf("METRICS_ADDR: %w", errors.Join(err, s.portal.Close()))
	}
	return nil
}

// readiness reports why no traffic should be sent here. GitLab is left out on purpose: while
// it is down, the portal is what says so.
func (s *server) readiness(ctx context.Context) error {
	if s.stopping.Load() {
		return errors.New("the portal is stopping")
	}
	return s.database.Ping(ctx)
}

// run serves until ctx ends or a listener fails, and returns when everything has stopped.
func (s *server) run(ctx context.Context, handler http.Handler) error {
	if err := s.listen(ctx); err != nil {
		return err
	}
	group, running := errgroup.WithContext(ctx)
	visitors := newConnections(s.portal)
	portal := s.start(group, visitors, s.metrics.count(handler), visitors.track)
	servers := []*http.Server{portal}
	attributes := append(s.cfg.summary(), "version", thisBuild().version, "address", s.portal.Addr().String())
	if s.observed != nil {
		servers = append(servers, s.start(group, s.observed, s.observedHandler()))
		attributes = append(attributes, "metrics", s.observed.Addr().String())
	}
	for _, work := range []func(context.Context){s.sweep, s.runWatch, s.tell} {
		group.Go(func() error {
			work(running)
			return nil
		})
	}
	group.Go(func() error {
		<-running.Done()
		if ctx.Err() != nil { // and not because a listener failed
			s.withdraw(ctx)
		}
		return s.stop(context.WithoutCancel(ctx), servers)
	})
	s.log.InfoContext(ctx, "the portal answers", attributes...)
	if s.ready != nil {
		s.ready()
	}
	return group.Wait()
}

// start answers on listener until the server that it returns is shut down.
func (s *server) start(group *errgroup.Group, listener net.Listener, handler http.Handler, options ...func(*http.Server)) *http.Server {
	server := &http.Server{
		Handler:           handler,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelWarn),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    32 << 10,
	}
	for _, option := range options {
		option(server)
	}
	group.Go(func() error {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serving: %w", err)
		}
		return nil
	})
	return server
}

// withdraw says not ready, and goes on serving until whoever spreads the traffic knows.
func (s *server) withdraw(ctx context.Context) {
	s.stopping.Store(true)
	s.log.InfoContext(ctx, "the portal stops")
	if s.drain != nil {
		s.drain()
	}
}

// stop ends the servers once what is under way has been answered, so that a running create
// still delivers its secret.
func (s *server) stop(ctx context.Context, servers []*http.Server) error {
	ctx, cancel := context.WithTimeout(ctx, stopTimeout)
	defer cancel()
	// First the scans: the streams that tell of them would keep their server from stopping.
	var failed error
	if err := s.fleet.Close(ctx); err != nil {
		failed = fmt.Errorf("scans were cut off: %w", err)
	}
	for _, server := range servers {
		if err := server.Shutdown(ctx); err != nil {
			failed = errors.Join(failed, fmt.Errorf("requests were cut off: %w", err), server.Close())
		}
	}
	if err := s.tokens.Wait(ctx); err != nil {
		failed = errors.Join(failed, fmt.Errorf("creates were cut off: %w", err))
	}
	revoking, giveUp := context.WithTimeout(ctx, revokeStopTimeout)
	defer giveUp()
	s.revocations.Close(revoking)
	return failed
}

// sweep deletes what has expired now and then.
func (s *server) sweep(ctx context.Context) {
	ctx = database.Unhurried(ctx)
	ticker := time.NewTicker(sweepEvery)
	defer ticker.Stop()
	for {
		s.sweepOnce(ctx)
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// sweepOnce deletes all that has expired.
func (s *server) sweepOnce(ctx context.Context) {
	failed := false
	for _, sweeper := range s.sweepers {
		deleted, err := sweepAll(ctx, sweeper)
		s.metrics.swept.Add(float64(deleted))
		if err != nil && ctx.Err() == nil {
			failed = true
			s.metrics.sweepFailed.Inc()
			s.log.WarnContext(ctx, "deleting what has expired", "error", err)
		}
	}
	if failed || ctx.Err() != nil {
		return
	}
	s.metrics.sweptAt.SetToCurrentTime()
	if s.swept != nil {
		if err := s.swept(ctx); err != nil && ctx.Err() == nil {
			s.log.WarnContext(ctx, "counting what is left", "error", err)
		}
	}
}

// sweepAll deletes until nothing is left of a kind that has expired.
func sweepAll(ctx context.Context, s sweeper) (deleted int64, err error) {
	for {
		batch, err := s.Sweep(ctx)
		deleted += batch
		if err != nil || batch == 0 {
			return deleted, err
		}
	}
}
