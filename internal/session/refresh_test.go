package session_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/internal/database/databasetest"
	"gitlab-agent-portal/internal/session"
)

// gate is a refresh that tells when it began and answers when it is let go.
type gate struct {
	began, release chan struct{}
	calls          atomic.Int32
	tokens         gitlabapi.TokenPair
	err            error
}

func newGate(tokens gitlabapi.TokenPair, err error) *gate {
	return &gate{began: make(chan struct{}, 100), release: make(chan struct{}), tokens: tokens, err: err}
}

func (g *gate) refresh(ctx context.Context, _ gitlabapi.TokenPair) (gitlabapi.TokenPair, error) {
	g.calls.Add(1)
	g.began <- struct{}{}
	select {
	case <-g.release:
		return g.tokens, g.err
	case <-ctx.Done():
		return gitlabapi.TokenPair{}, ctx.Err()
	}
}

// outcome is what one call of Refresh returned.
type outcome struct {
	session *session.Session
	err     error
}

// start calls Refresh in the background.
func start(ctx context.Context, s *session.Store, signedIn *session.Session, refresh session.RefreshFunc) <-chan outcome {
	result := make(chan outcome, 1)
	go func() {
		renewed, err := s.Refresh(ctx, signedIn.ID, signedIn.Version, refresh)
		result <- outcome{renewed, err}
	}()
	return result
}

func wantPair(t *testing.T, o outcome, want gitlabapi.TokenPair, version int64) {
	t.Helper()
	if o.err != nil {
		t.Errorf("Refresh: %v", o.err)
	} else if o.session.Tokens != want || o.session.Version != version {
		t.Errorf("Refresh = %v with pair until %v, want version %d with pair until %v",
			o.session, o.session.Tokens.ExpiresAt, version, want.ExpiresAt)
	}
}

func TestO7RefreshRunsOnce(t *testing.T) {
	t.Parallel()
	for name, fresh := range databasetest.Engines() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := fresh(t)
			s, _ := openNew(t, d)
			b := newBrowser()
			signedIn := b.signIn(t, s, lead(1))
			refreshOnce(t, []*session.Store{s}, signedIn, func() {})
			if got := b.load(t, s); got == nil || got.Tokens != pair(2) {
				t.Errorf("Load after Refresh = %v, want the session with the new pair", got)
			}
		})
	}
}

func TestO7RefreshRunsOnceAmongReplicas(t *testing.T) {
	t.Parallel()
	d := databasetest.Postgres(t)
	cfg := configure(newClock())
	replicas := []*session.Store{open(t, d.Open(t), cfg), open(t, d.Open(t), cfg)}
	b := newBrowser()
	signedIn := b.signIn(t, replicas[0], lead(1))
	refreshOnce(t, replicas, signedIn, func() { awaitWaiter(t, replicas...) })
	for i, s := range replicas {
		if got := b.load(t, s); got == nil || got.Tokens != pair(2) {
			t.Errorf("replica %d: Load after Refresh = %v, want the session with the new pair", i, got)
		}
	}
}

// refreshOnce has a hundred requests find the session's pair over, spread over the replicas.
// await returns when the replicas that do not refresh wait for the one that does.
func refreshOnce(t *testing.T, replicas []*session.Store, signedIn *session.Session, await func()) {
	t.Helper()
	gitlab := newGate(pair(2), nil)
	results := make([]<-chan outcome, 100)
	for i := range results {
		results[i] = start(t.Context(), replicas[i%len(replicas)], signedIn, gitlab.refresh)
	}
	<-gitlab.began
	await()
	close(gitlab.release)
	seen := make(map[*session.Session]bool)
	for _, result := range results {
		o := <-result
		wantPair(t, o, pair(2), 2)
		if seen[o.session] {
			t.Fatal("two callers share one Session, want a copy for each")
		}
		seen[o.session] = true
	}
	if calls := gitlab.calls.Load(); calls != 1 {
		t.Errorf("GitLab was asked %d times, want once", calls)
	}
}

func TestRefreshOfAnOldVersionReturnsTheNewPair(t *testing.T) {
	t.Parallel()
	for name, fresh := range databasetest.Engines() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := fresh(t)
			s, _ := openNew(t, d)
			signedIn := newBrowser().signIn(t, s, lead(1))
			renewed, err := s.Refresh(t.Context(), signedIn.ID, 1, gives(pair(2)))
			wantPair(t, outcome{renewed, err}, pair(2), 2)
			renewed, err = s.Refresh(t.Context(), signedIn.ID, 1, forbidden(t))
			wantPair(t, outcome{renewed, err}, pair(2), 2)
			renewed, err = s.Refresh(t.Context(), signedIn.ID, 2, gives(pair(3)))
			wantPair(t, outcome{renewed, err}, pair(3), 3)
		})
	}
}

