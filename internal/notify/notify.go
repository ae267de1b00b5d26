// Package notify tells people, and Alertmanager, of what the watch found. Alertmanager comes first, with
// all that it does about routing, grouping, silencing and repeating; routes of NOTIFY_FILE are for whoever
// has none.
package notify

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"sync"
	"time"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/internal/alert"
	"gitlab-agent-portal/internal/alert/alerts"
	"gitlab-agent-portal/internal/database"
	"gitlab-agent-portal/internal/i18n"
	"gitlab-agent-portal/internal/notify/alertmanager"
	"gitlab-agent-portal/internal/notify/message"
	"gitlab-agent-portal/internal/notify/outbound"
	"gitlab-agent-portal/internal/notify/outbox"
	"gitlab-agent-portal/internal/notify/routes"
	"gitlab-agent-portal/internal/notify/target"
	"gitlab-agent-portal/internal/parallel"
)

// pollEvery is how often the outbox is looked into.
const pollEvery = 5 * time.Second

// TargetAlertmanager is the name of Alertmanager among the kinds of targets in metrics.
const TargetAlertmanager = "alertmanager"

// Outcome is what became of a message. Its text is its name in metrics.
type Outcome string

// The outcomes. A message that fails is tried again, and ends as sent or dropped.
const (
	Sent    Outcome = "sent"
	Failed  Outcome = "failed"
	Dropped Outcome = "dropped"
)

// Outcomes lists all outcomes.
func Outcomes() []Outcome { return []Outcome{Sent, Failed, Dropped} }

// Targets lists all kinds of targets by their names in metrics.
func Targets() []string {
	names := []string{TargetAlertmanager}
	for _, kind := range target.Kinds() {
		names = append(names, string(kind))
	}
	return names
}

// Config says whom to tell and how.
type Config struct {
	DB     *database.DB
	Alerts *alerts.Store
	// Routes are those of NOTIFY_FILE.
	Routes []routes.Route
	// Alertmanagers are the addresses of all that are to be told everything.
	Alertmanagers []gitlabapi.Secret
	// RootCAs and Proxy are how they are reached; nil for the system's and none.
	RootCAs *x509.CertPool
	Proxy   func(*url.URL) (*url.URL, error)
	// Instance is the GitLab that the alerts are about, by its host and path.
	Instance string
	// JiHu says that it is one of JiHu's.
	JiHu  bool
	Links message.Links
	Now   func() time.Time
	Log   *slog.Logger
	// Observe is told what became of a message, and ObserveWaiting how many changes wait, by kinds of targets.
	Observe        func(target string, outcome Outcome)
	ObserveWaiting func(target string, changes int64)
	// Poll, Lease and Resend replace how often the outbox is looked into, how long a message belongs to
	// who sends it, and how often Alertmanager is told, unless zero: for tests, which wait for them.
	Poll, Lease, Resend time.Duration
}

// Service tells of alerts. It is safe for concurrent use, by several replicas too.
type Service struct {
	cfg    Config
	routes map[string]routes.Route
	outbox *outbox.Store
	// busy are the routes that a goroutine of this process is at work on.
	mu   sync.Mutex
	busy map[string]bool
}

// New returns a Service. Run makes it work.
func New(cfg Config) *Service {
	cfg.Poll, cfg.Lease, cfg.Resend = orDefault(cfg.Poll, pollEvery), orDefault(cfg.Lease, outbox.DefaultLease), orDefault(cfg.Resend, alertmanager.Every)
	s := &Service{cfg: cfg, routes: make(map[string]routes.Route, len(cfg.Routes)), busy: map[string]bool{}}
	known := make([]outbox.Route, 0, len(cfg.Routes))
	for _, route := range cfg.Routes {
		s.routes[route.Name] = route
		of := outbox.Route{Name: route.Name, Wants: route.Wants}
		if route.Digest != nil {
			of.Due = route.Digest.Next
		}
		known = append(known, of)
	}
	s.outbox = outbox.New(cfg.DB, cfg.Alerts, known, cfg.Lease, cfg.Now)
	return s
}

func orDefault(d, otherwise time.Duration) time.Duration {
	if d == 0 {
		return otherwise
	}
	return d
}

// Enqueue notes, as part of the transaction that saves changes of alerts, whom they are to be told. Nobody
// is told before it is committed, and nobody is forgotten afterwards.
func (s *Service) Enqueue(ctx context.Context, tx *database.Tx, changes []alert.Change) error {
	return s.outbox.Enqueue(ctx, tx, changes)
}

// Sweep deletes a batch of what is known of old messages, and returns how much.
func (s *Service) Sweep(ctx context.Context) (int64, error) { return s.outbox.Sweep(ctx) }

// Run tells of alerts until ctx ends, and returns once nothing is under way.
func (s *Service) Run(ctx context.Context) error {
	if err := s.outbox.Settle(ctx); err != nil && ctx.Err() == nil {
		s.cfg.Log.WarnContext(ctx, "an alert about messages may stay open until the next start", "error", err)
	}
	var group parallel.Group
	for _, sender := range s.alertmanagers() {
		group.Go(func() error {
			sender.Run(ctx)
			return nil
		})
	}
	if len(s.routes) > 0 {
		group.Go(func() error {
			s.deliver(ctx)
			return nil
		})
	}
	return group.Wait()
}

// alertmanagers are senders that know nothing of each other: one that is down holds up no other.
func (s *Service) alertmanagers() []*alertmanager.Sender {
	client := outbound.NewClient(outbound.Options{Anywhere: true, RootCAs: s.cfg.RootCAs, Proxy: s.cfg.Proxy})
	senders := make([]*alertmanager.Sender, 0, len(s.cfg.Alertmanagers))
	for _, address := range s.cfg.Alertmanagers {
		senders = append(senders, alertmanager.New(alertmanager.Config{
			URL: address, Client: client, Alerts: s.cfg.Alerts, Words: alertmanager.Words{Instance: s.cfg.Instance, JiHu: s.cfg.JiHu, Links: s.cfg.Links},
			Every: s.cfg.Resend, Now: s.cfg.Now, Log: s.cfg.Log, Observe: func(err error) {
				outcome := Sent
				if err != nil {
					outcome = Failed
				}
				s.cfg.Observe(TargetAlertmanager, outcome)
			},
		}))
	}
	return senders
}

// printer speaks a route's language about this instance.
func (s *Service) printer(route routes.Route) *i18n.Printer {
	p := i18n.For(route.Lang)
	if s.cfg.JiHu {
		return p.JiHu()
	}
	return p
}

// Test sends one message to each route, and says to out what became of each. It needs no database.
func Test(ctx context.Context, cfg Config, out io.Writer) (failed int, err error) {
	s := &Service{cfg: cfg}
	for _, route := range cfg.Routes {
		result := "ok    "
		why := ""
		if err := route.Target.Send(ctx, message.Test(s.printer(route), cfg.Links, rand.Text(), cfg.Now())); err != nil {
			result, why = "WRONG ", ": "+err.Error()
			failed++
		}
		if _, err := fmt.Fprintf(out, "%sroute %s (%s)%s\n", result, route.Name, route.Target.Kind(), why); err != nil {
			return failed, fmt.Errorf("say what became of a message: %w", err)
		}
	}
	return failed, nil
}
