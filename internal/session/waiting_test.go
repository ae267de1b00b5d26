package session_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/internal/database/databasetest"
	"gitlab-agent-portal/internal/session"
)

// The tests of this file run inside a synctest bubble, as far as thd *databasetest.Database lets them: its clock
// makes deadlines free, and synctest.Wait proves that something waits where a sleep could only
// hope so.

// onEveryEngineInABubble is onEveryEngine for tests that wait for nothing but their own channels
// and clocks.
func onEveryEngineInABubble(t *testing.T, test func(t *testing.T, d *databasetest.Database)) {
	t.Helper()
	onEveryEngine(t, func(t *testing.T, d *databasetest.Database) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) { test(t, d) })
	})
}

// onEveryEngineWithLocks is onEveryEngine for tests in which something waits for a session's lock:
// awaitWaiter returns when it does. A bubble does not see what waits in PostgreSQL, which tells itself.
func onEveryEngineWithLocks(t *testing.T, test func(t *testing.T, d *databasetest.Database, awaitWaiter func())) {
	t.Helper()
	onEveryEngine(t, func(t *testing.T, d *databasetest.Database) {
		t.Helper()
		if d.Postgres != nil {
			test(t, d, func() { awaitLockWaiter(t, d) })
			return
		}
		synctest.Test(t, func(t *testing.T) { test(t, d, synctest.Wait) })
	})
}

func bubbleTime() time.Time { return time.Now() }

func TestRefreshEndsAtItsOwnDeadline(t *testing.T) {
	t.Parallel()
	onEveryEngineInABubble(t, func(t *testing.T, d *databasetest.Database) {
		t.Helper()
		s, _ := openNew(t, d)
		signedIn := newBrowser().signIn(t, s, lead(1))
		began := bubbleTime()
		_, err := s.Refresh(t.Context(), signedIn.ID, 1, newGate(pair(2), nil).refresh) // never let go
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Refresh = %v, want the deadline's error", err)
		}
		if took := bubbleTime().Sub(began); took != 30*time.Second {
			t.Errorf("Refresh gave up after %v, want 30s", took)
		}
	})
}

func TestSignOutDuringARefreshTakesTheNewPairAlong(t *testing.T) {
	t.Parallel()
	onEveryEngineWithLocks(t, func(t *testing.T, d *databasetest.Database, awaitWaiter func()) {
		t.Helper()
		s, _ := openNew(t, d)
		b := newBrowser()
		signedIn := b.signIn(t, s, lead(1))
		gitlab := newGate(pair(2), nil)
		result := start(t.Context(), s, signedIn, gitlab.refresh)
		<-gitlab.began

		signedOut := make(chan *session.Session, 1)
		go func() {
			ended, err := s.SignOut(t.Context(), newRecorder(), b.request(t))
			if err != nil {
				t.Errorf("SignOut: %v", err)
			}
			signedOut <- ended
		}()
		awaitWaiter()
		if len(signedOut) > 0 {
			t.Error("SignOut did not wait for the refresh")
		}
		close(gitlab.release)
		wantPair(t, <-result, pair(2), 2)
		if ended := <-signedOut; ended == nil || ended.Tokens != pair(2) {
			t.Errorf("SignOut = %v, want the pair that is alive, to revoke it", ended)
		}
		if got := b.load(t, s); got != nil {
			t.Errorf("after sign-out: %v, want nobody", got)
		}
	})
}

func TestRefreshOfTheNextVersionDoesNotJoinTheOneUnderWay(t *testing.T) {
	t.Parallel()
	onEveryEngineWithLocks(t, func(t *testing.T, d *databasetest.Database, awaitWaiter func()) {
		t.Helper()
		s, _ := openNew(t, d)
		signedIn := newBrowser().signIn(t, s, lead(1))
		first, second := newGate(pair(2), nil), newGate(pair(3), nil)
		earlier := start(t.Context(), s, signedIn, first.refresh)
		<-first.began
		next := *signedIn
		next.Version = 2 // somebody who has seen what the first one is about to bring
		later := start(t.Context(), s, &next, second.refresh)
		awaitWaiter()
		if second.calls.Load() != 0 {
			t.Error("two refreshes of one session ran at once")
		}
		close(first.release)
		close(second.release)
		wantPair(t, <-earlier, pair(2), 2)
		wantPair(t, <-later, pair(3), 3)
	})
}

func TestRefreshOfOneSessionDoesNotHoldUpAnother(t *testing.T) {
	t.Parallel()
	onEveryEngineInABubble(t, func(t *testing.T, d *databasetest.Database) {
		t.Helper()
		s, _ := openNew(t, d)
		slow := newBrowser().signIn(t, s, lead(1))
		quick := newBrowser().signIn(t, s, lead(1))
		gitlab := newGate(pair(2), nil)
		result := start(t.Context(), s, slow, gitlab.refresh)
		<-gitlab.began
		renewed, err := s.Refresh(t.Context(), quick.ID, 1, gives(pair(3)))
		wantPair(t, outcome{renewed, err}, pair(3), 2)
		close(gitlab.release)
		wantPair(t, <-result, pair(2), 2)
	})
}

func TestCloseWaitsForARefresh(t *testing.T) {
	t.Parallel()
	onEveryEngineInABubble(t, func(t *testing.T, d *databasetest.Database) {
		t.Helper()
		db, cfg := d.Open(t), configure(newClock())
		s := open(t, db, cfg)
		b := newBrowser()
		signedIn := b.signIn(t, s, lead(1))
		gitlab := newGate(pair(2), nil)
		ctx, leave := context.WithCancel(t.Context())
		result := start(ctx, s, signedIn, gitlab.refresh)
		<-gitlab.began
		leave() // nobody waits for the refresh any more, but Close does
		<-result

		closed := make(chan struct{})
		go func() {
			defer close(closed)
			s.Close()
		}()
		synctest.Wait()
		select {
		case <-closed:
			t.Error("Close did not wait for the refresh")
		default:
		}
		close(gitlab.release)
		<-closed
		if _, err := s.Refresh(t.Context(), signedIn.ID, 2, forbidden(t)); err == nil {
			t.Error("Refresh after Close: no error")
		}
		if got := b.load(t, open(t, db, cfg)); got == nil || got.Tokens != pair(2) {
			t.Errorf("after a restart: %v, want the pair that came while closing", got)
		}
	})
}

func TestRefreshGivesUpWaitingForTheLock(t *testing.T) {
	t.Parallel()
	d := databasetest.SQLite(t)
	synctest.Test(t, func(t *testing.T) {
		s, _ := openNew(t, d)
		signedIn := newBrowser().signIn(t, s, lead(1))
		hung := make(chan struct{})
		holder := start(t.Context(), s, signedIn, func(context.Context, gitlabapi.TokenPair) (gitlabapi.TokenPair, error) {
			<-hung // ignores its deadline
			return pair(2), nil
		})
		synctest.Wait()
		next := *signedIn
		next.Version = 2
		began := bubbleTime()
		if _, err := s.Refresh(t.Context(), next.ID, next.Version, forbidden(t)); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Refresh behind a holder that hangs = %v, want the deadline's error", err)
		}
		if took := bubbleTime().Sub(began); took != 40*time.Second {
			t.Errorf("Refresh gave up after %v, want 40s: longer than a holder may take", took)
		}
		close(hung)
		<-holder
	})
}
