// Package alertmanager tells an Alertmanager of the watch's alerts, by its API v2
// (https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml).
//
// Every replica sends everything, again and again: an alert is known to Alertmanager by its labels alone,
// so a second sender and a second time change nothing. An open alert is sent with an end that lies some
// repetitions ahead, which is how long a portal may be away before Alertmanager takes its alerts for over.
package alertmanager

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/internal/alert"
	"gitlab-agent-portal/internal/alert/alerts"
	"gitlab-agent-portal/internal/database"
	"gitlab-agent-portal/internal/notify/message"
	"gitlab-agent-portal/internal/notify/outbound"
	"gitlab-agent-portal/internal/parallel"
)

const (
	// Every is how often alerts are sent.
	Every = time.Minute
	// lasting is how many repetitions the end of an open alert lies ahead.
	lasting = 15
	// resolvedFor is how long an alert that is over is sent at least, and resolvedAtMost after a start or a
	// long failure, when nobody knows what arrived.
	resolvedFor, resolvedAtMost = 15 * time.Minute, 24 * time.Hour
	// batch is how many alerts one request holds.
	batch = 200
)

// Config says whom to tell and how.
type Config struct {
	// URL is the address of Alertmanager, to which /api/v2 is appended; it may hold a user and a password.
	URL    gitlabapi.Secret
	Client *outbound.Client
	Alerts *alerts.Store
	Words  Words
	// Every is how often alerts are sent.
	Every time.Duration
	Now   func() time.Time
	Log   *slog.Logger
	// Observe is told of each time that all alerts were sent, or of why they were not.
	Observe func(err error)
}

// Sender tells one Alertmanager.
type Sender struct {
	Config
	// arrived is when everything was last taken; zero for not yet.
	arrived time.Time
	failing bool
}

// New returns a Sender.
func New(cfg Config) *Sender { return &Sender{Config: cfg} }

// ParseURL reads an address of ALERTMANAGER_URL. Its error continues a sentence that begins with the
// variable, and quotes nothing.
func ParseURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" || u.Opaque != "":
		return nil, errors.New("holds something that is no https:// or http:// address")
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return nil, errors.New("holds an address with more than scheme, user, host and path")
	}
	u.Path = strings.TrimSuffix(strings.TrimRight(u.Path, "/"), "/api/v2")
	return u, nil
}

// Run sends until ctx ends.
func (s *Sender) Run(ctx context.Context) {
	ctx = database.Unhurried(ctx)
	ticker := time.NewTicker(s.Every)
	defer ticker.Stop()
	for {
		err := parallel.Guard(func() error { return s.Send(ctx) })
		if ctx.Err() == nil {
			s.Observe(err)
			s.tell(ctx, err)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// tell logs the first failure of several, and their end.
func (s *Sender) tell(ctx context.Context, err error) {
	switch {
	case err != nil && !s.failing:
		s.Log.WarnContext(ctx, "Alertmanager was not told of the alerts, which is tried again", "alertmanager", s.host(), "error", err)
	case err == nil && s.failing:
		s.Log.InfoContext(ctx, "Alertmanager is told of the alerts again", "alertmanager", s.host())
	}
	s.failing = err != nil
}

// host is what may be said of the address.
func (s *Sender) host() string {
	u, err := ParseURL(s.URL.Reveal())
	if err != nil {
		return ""
	}
	return u.Host
}

// Send sends every alert that is open, and those that were resolved since everything last arrived, or a
// little before.
func (s *Sender) Send(ctx context.Context) error {
	now := s.Now()
	since := now.Add(-resolvedAtMost)
	if known := s.arrived.Add(-resolvedFor); known.After(since) {
		since = known
	}
	// In this order: what opens in between is open.
	resolved, err := s.Alerts.ResolvedSince(ctx, since)
	if err != nil {
		return err
	}
	open, err := s.Alerts.Open(ctx)
	if err != nil {
		return err
	}
	all := s.latest(append(resolved, open...), now)
	for len(all) > 0 {
		some := all[:min(len(all), batch)]
		all = all[len(some):]
		if err := s.post(ctx, some); err != nil {
			return err
		}
	}
	s.arrived = now
	return nil
}

// latest are the alerts as Alertmanager takes them, of those with the same labels the last one: an older
// one that is over would end it.
func (s *Sender) latest(all []alert.Alert, now time.Time) []postable {
	newest := make(map[labels]alert.Alert, len(all))
	for _, a := range all {
		of := s.Words.labels(a)
		if other, found := newest[of]; !found || other.ID < a.ID {
			newest[of] = a
		}
	}
	list := make([]postable, 0, len(newest))
	for _, a := range all {
		if of := s.Words.labels(a); newest[of].ID == a.ID {
			list = append(list, s.Words.postable(a, now, now.Add(lasting*s.Every)))
		}
	}
	return list
}

func (s *Sender) post(ctx context.Context, some []postable) error {
	body, err := json.Marshal(some)
	if err != nil {
		return fmt.Errorf("write alerts as JSON: %w", err)
	}
	return s.ask(ctx, http.MethodPost, "/api/v2/alerts", body)
}

// Try reports why Alertmanager could not be told; nil if it could. It changes nothing.
func (s *Sender) Try(ctx context.Context) error {
	return s.ask(ctx, http.MethodGet, "/api/v2/status", nil)
}

// ask sends one request, whose answer is of no interest if it is a good one.
func (s *Sender) ask(ctx context.Context, method, path string, body []byte) error {
	u, err := ParseURL(s.URL.Reveal())
	if err != nil {
		return err
	}
	user := u.User
	u.User, u.Path = nil, u.Path+path
	request, err := http.NewRequestWithContext(ctx, method, u.String(), bytes.NewReader(body))
	if err != nil {
		return errors.New("the address cannot be used")
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "gitlab-agent-portal")
	if user != nil {
		password, _ := user.Password()
		request.SetBasicAuth(user.Username(), password)
	}
	answer, err := s.Client.Do(request)
	if err != nil {
		return fmt.Errorf("ask Alertmanager: %w", err)
	}
	if answer.Status != http.StatusOK {
		return fmt.Errorf("ask Alertmanager: it answered with status %d", answer.Status)
	}
	return nil
}

// Words say what is told of an alert.
type Words struct {
	// Instance is the GitLab that the alerts are about, for Alertmanagers that hear of several.
	Instance string
	// JiHu says that it is one of JiHu's.
	JiHu  bool
	Links message.Links
}
