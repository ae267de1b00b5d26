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

// TestPiecesAreTogetherWhatIsAskedFor reads the same time in pieces of every size: none is lost and none
// comes twice, also of transitions of one moment.
func TestPiecesAreTogetherWhatIsAskedFor(t *testing.T) {
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
				at(20*day, 1, history.Registered, 0), at(19*day, 1, history.Connected, 0), at(9*day, 1, history.NotConnected, 0), // before the time
				at(8*day, 1, history.TokenRevoked, 7),
				at(6*day, 1, history.Connected, 0), at(6*day, 1, history.TokenCreated, 8), at(6*day, 1, history.TokenCreated, 9),
				at(5*day, 3, history.Registered, 0), at(4*day, 3, history.Connected, 0),
				at(time.Hour, 1, history.NotConnected, 0), at(time.Hour, 2, history.Registered, 0), // after it, and of another agent
			}
			if err := s.Note(t.Context(), db.Write, noted); err != nil {
				t.Fatal(err)
			}
			want := []history.Transition{noted[2], noted[4], noted[5], noted[6], noted[7], noted[8]}
			for limit := 1; limit <= len(want)+1; limit++ {
				var got []history.Transition
				q := transitions.Query{Agents: []int64{1, 3}, Since: clock.Now().Add(-7 * day), Until: clock.Now().Add(-time.Hour), Limit: limit}
				for {
					piece, err := s.Page(t.Context(), q)
					if err != nil || len(piece) > limit {
						t.Fatalf("a piece of %d has %d: %v", limit, len(piece), err)
					}
					if len(piece) == 0 {
						break
					}
					got = append(got, piece...)
					q.After = piece[len(piece)-1]
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("in pieces of %d (-want +got):\n%s", limit, diff)
				}
			}
		})
	}
}
