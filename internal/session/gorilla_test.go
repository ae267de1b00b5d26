package session_test

import (
	"errors"
	"net/http/httptest"
	"testing"

	"github.com/gorilla/sessions"

	"gitlab-agent-portal/internal/database/databasetest"
	"gitlab-agent-portal/internal/session"
)

func TestGorillaSession(t *testing.T) {
	t.Parallel()
	onEveryEngine(t, func(t *testing.T, d *databasetest.Database) {
		t.Helper()
		s, _ := openNew(t, d)
		b := newBrowser()

		fresh, err := s.Get(b.request(t), "__Host-portal")
		if err != nil || !fresh.IsNew || fresh.ID != "" || len(fresh.Values) != 0 {
			t.Errorf("Get without a cookie = %+v, %v, want a new and empty session", fresh, err)
		}
		if err := s.Save(b.request(t), httptest.NewRecorder(), fresh); !errors.Is(err, session.ErrNotSaved) {
			t.Errorf("Save of a session that nobody signed in to: %v, want ErrNotSaved", err)
		}

		signedIn := b.signIn(t, s, lead(1))
		r := b.request(t)
		record, err := s.Get(r, "__Host-portal")
		if err != nil || record.IsNew || record.ID != signedIn.ID {
			t.Fatalf("Get = %+v, %v, want the session that exists", record, err)
		}
		if again, _ := s.Get(r, "__Host-portal"); again != record {
			t.Error("Get reads the session twice in one request")
		}

		record.Options.MaxAge = -1
		w := httptest.NewRecorder()
		if err := sessions.Save(r, w); err != nil {
			t.Fatalf("Save with a negative MaxAge: %v", err)
		}
		captured := b.copy()
		b.take(w)
		if len(b.cookies) != 0 || captured.load(t, s) != nil {
			t.Error("Save with a negative MaxAge left the cookie or the session")
		}
	})
}

func TestGorillaSessionUnderAnotherName(t *testing.T) {
	t.Parallel()
	s, _ := openNew(t, databasetest.SQLite(t))
	if record, err := s.New(newBrowser().request(t), "other"); record == nil || err == nil {
		t.Errorf("New = %v, %v, want a session that is not nil, and an error", record, err)
	}
}

func TestO7ALateSaveDoesNotBringTheOldPairBack(t *testing.T) {
	t.Parallel()
	for name, fresh := range databasetest.Engines() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := fresh(t)
			s, _ := openNew(t, d)
			b := newBrowser()
			signedIn := b.signIn(t, s, lead(1))
			r := b.request(t)
			stale, err := s.Get(r, "__Host-portal")
			if err != nil {
				t.Fatalf("Get: %v", err)
			}
			if _, err := s.Refresh(t.Context(), signedIn.ID, 1, gives(pair(2))); err != nil {
				t.Fatalf("Refresh: %v", err)
			}
			if err := s.Save(r, httptest.NewRecorder(), stale); !errors.Is(err, session.ErrNotSaved) {
				t.Errorf("a late Save: %v, want ErrNotSaved", err)
			}
			if got := b.load(t, s); got == nil || got.Tokens != pair(2) {
				t.Errorf("after a late Save the session has %v, want the new pair", got)
			}
		})
	}
}
