package session_test

import (
	"testing"

	"gitlab-agent-portal/internal/database/databasetest"
	"gitlab-agent-portal/internal/session"
)

// TestP14TheLockOutlivesTheWorkItGuards lets a server-wide limit for idle transactions pass
// while GitLab answers: elsewhere the lock ended then, and a second replica rotated the tokens.
func TestP14TheLockOutlivesTheWorkItGuards(t *testing.T) {
	t.Parallel()
	d := databasetest.Postgres(t)
	if _, err := d.Raw(t).ExecContext(t.Context(), `DO $$ BEGIN
		EXECUTE format('ALTER DATABASE %I SET idle_in_transaction_session_timeout = 50', current_database()); END $$`); err != nil {
		t.Fatal(err)
	}
	cfg := configure(newClock())
	replicas := []*session.Store{open(t, d.Open(t), cfg), open(t, d.Open(t), cfg)}
	signedIn := newBrowser().signIn(t, replicas[0], lead(1))
	gitlab := newGate(pair(2), nil)
	holder := start(t.Context(), replicas[0], signedIn, gitlab.refresh)
	<-gitlab.began
	waiter := start(t.Context(), replicas[1], signedIn, forbidden(t))
	awaitLockWaiter(t, d)
	databasetest.Await(t, d.Raw(t), `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
		AND (state = 'idle in transaction' AND now() - state_change > interval '250 ms'
			OR NOT EXISTS (SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle in transaction'))`)
	close(gitlab.release)
	wantPair(t, <-holder, pair(2), 2)
	wantPair(t, <-waiter, pair(2), 2)
	if calls := gitlab.calls.Load(); calls != 1 {
		t.Errorf("GitLab was asked %d times, want once", calls)
	}
	for name, s := range map[string]*session.Store{"holder": replicas[0], "waiter": replicas[1]} {
		if wait, call, save := s.RefreshLimits(); wait <= call+save {
			t.Errorf("the %s gives a lock up after %v, and its holder may need %v", name, wait, call+save)
		}
	}
}
