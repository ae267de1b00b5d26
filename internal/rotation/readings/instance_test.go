package readings_test

import (
	"testing"
	"time"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/database"
	"gitlab-agent-portal/internal/database/databasetest"
	"gitlab-agent-portal/internal/rotation"
	"gitlab-agent-portal/internal/rotation/readings"
)

func TestN1ReadingsAndContactsBelongToOneInstance(t *testing.T) {
	t.Parallel()
	for name, fresh := range databasetest.Engines() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := fresh(t)
			clock := gitlabtest.NewClock(time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC))
			wantKept := func(s *readings.Store, wantReadings, wantContact bool) {
				t.Helper()
				uses, err := s.RevokedUses(t.Context(), []agent.Agent{withTokens(7)})
				if err != nil {
					t.Fatal(err)
				}
				if r, c := len(kept(t, s, 1)) > 0, len(uses) > 0; r != wantReadings || c != wantContact {
					t.Errorf("readings kept %v, contact kept %v, want %v and %v", r, c, wantReadings, wantContact)
				}
			}
			at(t, d, "one", clock, func(s *readings.Store) {
				noteAgents(t, s, withTokens(7, used(1, clock.Now().Add(-time.Hour))))
			})
			at(t, d, "another", clock, func(s *readings.Store) {
				wantKept(s, false, false)
				note(t, s, rotation.Reading{TokenID: 1, At: clock.Now()})
			})
			at(t, d, "one", clock, func(s *readings.Store) { wantKept(s, true, true) })
		})
	}
}

// at works with the readings of one instance in a database.
func at(t *testing.T, d *databasetest.Database, instance string, clock *gitlabtest.Clock, work func(*readings.Store)) {
	t.Helper()
	db, err := database.Open(t.Context(), d.URL, instance)
	if err != nil {
		t.Fatal(err)
	}
	work(readings.New(db, clock.Now))
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}