func TestRefreshHandsTheCurrentPairOn(t *testing.T) {
	t.Parallel()
	onEveryEngine(t, func(t *testing.T, d *databasetest.Database) {
		t.Helper()
		s, _ := openNew(t, d)
		signedIn := newBrowser().signIn(t, s, lead(1))
		_, err := s.Refresh(t.Context(), signedIn.ID, 1, func(_ context.Context, current gitlabapi.TokenPair) (gitlabapi.TokenPair, error) {
			if current != pair(1) {
				t.Errorf("refresh got the pair until %v, want the session's", current.ExpiresAt)
			}
			return pair(2), nil
		})
		if err != nil {
			t.Errorf("Refresh: %v", err)
		}
	})
}

func TestO7RefreshSurvivesItsCaller(t *testing.T) {
	t.Parallel()
	for name, fresh := range databasetest.Engines() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := fresh(t)
			s, _ := openNew(t, d)
			signedIn := newBrowser().signIn(t, s, lead(1))
			gitlab := newGate(pair(2), nil)
			ctx, leave := context.WithCancel(t.Context())
			aborted := start(ctx, s, signedIn, gitlab.refresh)
			<-gitlab.began
			waiter := start(t.Context(), s, signedIn, forbidden(t))
			leave()
			if o := <-aborted; !errors.Is(o.err, context.Canceled) {
				t.Errorf("Refresh of a caller that left = %v, %v, want its context's error", o.session, o.err)
			}
			close(gitlab.release)
			wantPair(t, <-waiter, pair(2), 2)
		})
	}
}

func TestO8FailedRefreshKeepsTheSession(t *testing.T) {
	t.Parallel()
	for name, fresh := range databasetest.Engines() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := fresh(t)
			s, _ := openNew(t, d)
			b := newBrowser()
			signedIn := b.signIn(t, s, lead(1))
			refused := errors.New("refused")
			_, err := s.Refresh(t.Context(), signedIn.ID, 1, func(context.Context, gitlabapi.TokenPair) (gitlabapi.TokenPair, error) {
				return gitlabapi.TokenPair{}, refused
			})
			if err != refused { //nolint:errorlint // it has to be the very error
				t.Errorf("Refresh = %v, want the refresh's error as it is", err)
			}
			if got := b.load(t, s); got == nil || got.Version != 1 || got.Tokens != pair(1) {
				t.Errorf("after a failed refresh: %v, want the session as it was", got)
			}
			for range 2 { // the second time there is nothing left
				if ended, err := s.End(t.Context(), signedIn.ID, 1); !ended || err != nil {
					t.Errorf("End = %v, %v, want the end", ended, err)
				}
			}
			if got := b.load(t, s); got != nil {
				t.Errorf("after End: %v, want nobody", got)
			}
			if _, err := s.Refresh(t.Context(), signedIn.ID, 1, forbidden(t)); !errors.Is(err, session.ErrGone) {
				t.Errorf("Refresh of an ended session: %v, want ErrGone", err)
			}
		})
	}
}

func TestRefreshThatPanicsIsAnError(t *testing.T) {
	t.Parallel()
	for name, fresh := range databasetest.Engines() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := fresh(t)
			cfg := configure(newClock())
			log := new(logBuffer)
			cfg.Log = log.logger()
			s := open(t, d.Open(t), cfg)
			signedIn := newBrowser().signIn(t, s, lead(1))
			_, err := s.Refresh(t.Context(), signedIn.ID, 1, func(_ context.Context, current gitlabapi.TokenPair) (gitlabapi.TokenPair, error) {
				panic(current.Access.Reveal())
			})
			if err == nil {
				t.Error("Refresh: no error")
			}
			if text := log.String(); text == "" || containsCanary(text) {
				t.Errorf("log = %q, want the panic without its value", text)
			}
			renewed, err := s.Refresh(t.Context(), signedIn.ID, 1, gives(pair(2)))
			wantPair(t, outcome{renewed, err}, pair(2), 2)
		})
	}
}

