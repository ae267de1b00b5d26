package readings_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/database/databasetest"
	"gitlab-agent-portal/internal/rotation/readings"
)

// withTokens is an agent with these active tokens.
func withTokens(id int64, tokens ...agent.Token) agent.Agent {
	a := agent.Agent{ID: id}
	a.SetTokens(tokens)
	return a
}

func used(id int64, at time.Time) agent.Token {
	return agent.Token{ID: id, LastUsedAt: at, UseKnown: true}
}

// noteAgents keeps what is told of agents, which must not fail.
func noteAgents(t *testing.T, s *readings.Store, agents ...agent.Agent) {
	t.Helper()
	if err := s.NoteAgents(t.Context(), agents...); err != nil {
		t.Fatalf("NoteAgents: %v", err)
	}
}

func TestTheNewestUseOfAnAgentOutlivesItsToken(t *testing.T) {
	t.Parallel()
	for name, fresh := range databasetest.Engines() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, clock := openNew(t, fresh(t))
			noon := clock.Now()
			noteAgents(t, s)
			noteAgents(t, s,
				withTokens(1, used(10, noon), used(11, noon.Add(-time.Hour))),
				withTokens(2, used(20, time.Time{})),
				withTokens(3, agent.Token{ID: 30, LastUsedAt: noon}), // nobody knows
				withTokens(4, used(40, noon)),
				withTokens(1, used(10, noon)), // chosen twice
			)
			noteAgents(t, s, withTokens(1, used(11, noon.Add(-time.Minute)))) // older than what is kept
			unread := agent.Agent{ID: 4, TokenCount: agent.Unread}
			for _, tt := range []struct {
				name  string
				agent agent.Agent
				want  map[int64]time.Time
			}{
				{"without a token", withTokens(1), map[int64]time.Time{1: noon}},
				{"with another token that was never used", withTokens(1, used(12, time.Time{})), map[int64]time.Time{1: noon}},
				{"with another token in use", withTokens(1, used(11, noon.Add(-time.Hour))), nil},
				{"the token is still active, and GitLab forgot its use", withTokens(1, used(10, time.Time{})), nil},
				{"no use was seen", withTokens(2), nil},
				{"no use was known", withTokens(3), nil},
				{"the tokens could not be read", unread, nil},
			} {
				got, err := s.RevokedUses(t.Context(), []agent.Agent{tt.agent, withTokens(99)})
				if tt.want == nil {
					tt.want = map[int64]time.Time{}
				}
				if diff := cmp.Diff(tt.want, got); diff != "" || err != nil {
					t.Errorf("%s: %v (-want +got):\n%s", tt.name, err, diff)
				}
			}
		})
	}
}

func TestTheLastContactsOfAWholeFleetAreOneQuery(t *testing.T) {
	t.Parallel()
	for name, fresh := range databasetest.Engines() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, clock := openNew(t, fresh(t))
			var fleet, noted []agent.Agent
			for id := range int64(70_000) { // more than any engine takes as single values
				fleet = append(fleet, withTokens(id+1))
			}
			for id := range int64(1100) {
				noted = append(noted, withTokens(id+1, used(id+1, clock.Now())))
			}
			noteAgents(t, s, noted...)
			if got, err := s.RevokedUses(t.Context(), fleet); len(got) != 1000 || err != nil {
				t.Errorf("%d agents were seen, %v, want the 1000 that one look notes", len(got), err)
			}
		})
	}
}

func TestSweepForgetsOldContacts(t *testing.T) {
	t.Parallel()
	for name, fresh := range databasetest.Engines() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, clock := openNew(t, fresh(t))
			noteAgents(t, s, withTokens(1, used(10, clock.Now())), withTokens(2, used(20, clock.Now().Add(time.Second))))
			clock.Advance(400 * 24 * time.Hour)
			if got, err := s.Sweep(t.Context()); got != 3 || err != nil { // and two readings
				t.Errorf("Sweep = %d, %v, want 3", got, err)
			}
			if got, err := s.RevokedUses(t.Context(), []agent.Agent{withTokens(1), withTokens(2)}); len(got) != 1 || got[2].IsZero() || err != nil {
				t.Errorf("left: %v, %v", got, err)
			}
		})
	}
}
