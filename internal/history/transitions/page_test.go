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
			want := map[int64][]history.Transition{1: {noted[2], noted[4], noted[5], noted[6]}, 2: nil, 3: {noted[7], noted[8]}, 4: nil}
			for limit := 1; limit <= 5; limit++ {
				for agent, want := range want {
					q := transitions.Query{Agent: agent, Since: clock.Now().Add(-7 * day), Until: clock.Now().Add(-time.Hour), Limit: limit}
					if diff := cmp.Diff(want, inPieces(t, s, q)); diff != "" {
						t.Errorf("agent %d in pieces of %d (-want +got):\n%s", agent, limit, diff)
					}
				}
			}
		})
	}
}

// inPieces reads all that a query asks for.
func inPieces(t *testing.T, s *transitions.Store, q transitions.Query) (all []history.Transition) {
	t.Helper()
	for {
		piece, err := s.Page(t.Context(), q)
		if err != nil || len(piece) > q.Limit {
			t.Fatalf("a piece of %d has %d: %v", q.Limit, len(piece), err)
		}
		if len(piece) == 0 {
			return all
		}
		all = append(all, piece...)
		q.After = piece[len(piece)-1]
	}
}
