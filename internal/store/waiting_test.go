package store_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/internal/store"
)

// The tests of this file run inside a synctest bubble, as far as the engine lets them: its clock
// makes deadlines free, and synctest.Wait proves that something waits where a sleep could only
// hope so.

// onEveryEngineInABubble is onEveryEngine for tests that wait for nothing but their own channels
// and clocks.
func onEveryEngineInABubble(t *testing.T, test func(t *testing.T, e engine)) {
	t.Helper()
	onEveryEngine(t, func(t *testing.T, e engine) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) { test(t, e) })
	})
}

// onEveryEngineWithLocks is onEveryEngine for tests in which something waits for a session's lock:
// awaitWaiter returns when it does. A bubble does not see what waits in PostgreSQL, which tells itself.
func onEveryEngineWithLocks(t *testing.T, test func(t *testing.T, e engine, awaitWaiter func())) {
	t.Helper()
	onEveryEngine(t, func(t *testing.T, e engine) {
		t.Helper()
		if e.postgres != nil {
			test(t, e, func() { e.awaitLockWaiter(t) })
			return
		}
		synctest.Test(t, func(t *testing.T) { test(t, e, synctest.Wait) })
	})
}

func bubbleTime() time.Time { return time.Now() }

func TestRefreshEndsAtItsOwnDeadline(t *testing.T) {
	t.Parallel()
	onEveryEngineInABubble(t, func(t *testing.T, e engine) {
		t.Helper()
		s, _ := openNew(t, e)
		session := newBrowser().signIn(t, s, lead(1))
		began := bubbleTime()
		_, err := s.Refresh(t.Context(), session.ID, 1, newGate(pair(2), nil).refresh) // never let go
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
	onEveryEngineWithLocks(t, func(t *testing.T, e engine, awaitWaiter func()) {
		t.Helper()
		s, _ := openNew(t, e)
		b := newBrowser()
		session := b.signIn(t, s, lead(1))
		gitlab := newGate(pair(2), nil)
		result := start(t.Context(), s, session, gitlab.refresh)
		<-gitlab.began

		signedOut := make(chan *store.Session, 1)
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
	onEveryEngineWithLocks(t, func(t *testing.T, e engine, awaitWaiter func()) {
		t.Helper()
		s, _ := openNew(t, e)
		session := newBrowser().signIn(t, s, lead(1))
		first, second := newGate(pair(2), nil), newGate(pair(3), nil)
		earlier := start(t.Context(), s, session, first.refresh)
		<-first.began
		next := *session
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
	onEveryEngineInABubble(t, func(t *testing.T, e engine) {
		t.Helper()
		s, _ := openNew(t, e)
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
	onEveryEngineInABubble(t, func(t *testing.T, e engine) {
		t.Helper()
		c := newClock()
		cfg := configure(e, c)
		s, err := store.Open(t.Context(), cfg)
		if err != nil {
			t.Fatalf("Open: %v", err)
		}
		b := newBrowser()
		session := b.signIn(t, s, lead(1))
		gitlab := newGate(pair(2), nil)
		ctx, leave := context.WithCancel(t.Context())
		result := start(ctx, s, session, gitlab.refresh)
		<-gitlab.began
		leave() // nobody waits for the refresh any more, but Close does
		<-result

		closed := make(chan error, 1)
		go func() { closed <- s.Close() }()
		synctest.Wait()
		if len(closed) > 0 {
			t.Error("Close did not wait for the refresh")
		}
		close(gitlab.release)
		if err := <-closed; err != nil {
			t.Errorf("Close: %v", err)
		}
		if _, err := s.Refresh(t.Context(), session.ID, 2, forbidden(t)); err == nil {
			t.Error("Refresh after Close: no error")
		}
		if got := b.load(t, open(t, cfg)); got == nil || got.Tokens != pair(2) {
			t.Errorf("after a restart: %v, want the pair that came while closing", got)
		}
	})
}

func TestRefreshGivesUpWaitingForTheLock(t *testing.T) {
	t.Parallel()
	e := sqliteEngine(t)
	synctest.Test(t, func(t *testing.T) {
		s, _ := openNew(t, e)
		session := newBrowser().signIn(t, s, lead(1))
		hung := make(chan struct{})
		holder := start(t.Context(), s, session, func(context.Context, gitlabapi.TokenPair) (gitlabapi.TokenPair, error) {
			<-hung // ignores its deadline
			return pair(2), nil
		})
		synctest.Wait()
		next := *session
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
