package session_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"gitlab-agent-portal/internal/database"
	"gitlab-agent-portal/internal/database/databasetest"
	"gitlab-agent-portal/internal/session"
)

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		change  func(*session.Config)
		wantErr string
	}{
		{"no key", func(c *session.Config) { c.Keys = nil }, "no key"},
		{"no cookie name", func(c *session.Config) { c.Cookie.Name = "" }, "no name for the cookie"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			cfg := configure(newClock())
			tt.change(&cfg)
			if _, err := session.New(nil, cfg); err == nil || !strings.Contains(err.Error(), tt.wantErr) {
				t.Errorf("New: %v, want %q", err, tt.wantErr)
			}
		})
	}
}

func TestOpenKeepsWhatIsStored(t *testing.T) {
	t.Parallel()
	for name, fresh := range databasetest.Engines() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := fresh(t)
			cfg := configure(newClock())
			db, err := database.Open(t.Context(), d.URL, databasetest.Instance)
			if err != nil {
				t.Fatalf("Open: %v", err)
			}
			b := newBrowser()
			b.signIn(t, open(t, db, cfg), lead(1))
			if err := db.Close(); err != nil {
				t.Fatalf("Close: %v", err)
			}
			if b.load(t, open(t, d.Open(t), cfg)) == nil {
				t.Error("the session did not survive a restart")
			}
		})
	}
}

func TestSweepDeletesWhatIsOver(t *testing.T) {
	t.Parallel()
	for name, fresh := range databasetest.Engines() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, clock := openNew(t, fresh(t))
			newBrowser().signIn(t, s, lead(1)) // will be idle for too long
			wantSwept(t, s, 0)
			clock.Advance(session.IdleLimit)
			b := newBrowser()
			b.signIn(t, s, lead(1))
			if n, err := s.Count(t.Context()); n != 1 || err != nil {
				t.Errorf("Count = %d, %v, want the one that is alive", n, err)
			}
			wantSwept(t, s, 1)
			if b.load(t, s) == nil {
				t.Error("Sweep deleted a session that is alive")
			}
		})
	}
}

func wantSwept(t *testing.T, s *session.Store, want int64) {
	t.Helper()
	if got, err := s.Sweep(t.Context()); got != want || err != nil {
		t.Errorf("Sweep = %d, %v, want %d", got, err, want)
	}
}

func TestSweepDeletesBusySessionsAtTheAbsoluteLimit(t *testing.T) {
	t.Parallel()
	onEveryEngine(t, func(t *testing.T, d *databasetest.Database) {
		t.Helper()
		s, clock := openNew(t, d)
		b := newBrowser()
		began := b.signIn(t, s, lead(1)).CreatedAt
		for clock.Now().Sub(began) < session.AbsoluteLimit {
			wantSwept(t, s, 0)
			b.load(t, s)
			clock.Advance(session.IdleLimit / 2)
		}
		wantSwept(t, s, 1)
	})
}

func TestSweepIsBounded(t *testing.T) {
	t.Parallel()
	for name, fresh := range databasetest.Engines() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := fresh(t)
			s, clock := openNew(t, d)
			tx, err := d.Raw(t).BeginTx(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			for i := range 501 {
				_, err := tx.ExecContext(t.Context(), `INSERT INTO sessions (id_hash, instance, person, value, details, created_at, last_seen_at, version)
					VALUES ($1, 1, $1, $1, $1, 0, 0, 1)`, []byte(strconv.Itoa(i)))
				if err != nil {
					t.Fatal(err)
				}
			}
			if err := tx.Commit(); err != nil {
				t.Fatal(err)
			}
			clock.Advance(time.Hour)
			for _, want := range []int64{500, 1, 0} {
				wantSwept(t, s, want)
			}
		})
	}
}