func TestSessionIsReadableDuringARefresh(t *testing.T) {
	t.Parallel()
	for name, fresh := range databasetest.Engines() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := fresh(t)
			s, clock := openNew(t, d)
			b := newBrowser()
			signedIn := b.signIn(t, s, lead(1))
			gitlab := newGate(pair(2), nil)
			result := start(t.Context(), s, signedIn, gitlab.refresh)
			<-gitlab.began
			clock.Advance(2 * time.Minute) // Load has to note that the session was seen
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			if got, err := s.Load(ctx, b.request(t)); got == nil || err != nil {
				t.Errorf("Load = %v, %v, want the session", got, err)
			}
			clock.Advance(session.IdleLimit) // and Sweep to delete it
			if _, err := s.Sweep(ctx); err != nil {
				t.Errorf("Sweep: %v", err)
			}
			if ctx.Err() != nil {
				t.Error("Load or Sweep waited for the refresh")
			}
			close(gitlab.release)
			if o := <-result; !errors.Is(o.err, session.ErrGone) { // which Sweep may do on SQLite
				wantPair(t, o, pair(2), 2)
			}
		})
	}
}

func TestO7DatabaseLostDuringARefresh(t *testing.T) {
	t.Parallel()
	for name, fresh := range databasetest.Engines() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := fresh(t)
			s, _ := openNew(t, d)
			s.LimitRefresh(10*time.Second, 200*time.Millisecond)
			b := newBrowser()
			signedIn := b.signIn(t, s, lead(1))
			lose := func() func() { return refuseWrites(t, d) }
			var repair func()
			_, err := s.Refresh(t.Context(), signedIn.ID, 1, func(context.Context, gitlabapi.TokenPair) (gitlabapi.TokenPair, error) {
				repair = lose()
				return pair(2), nil
			})
			if err == nil {
				t.Error("Refresh gave out a pair that was not saved")
			}
			if _, err := s.Refresh(t.Context(), signedIn.ID, 1, forbidden(t)); err == nil {
				t.Error("Refresh without a database: no error")
			}
			repair()
			renewed, err := s.Refresh(t.Context(), signedIn.ID, 1, forbidden(t))
			wantPair(t, outcome{renewed, err}, pair(2), 2)
			if got := b.load(t, s); got == nil || got.Tokens != pair(2) {
				t.Errorf("Load = %v, want the pair that was kept while the database was away", got)
			}
		})
	}
}

func TestO7AKeptPairIsSavedOnceTheDatabaseIsBack(t *testing.T) {
	t.Parallel()
	onEveryEngine(t, func(t *testing.T, d *databasetest.Database) {
		t.Helper()
		s, _ := openNew(t, d)
		s.LimitRefresh(10*time.Second, 200*time.Millisecond)
		b := newBrowser()
		signedIn := b.signIn(t, s, lead(1))
		lose := func() func() { return refuseWrites(t, d) }
		var repair func()
		_, err := s.Refresh(t.Context(), signedIn.ID, 1, func(context.Context, gitlabapi.TokenPair) (gitlabapi.TokenPair, error) {
			repair = lose()
			return pair(2), nil
		})
		if err == nil {
			t.Error("Refresh gave out a pair that was not saved")
		}
		repair()
		// Nobody asks this store again; another replica can only see what is in the database.
		databasetest.Await(t, d.Raw(t), `SELECT count(*) FROM sessions WHERE version = 2`)
		if got := b.load(t, s); got == nil || got.Tokens != pair(2) {
			t.Errorf("Load = %v, want the pair that was kept", got)
		}
	})
}

func TestO7ClosingSavesAKeptPair(t *testing.T) {
	t.Parallel()
	onEveryEngine(t, func(t *testing.T, d *databasetest.Database) {
		t.Helper()
		db, cfg := d.Open(t), configure(newClock())
		s := open(t, db, cfg)
		s.LimitRefresh(10*time.Second, 200*time.Millisecond)
		b := newBrowser()
		signedIn := b.signIn(t, s, lead(1))
		lose := func() func() { return refuseWrites(t, d) }
		var repair func()
		_, _ = s.Refresh(t.Context(), signedIn.ID, 1, func(context.Context, gitlabapi.TokenPair) (gitlabapi.TokenPair, error) {
			repair = lose()
			return pair(2), nil
		})
		repair()
		s.LimitRefresh(10*time.Second, 10*time.Second)
		s.Close()
		if got := b.load(t, open(t, db, cfg)); got == nil || got.Tokens != pair(2) {
			t.Errorf("after a restart: %v, want the pair that was kept", got)
		}
	})
}

