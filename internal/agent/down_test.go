package agent_test

import (
	"testing"
	"time"

	"gitlab-agent-portal/internal/agent"
)

func TestWhatBrokeWithinAWeekIsDown(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	used := func(ago time.Duration) agent.Agent {
		one := agent.Agent{}
		one.SetTokens([]agent.Token{{UseKnown: true, LastUsedAt: now.Add(-ago)}})
		return one
	}
	never, unknown, revoked := agent.Agent{}, agent.Agent{TokenCount: agent.Unread}, agent.Agent{RevokedUse: now.Add(-time.Minute)}
	never.SetTokens([]agent.Token{{UseKnown: true}})
	for name, tt := range map[string]struct {
		agent agent.Agent
		want  bool
	}{
		"connected":                          {used(8*time.Minute - 1), false},
		"silent for eight minutes":           {used(8 * time.Minute), true},
		"silent for a week":                  {used(agent.DownWithin), true},
		"silent for longer":                  {used(agent.DownWithin + 1), false},
		"never connected":                    {never, false},
		"nobody knows":                       {unknown, false},
		"seen with a token that was revoked": {revoked, true},
	} {
		if got := tt.agent.Down(now); got != tt.want {
			t.Errorf("%s: down = %t, want %t", name, got, tt.want)
		}
	}
}
