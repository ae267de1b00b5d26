package scan_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/gitlabapi/gitlabtest"
	"gitlab-agent-portal/internal/agentread"
	"gitlab-agent-portal/internal/fleet"
	"gitlab-agent-portal/internal/fleet/scan"
)

// world is a Service over a simulator, with one clock for both.
type world struct {
	*gitlabtest.Instance
	t       *testing.T
	clock   *gitlabtest.Clock
	service *scan.Service
	client  *gitlabapi.Client
	read    *agentread.Service
	group   int64
	scans   chan scan.Outcome // every scan that ended, while there is room
	log     *lines
}

func newWorld(t *testing.T, change ...func(*scan.Config)) *world {
	t.Helper()
	w := &world{
		t: t, clock: gitlabtest.NewClock(time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)),
		scans: make(chan scan.Outcome, 100), log: new(lines),
	}
	w.Instance = gitlabtest.Start(t, gitlabtest.WithNow(w.clock.Now))
	w.group = w.AddGroup(gitlabtest.Group{Path: "group"})
	var err error
	w.client, err = gitlabapi.New(w.URL, gitlabapi.Options{
		Now: w.clock.Now, Backoff: func(int) time.Duration { return 0 }, MaxInFlight: 1000,
		Timeouts: gitlabapi.Timeouts{Header: time.Hour, Read: time.Hour}, // see below
	})
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(w.log, nil))
	w.read = agentread.New(agentread.Config{Log: log})
	cfg := scan.Config{Now: w.clock.Now, Log: log, Observe: func(s scan.Outcome) { w.scans <- s }}
	for _, c := range change {
		c(&cfg)
	}
	w.service = scan.New(cfg)
	// The deadlines are of no use for tests that may run on a slow machine.
	w.service.SetTimeouts(func(ctx context.Context, _ time.Duration) (context.Context, context.CancelFunc) {
		return context.WithCancel(ctx)
	})
	t.Cleanup(func() {
		w.Release()
		if err := w.service.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
		if n := w.service.People(); n != 0 {
			t.Errorf("%d people still have calls under way", n)
		}
	})
	return w
}

// reader reads with a token.
func (w *world) reader(secret string) *agentread.Reader {
	return w.read.For(w.client.WithToken(gitlabapi.NewSecret(secret)), 1)
}

// lines is a log of which the lines are counted.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) count(part string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.text.String(), part)
}

// reader is somebody who reads the fleet.
type reader struct {
	w      *world
	id     int64
	viewer scan.Viewer
	source scan.Source
}

func (w *world) person(name string, change ...func(*gitlabtest.User)) *reader {
	w.t.Helper()
	user := gitlabtest.User{Username: name}
	for _, f := range change {
		f(&user)
	}
	id := w.AddUser(user)
	secret := w.AddPersonalToken(gitlabtest.PersonalToken{User: id, Scopes: []string{"api"}})
	return &reader{
		w: w, id: id, viewer: scan.Viewer{Person: id, Grant: "session of " + name},
		source: func(_ context.Context, refused error) (*agentread.Reader, error) {
			return w.reader(secret), refused
		},
	}
}

// project adds a project of which the reader is a member, with agents of so many
// tokens each.
func (r *reader) project(name string, level gitlabtest.AccessLevel, tokens ...int) int64 {
	project := r.w.AddProject(gitlabtest.Project{Path: name, Group: r.w.group})
	r.w.AddMember(project, r.id, level)
	for i, n := range tokens {
		r.agent(project, fmt.Sprintf("agent-%03d", i), n)
	}
	return project
}

func (r *reader) agent(project int64, name string, tokens int) int64 {
	agent := r.w.AddAgent(gitlabtest.Agent{Project: project, Name: name, CreatedBy: r.id})
	for i := range tokens {
		r.w.AddToken(gitlabtest.Token{
			Agent: agent, Name: fmt.Sprintf("token-%d", i), CreatedBy: r.id, LastUsedAt: r.w.clock.Now().Add(-time.Minute),
		})
	}
	return agent
}

// many adds projects with two agents each, of one and of two tokens in turn, and
// returns their ids.
func (r *reader) many(projects int) []int64 {
	var ids []int64
	for i := range projects {
		ids = append(ids, r.project(fmt.Sprintf("project-%04d", i), gitlabtest.Maintainer, 1+i%2, 2))
	}
	return ids
}

// read waits for the whole fleet.
func (r *reader) read() *fleet.Snapshot {
	r.w.t.Helper()
	snapshot, err := r.service().Read(r.w.t.Context(), r.viewer, r.source, nil)
	if err != nil {
		r.w.t.Fatal(err)
	}
	return snapshot
}

func (r *reader) look() scan.View {
	r.w.t.Helper()
	view, err := r.service().Look(r.w.t.Context(), r.viewer, r.source)
	if err != nil {
		r.w.t.Fatal(err)
	}
	return view
}

func (r *reader) service() *scan.Service { return r.w.service }

// scanned waits until a scan has ended.
func (w *world) scanned() scan.Outcome {
	w.t.Helper()
	select {
	case s := <-w.scans:
		return s
	case <-w.t.Context().Done():
		w.t.Fatal("no scan ended")
		return scan.Outcome{}
	}
}

// names are the agents as project/agent.
func names(s *fleet.Snapshot) []string {
	var out []string
	for _, a := range s.Agents {
		out = append(out, a.Project.Path+"/"+a.Name)
	}
	return out
}

func tokenCount(s *fleet.Snapshot) (tokens, unknown int) {
	for _, a := range s.Agents {
		tokens += len(a.Tokens)
		if !a.TokensRead() {
			unknown++
		}
	}
	return tokens, unknown
}

// kinds are the warnings by project id.
func kinds(s *fleet.Snapshot) map[int64]fleet.WarningKind {
	out := map[int64]fleet.WarningKind{}
	for _, w := range s.Warnings {
		if w.Project == nil {
			out[0] = w.Kind
		} else {
			out[w.Project.ID] = w.Kind
		}
	}
	return out
}

// deadlines are all deadlines of one length, which pass when a test says so.
type deadlines struct {
	length time.Duration
	passed context.Context
	pass   context.CancelFunc
}

// deadlines makes those of one length depend on the test; no other ever passes.
func (w *world) deadlines(length time.Duration) *deadlines {
	d := &deadlines{length: length}
	d.passed, d.pass = context.WithCancel(context.WithoutCancel(w.t.Context()))
	w.t.Cleanup(d.pass)
	w.service.SetTimeouts(d.withTimeout)
	return d
}

func (d *deadlines) withTimeout(ctx context.Context, length time.Duration) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	if length != d.length {
		return ctx, cancel
	}
	e := &expiring{Context: ctx, of: d, done: make(chan struct{})}
	stop := context.AfterFunc(d.passed, cancel)
	context.AfterFunc(ctx, func() { close(e.done) })
	return e, func() { stop(); cancel() }
}

// expiring is a context that ends as if its time were up.
type expiring struct {
	context.Context
	of   *deadlines
	done chan struct{}
}

func (e *expiring) Done() <-chan struct{} { return e.done }

func (e *expiring) Err() error {
	err := e.Context.Err()
	if err != nil && e.of.passed.Err() != nil {
		return context.DeadlineExceeded
	}
	return err
}

var errSourceGone = errors.New("the session has ended")