func TestALookAtAnOldVersionDoesNotForgetAKeptPair(t *testing.T) {
	t.Parallel()
	d := databasetest.SQLite(t) // which can be read while it refuses to be written
	s, _ := openNew(t, d)
	s.LimitRefresh(10*time.Second, 200*time.Millisecond)
	signedIn := newBrowser().signIn(t, s, lead(1))
	lose := func() func() { return refuseWrites(t, d) }
	var repair func()
	_, _ = s.Refresh(t.Context(), signedIn.ID, 1, func(context.Context, gitlabapi.TokenPair) (gitlabapi.TokenPair, error) {
		repair = lose()
		return pair(2), nil
	})
	older, err := s.Refresh(t.Context(), signedIn.ID, 0, forbidden(t))
	wantPair(t, outcome{older, err}, pair(1), 1)
	repair()
	renewed, err := s.Refresh(t.Context(), signedIn.ID, 1, forbidden(t))
	wantPair(t, outcome{renewed, err}, pair(2), 2)
}

func TestO8ARefusalOfAnEarlierPairDoesNotEndTheSession(t *testing.T) {
	t.Parallel()
	onEveryEngine(t, func(t *testing.T, d *databasetest.Database) {
		t.Helper()
		s, _ := openNew(t, d)
		b := newBrowser()
		signedIn := b.signIn(t, s, lead(1))
		if _, err := s.Refresh(t.Context(), signedIn.ID, 1, gives(pair(2))); err != nil {
			t.Fatal(err)
		}
		if ended, err := s.End(t.Context(), signedIn.ID, 1); ended || err != nil {
			t.Errorf("End for the pair before = %v, %v, want that the session goes on", ended, err)
		}
		if got := b.load(t, s); got == nil || got.Tokens != pair(2) {
			t.Errorf("Load = %v, want the session with its new pair", got)
		}
		if ended, err := s.End(t.Context(), signedIn.ID, 2); !ended || err != nil {
			t.Errorf("End for the pair of now = %v, %v, want the end", ended, err)
		}
	})
}

func TestRefreshNeverOverwritesALaterVersion(t *testing.T) {
	t.Parallel()
	d := databasetest.SQLite(t)
	s, _ := openNew(t, d)
	signedIn := newBrowser().signIn(t, s, lead(1))
	renewed, err := s.Refresh(t.Context(), signedIn.ID, 1, func(ctx context.Context, _ gitlabapi.TokenPair) (gitlabapi.TokenPair, error) {
		// Somebody saves although the session is claimed, as a holder does whose lease is over.
		_, err := d.Raw(t).ExecContext(ctx, `UPDATE sessions SET version = 5`)
		return pair(2), err
	})
	wantPair(t, outcome{renewed, err}, pair(1), 5)
}

func TestSignOutRevokesAPairThatWasNeverSaved(t *testing.T) {
	t.Parallel()
	d := databasetest.Postgres(t)
	s, _ := openNew(t, d)
	s.LimitRefresh(10*time.Second, 200*time.Millisecond)
	b := newBrowser()
	signedIn := b.signIn(t, s, lead(1))
	lose := func() { d.Postgres.Stop(t) }
	_, err := s.Refresh(t.Context(), signedIn.ID, 1, func(context.Context, gitlabapi.TokenPair) (gitlabapi.TokenPair, error) {
		lose()
		return pair(2), nil
	})
	if err == nil {
		t.Fatal("Refresh without a database: no error")
	}
	d.Postgres.Start(t)
	ended, err := s.SignOut(t.Context(), newRecorder(), b.request(t))
	if err != nil || ended == nil || ended.Tokens != pair(2) {
		t.Errorf("SignOut = %v, %v, want the pair that is alive, to revoke it", ended, err)
	}
}

func TestO7AFailoverDuringARenewalDoesNotLoseThePair(t *testing.T) {
	t.Parallel()
	d := databasetest.Postgres(t)
	s, _ := openNew(t, d)
	signedIn := newBrowser().signIn(t, s, lead(1))
	failOver := func() { d.Postgres.Stop(t); d.Postgres.Start(t) }
	renewed, err := s.Refresh(t.Context(), signedIn.ID, 1, func(context.Context, gitlabapi.TokenPair) (gitlabapi.TokenPair, error) {
		failOver()
		return pair(2), nil
	})
	wantPair(t, outcome{renewed, err}, pair(2), 2)
}
