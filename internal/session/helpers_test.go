package session_test

import (
	"context"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/gitlabapi/gitlabtest"
	"gitlab-agent-portal/internal/database"
	"gitlab-agent-portal/internal/database/databasetest"
	"gitlab-agent-portal/internal/session"
)

// onEveryEngine runs a test on a fresh database of every kind.
func onEveryEngine(t *testing.T, test func(t *testing.T, d *databasetest.Database)) {
	t.Helper()
	for name, fresh := range databasetest.Engines() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, fresh(t))
		})
	}
}

// refuseWrites makes the database fail every write until the returned function is called.
func refuseWrites(t *testing.T, d *databasetest.Database) func() {
	t.Helper()
	if d.Postgres != nil {
		d.Postgres.Stop(t)
		return func() { d.Postgres.Start(t) }
	}
	conn, err := d.Raw(t).Conn(t.Context())
	if err != nil {
		t.Fatalf("open a second connection: %v", err)
	}
	must := func(statement string) {
		if _, err := conn.ExecContext(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	must(`BEGIN IMMEDIATE`)
	return func() { must(`ROLLBACK`) }
}

// awaitWaiter returns when somebody waits in one of the stores for a renewal that is under way.
func awaitWaiter(t *testing.T, stores ...*session.Store) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	isWaiting := func(s *session.Store) bool { return s.Waiting() > 0 }
	for !slices.ContainsFunc(stores, isWaiting) {
		if ctx.Err() != nil {
			t.Fatal("nobody waits for the renewal")
		}
		runtime.Gosched()
	}
}

func newClock() *gitlabtest.Clock {
	return gitlabtest.NewClock(time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC))
}

// configure returns the configuration that the tests use unless they change it.
func configure(c *gitlabtest.Clock) session.Config {
	return session.Config{
		Keys:   session.Keys{session.NewKey()},
		Cookie: session.CookieOptions{Name: "__Host-portal", Path: "/", Secure: true},
		Address: func(r *http.Request) string {
			host, _, _ := net.SplitHostPort(r.RemoteAddr)
			return host
		},
		Now: c.Now,
		Log: slog.New(slog.DiscardHandler),
	}
}

// open returns a store of its own, as every replica has.
func open(t *testing.T, db *database.DB, cfg session.Config) *session.Store {
	t.Helper()
	s, err := session.New(db, cfg)
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	t.Cleanup(s.Close)
	return s
}

// openNew opens a store on a fresh configuration.
func openNew(t *testing.T, d *databasetest.Database) (*session.Store, *gitlabtest.Clock) {
	t.Helper()
	c := newClock()
	return open(t, d.Open(t), configure(c)), c
}

// browser keeps the cookies that it was given, as a browser does.
type browser struct {
	cookies map[string]string
	agent   string
}

func newBrowser() *browser { return &browser{cookies: make(map[string]string)} }

// request is what the browser sends, with its cookies.
func (b *browser) request(t *testing.T) *http.Request {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "https://portal.example/", nil)
	for name, value := range b.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	r.Header.Set("User-Agent", b.agent)
	return r
}

// take applies a response's cookies.
func (b *browser) take(w *httptest.ResponseRecorder) {
	for _, cookie := range w.Result().Cookies() {
		if cookie.MaxAge < 0 {
			delete(b.cookies, cookie.Name)
			continue
		}
		b.cookies[cookie.Name] = cookie.Value
	}
}

// copy is a second holder of the same cookies: a thief's, or a request under way.
func (b *browser) copy() *browser { return &browser{cookies: maps.Clone(b.cookies), agent: b.agent} }

func (b *browser) signIn(t *testing.T, s *session.Store, in session.SignIn) *session.Session {
	t.Helper()
	w := httptest.NewRecorder()
	signedIn, _, err := s.SignIn(t.Context(), w, b.request(t), in)
	if err != nil {
		t.Fatalf("SignIn: %v", err)
	}
	b.take(w)
	return signedIn
}

func (b *browser) load(t *testing.T, s *session.Store) *session.Session {
	t.Helper()
	signedIn, err := s.Load(t.Context(), b.request(t))
	if err != nil {
		t.Fatalf("Load: %v", err)
	}
	return signedIn
}

// lead is a person who signs in with the pair number n.
func lead(n int) session.SignIn {
	return session.SignIn{
		User:   session.User{ID: 42, Username: "lead", Name: "Team Lead"},
		Tokens: pair(n),
	}
}

// pair is the nth pair that GitLab gave out.
func pair(n int) gitlabapi.TokenPair {
	suffix := strings.Repeat("x", n)
	return gitlabapi.TokenPair{
		Access:    gitlabapi.NewSecret("access-canary-" + suffix),
		Refresh:   gitlabapi.NewSecret("refresh-canary-" + suffix),
		ExpiresAt: time.Date(2026, 11, 24, 9+2*n, 0, 0, 0, time.UTC),
		Scope:     "api",
	}
}

// gives is a refresh that succeeds at once.
func gives(tokens gitlabapi.TokenPair) session.RefreshFunc {
	return func(context.Context, gitlabapi.TokenPair) (gitlabapi.TokenPair, error) { return tokens, nil }
}

// forbidden is a refresh that must not be called.
func forbidden(t *testing.T) session.RefreshFunc {
	t.Helper()
	return func(context.Context, gitlabapi.TokenPair) (gitlabapi.TokenPair, error) {
		t.Error("GitLab was asked for a pair once more")
		return gitlabapi.TokenPair{}, nil
	}
}

// logBuffer collects a store's log.
type logBuffer struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func (l *logBuffer) logger() *slog.Logger { return slog.New(slog.NewJSONHandler(l, nil)) }

// newRecorder is a response that nobody looks at.
func newRecorder() *httptest.ResponseRecorder { return httptest.NewRecorder() }

func containsCanary(text string) bool { return strings.Contains(text, "canary") }
