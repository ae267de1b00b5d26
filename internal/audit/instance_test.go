package audit_test

import (
	"testing"
	"time"

	"gitlab-agent-portal/internal/activity"
	"gitlab-agent-portal/internal/audit"
	"gitlab-agent-portal/internal/database"
	"gitlab-agent-portal/internal/database/databasetest"
)

func TestN1RowsOfAnotherInstanceAreNotShown(t *testing.T) {
	t.Parallel()
	for name, fresh := range databasetest.Engines() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, clock := fresh(t), newClock()
			at := func(instance string, work func(log *audit.Log)) {
				db, err := database.Open(t.Context(), d.URL, instance)
				if err != nil {
					t.Fatal(err)
				}
				work(audit.New(db, retention, clock.Now))
				if err := db.Close(); err != nil {
					t.Fatal(err)
				}
			}
			made, refused := tokenCreate(), tokenCreate()
			made.Outcome, made.Target.TokenID = activity.OK, 7
			refused.Action, refused.Outcome = activity.TokenRevoke, activity.Refused
			at("one", func(log *audit.Log) { record(t, log, made, refused) })
			at("another", func(log *audit.Log) {
				wantKnown(t, log, 0, 0)
				record(t, log, refused) // equal, and a row of its own
				wantKnown(t, log, 1, 0)
				stored := made
				stored.Action = activity.TokenStored
				record(t, log, stored) // of another token with the same number
			})
			at("one", func(log *audit.Log) { wantKnown(t, log, 2, 1) })
		})
	}
}

// wantKnown checks how many rows and unstored tokens of the tests' agent the log tells of.
func wantKnown(t *testing.T, log *audit.Log, rows, unstored int) {
	t.Helper()
	if got := page(t, log, audit.Filter{Projects: []int64{20}}, 0, 10); len(got) != rows {
		t.Errorf("%d rows are shown, want %d", len(got), rows)
	}
	if got := page(t, log, audit.Filter{Projects: []int64{20}, From: newClock().Now().Add(-time.Hour)}, 0, 10); len(got) != rows {
		t.Errorf("%d rows of a time are shown, want %d", len(got), rows)
	}
	got, err := log.Unstored(t.Context(), []int64{5})
	if err != nil || len(got) != unstored {
		t.Errorf("Unstored = %v, %v, want %d", got, err, unstored)
	}
	_, found, err := log.CreatedBy(t.Context(), 42, audit.Claim{ProjectID: 20, AgentID: 5, TokenID: 7})
	if err != nil || found != (unstored > 0) {
		t.Errorf("CreatedBy finds the create: %v, %v, want %v", found, err, unstored > 0)
	}
}
