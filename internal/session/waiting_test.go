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

// The tests of this file run inside a synctest bubble, as far as the database lets them: its clock
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

func bubbleTime() time.Time { return time.Now() }

func TestRefreshEndsAtItsOwnDeadline(t *testing.T) {
	t.Parallel()
	onEveryEngineInABubble(t, func(t *testing.T, d *databasetest.Database) {
		t.Helper()
		cfg := configure(newClock())
		cfg.Patience = time.Hour
		s := open(t, d.Open(t), cfg)
		signedIn := newBrowser().signIn(t, s, lead(1))
		began := bubbleTime()
		_, err := s.Refresh(t.Context(), signedIn.ID, 1, newGate(pair(2), nil).refresh) // never let go
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Refresh = %v, want the deadline's error", err)
		}
		if took := bubbleTime().Sub(began); took != 30*time.Second {
			t.Errorf("Refresh gave up after %v, want 30s", took)
		}
		renewed, err := s.Refresh(t.Context(), signedIn.ID, 1, gives(pair(2)))
		wantPair(t, outcome{renewed, err}, pair(2), 2) // at once: the lease was given up
	})
}

func TestNobodyWaitsLongForARenewalWhichGoesOn(t *testing.T) {
	t.Parallel()
	onEveryEngineInABubble(t, func(t *testing.T, d *databasetest.Database) {
		t.Helper()
		s, _ := openNew(t, d)
		b := newBrowser()
		signedIn := b.signIn(t, s, lead(1))
		gitlab := newGate(pair(2), nil)
		began := bubbleTime()
		for range 2 {
			if _, err := s.Refresh(t.Context(), signedIn.ID, 1, gitlab.refresh); !errors.Is(err, session.ErrBusy) {
				t.Errorf("Refresh while GitLab is silent = %v, want ErrBusy", err)
			}
		}
		if took := bubbleTime().Sub(began); took != 20*time.Second {
			t.Errorf("two callers waited for %v, want 10s each", took)
		}
		close(gitlab.release)
		renewed, err := s.Refresh(t.Context(), signedIn.ID, 1, forbidden(t))
		wantPair(t, outcome{renewed, err}, pair(2), 2)
		if calls := gitlab.calls.Load(); calls != 1 {
			t.Errorf("GitLab was asked %d times, want once", calls)
		}
	})
}

func TestALeaseWhoseHolderSaysNothingMoreIsTakenOver(t *testing.T) {
	t.Parallel()
	onEveryEngine(t, func(t *testing.T, d *databasetest.Database) {
		t.Helper()
		db, cfg := d.Open(t), configure(newClock())
		holder, other := open(t, db, cfg), open(t, db, cfg)
		holder.LimitLease(50 * time.Millisecond)
		signedIn := newBrowser().signIn(t, holder, lead(1))
		gitlab := newGate(gitlabapi.TokenPair{}, errors.New("no answer"))
		silent := start(t.Context(), holder, signedIn, gitlab.refresh)
		<-gitlab.began
		renewed, err := other.Refresh(t.Context(), signedIn.ID, 1, gives(pair(2)))
		wantPair(t, outcome{renewed, err}, pair(2), 2)
		close(gitlab.release)
		if o := <-silent; !errors.Is(o.err, gitlab.err) {
			t.Errorf("Refresh of the silent holder = %v, %v, want what became of it", o.session, o.err)
		}
		if _, err := holder.Refresh(t.Context(), signedIn.ID, 2, gives(pair(3))); err != nil {
			t.Errorf("Refresh afterwards: %v", err)
		}
	})
}

func TestAHolderThatIsLateDoesNotEndTheLeaseOfItsSuccessor(t *testing.T) {
	t.Parallel()
	onEveryEngine(t, func(t *testing.T, d *databasetest.Database) {
		t.Helper()
		db, cfg := d.Open(t), configure(newClock())
		holder, successor, third := open(t, db, cfg), open(t, db, cfg), open(t, db, cfg)
		holder.LimitLease(50 * time.Millisecond)
		signedIn := newBrowser().signIn(t, holder, lead(1))
		late, next := newGate(gitlabapi.TokenPair{}, errors.New("no answer")), newGate(pair(2), nil)
		silent := start(t.Context(), holder, signedIn, late.refresh)
		<-late.began
		after := start(t.Context(), successor, signedIn, next.refresh)
		<-next.began
		close(late.release)
		<-silent
		waiter := start(t.Context(), third, signedIn, forbidden(t))
		awaitWaiter(t, third)
		close(next.release)
		wantPair(t, <-after, pair(2), 2)
		wantPair(t, <-waiter, pair(2), 2)
	})
}

func TestASweepSparesASessionThatIsBeingRenewed(t *testing.T) {
	t.Parallel()
	onEveryEngine(t, func(t *testing.T, d *databasetest.Database) {
		t.Helper()
		s, clock := openNew(t, d)
		signedIn := newBrowser().signIn(t, s, lead(1))
		gitlab := newGate(pair(2), nil)
		result := start(t.Context(), s, signedIn, gitlab.refresh)
		<-gitlab.began
		clock.Advance(session.AbsoluteLimit)
		if deleted, err := s.Sweep(t.Context()); deleted != 0 || err != nil {
			t.Errorf("Sweep during the renewal = %d, %v, want 0", deleted, err)
		}
		close(gitlab.release)
		wantPair(t, <-result, pair(2), 2)
		if deleted, err := s.Sweep(t.Context()); deleted != 1 || err != nil {
			t.Errorf("Sweep after the renewal = %d, %v, want 1", deleted, err)
		}
	})
}

func TestSignOutDuringARefreshTakesTheNewPairAlong(t *testing.T) {
	t.Parallel()
	onEveryEngine(t, func(t *testing.T, d *databasetest.Database) {
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
		awaitWaiter(t, s)
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
	onEveryEngine(t, func(t *testing.T, d *databasetest.Database) {
		t.Helper()
		s, _ := openNew(t, d)
		signedIn := newBrowser().signIn(t, s, lead(1))
		first, second := newGate(pair(2), nil), newGate(pair(3), nil)
		earlier := start(t.Context(), s, signedIn, first.refresh)
		<-first.began
		next := *signedIn
		next.Version = 2 // somebody who has seen what the first one is about to bring
		later := start(t.Context(), s, &next, second.refresh)
		awaitWaiter(t, s)
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

func TestRefreshGivesUpWaitingForTheLease(t *testing.T) {
	t.Parallel()
	d := databasetest.SQLite(t)
	synctest.Test(t, func(t *testing.T) {
		cfg := configure(newClock())
		cfg.Patience = time.Hour
		s := open(t, d.Open(t), cfg)
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
		if _, err := s.Refresh(t.Context(), next.ID, next.Version, forbidden(t)); !errors.Is(err, session.ErrBusy) {
			t.Errorf("Refresh behind a holder that hangs = %v, want ErrBusy", err)
		}
		if took := bubbleTime().Sub(began); took != 45*time.Second {
			t.Errorf("Refresh gave up after %v, want 45s: longer than a lease stands", took)
		}
		close(hung)
		<-holder
	})
}
