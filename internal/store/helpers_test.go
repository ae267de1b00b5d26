package store_test

import (
	"context"
	"database/sql"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // registers the driver "pgx"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/internal/store"
	"gitlab-agent-portal/internal/store/pgtest"
)

// engine is one fresh database of one kind.
type engine struct {
	url string
	// driver and dsn open the database past the Store.
	driver, dsn string
	// postgres is nil on SQLite.
	postgres *pgtest.Database
}

// engines make fresh databases of every kind that the portal supports.
var engines = map[string]func(*testing.T) engine{"sqlite": sqliteEngine, "postgres": postgresEngine}

// onEveryEngine runs a test on a fresh database of every kind.
func onEveryEngine(t *testing.T, test func(t *testing.T, e engine)) {
	t.Helper()
	for name, fresh := range engines {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, fresh(t))
		})
	}
}

func sqliteEngine(t *testing.T) engine {
	t.Helper()
	file := filepath.Join(t.TempDir(), "portal.db")
	return engine{url: "sqlite:" + file, driver: "sqlite", dsn: file}
}

func postgresEngine(t *testing.T) engine {
	t.Helper()
	db := pgtest.New(t)
	return engine{url: db.URL, driver: "pgx", dsn: db.URL, postgres: db}
}

// raw opens the database past the Store.
func (e engine) raw(t *testing.T) *sql.DB {
	t.Helper()
	db, err := sql.Open(e.driver, e.dsn)
	if err != nil {
		t.Fatalf("open the database: %v", err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// refuseWrites makes the database fail every write until the returned function is called.
func (e engine) refuseWrites(t *testing.T) func() {
	t.Helper()
	if e.postgres != nil {
		e.postgres.Stop(t)
		return func() { e.postgres.Start(t) }
	}
	conn, err := e.raw(t).Conn(t.Context())
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

// awaitLockWaiter returns when a connection to the PostgreSQL database waits for a lock.
func (e engine) awaitLockWaiter(t *testing.T) {
	t.Helper()
	e.await(t, `SELECT count(*) FROM pg_stat_activity
		WHERE datname = current_database() AND wait_event_type = 'Lock'`)
}

// await returns when the query counts something.
func (e engine) await(t *testing.T, query string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	db := e.raw(t)
	for found := 0; found == 0; {
		if err := db.QueryRowContext(ctx, query).Scan(&found); err != nil {
			t.Fatalf("%s counts nothing: %v", query, err)
		}
	}
}

// clock is a clock that moves when it is told to.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// configure returns the configuration that the tests use unless they change it.
func configure(e engine, c *clock) store.Config {
	return store.Config{
		URL:    e.url,
		Keys:   store.Keys{store.NewKey()},
		Now:    c.Now,
		Cookie: store.CookieOptions{Name: "__Host-portal", Path: "/", Secure: true},
	}
}

func open(t *testing.T, cfg store.Config) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), cfg)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return s
}

// openNew opens a store on a fresh configuration.
func openNew(t *testing.T, e engine) (*store.Store, *clock) {
	t.Helper()
	c := newClock()
	return open(t, configure(e, c)), c
}

// browser keeps the cookies that it was given, as a browser does.
type browser struct{ cookies map[string]string }

func newBrowser() *browser { return &browser{cookies: make(map[string]string)} }

// request is what the browser sends, with its cookies.
func (b *browser) request(t *testing.T) *http.Request {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "https://portal.example/", nil)
	for name, value := range b.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
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
func (b *browser) copy() *browser { return &browser{cookies: maps.Clone(b.cookies)} }

func (b *browser) signIn(t *testing.T, s *store.Store, in store.NewSession) *store.Session {
	t.Helper()
	w := httptest.NewRecorder()
	session, err := s.SignIn(t.Context(), w, b.request(t), in)
	if err != nil {
		t.Fatalf("SignIn: %v", err)
	}
	b.take(w)
	return session
}

func (b *browser) load(t *testing.T, s *store.Store) *store.Session {
	t.Helper()
	session, err := s.Load(t.Context(), b.request(t))
	if err != nil {
		t.Fatalf("Load: %v", err)
	}
	return session
}

// lead is a person who signs in with the pair number n.
func lead(n int) store.NewSession {
	return store.NewSession{
		User:   store.SessionUser{ID: 42, Username: "lead", Name: "Team Lead", AvatarURL: "https://gitlab.example/a.png"},
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
func gives(tokens gitlabapi.TokenPair) store.RefreshFunc {
	return func(context.Context, gitlabapi.TokenPair) (gitlabapi.TokenPair, error) { return tokens, nil }
}

// forbidden is a refresh that must not be called.
func forbidden(t *testing.T) store.RefreshFunc {
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
