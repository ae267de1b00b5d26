package session_test

import (
	"testing"

	"gitlab-agent-portal/internal/database/databasetest"
	"gitlab-agent-portal/internal/session"
)

// TestP14TheLeaseOutlivesTheWorkItGuards has GitLab answer late: elsewhere the lock ended meanwhile,
// and a second replica rotated the tokens.
func TestP14TheLeaseOutlivesTheWorkItGuards(t *testing.T) {
	t.Parallel()
	d := databasetest.Postgres(t)
	cfg := configure(newClock())
	replicas := []*session.Store{open(t, d.Open(t), cfg), open(t, d.Open(t), cfg)}
	signedIn := newBrowser().signIn(t, replicas[0], lead(1))
	gitlab := newGate(pair(2), nil)
	holder := start(t.Context(), replicas[0], signedIn, gitlab.refresh)
	<-gitlab.began
	waiter := start(t.Context(), replicas[1], signedIn, forbidden(t))
	awaitWaiter(t, replicas[1])
	var open int
	if err := d.Raw(t).QueryRowContext(t.Context(), `SELECT count(*) FROM pg_stat_activity
		WHERE datname = current_database() AND state LIKE 'idle in transaction%'`).Scan(&open); err != nil || open != 0 {
		t.Errorf("%d transactions stay open while GitLab answers, %v; want none", open, err)
	}
	close(gitlab.release)
	wantPair(t, <-holder, pair(2), 2)
	wantPair(t, <-waiter, pair(2), 2)
	if calls := gitlab.calls.Load(); calls != 1 {
		t.Errorf("GitLab was asked %d times, want once", calls)
	}
	if lease, wait, call, save := replicas[0].RefreshLimits(); lease <= call+save || wait <= lease {
		t.Errorf("a lease stands for %v and is waited for %v; its holder may need %v", lease, wait, call+save)
	}
}
