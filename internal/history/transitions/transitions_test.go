package transitions_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
	"gitlab-agent-portal/internal/database/databasetest"
	"gitlab-agent-portal/internal/history"
	"gitlab-agent-portal/internal/history/transitions"
)

const day = 24 * time.Hour

func TestWhatBecameOfAgentsIsReadWithTheStateInWhichTheTimeBegan(t *testing.T) {
	t.Parallel()
	for name, fresh := range databasetest.Engines() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clock := gitlabtest.NewClock(time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC))
			db := fresh(t).Open(t)
			s := transitions.New(db, 400*day, clock.Now)
			at := func(ago time.Duration, agent int64, kind history.Kind, token int64) history.Transition {
				return history.Transition{AgentID: agent, At: clock.Now().Add(-ago), Kind: kind, TokenID: token}
			}
			noted := []history.Transition{
				at(20*day, 1, history.Registered, 0), at(19*day, 1, history.Connected, 0), at(18*day, 1, history.TokenCreated, 7),
				at(9*day, 1, history.NotConnected, 0), at(8*day, 1, history.TokenRevoked, 7), at(2*day, 1, history.Connected, 0),
				at(time.Hour, 2, history.Registered, 0), at(time.Hour, 3, history.Registered, 0),
			}
			for range 2 { // the second time says nothing new
				if err := s.Note(t.Context(), db.Write, noted); err != nil {
					t.Fatalf("Note: %v", err)
				}
			}
			for days, want := range map[time.Duration][]history.Transition{
				7 * day:   {noted[3], noted[5], noted[6]},
				9 * day:   {noted[1], noted[3], noted[4], noted[5], noted[6]},
				100 * day: noted[:7],
			} {
				got, err := s.Of(t.Context(), []int64{1, 2}, clock.Now().Add(-days))
				if diff := cmp.Diff(want, got); err != nil || diff != "" {
					t.Errorf("since %v: %v (-want +got):\n%s", days, err, diff)
				}
			}
			clock.Advance(381 * day)
			if n, err := s.Sweep(t.Context()); n != 1 || err != nil {
				t.Errorf("swept %d, %v; want the one that is 400 days old and says nothing of the connection", n, err)
			}
		})
	}
}
