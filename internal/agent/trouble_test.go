package agent_test

import (
	"testing"
	"time"

	"gitlab-agent-portal/internal/agent"
)

func TestTheTroubleOfAnAgentFollowsFromItsTokens(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	token := func(id int64, created, used time.Duration) agent.Token {
		one := agent.Token{ID: id, CreatedAt: now.Add(-created), UseKnown: true}
		if used > 0 {
			one.LastUsedAt = now.Add(-used)
		}
		return one
	}
	const day = 24 * time.Hour
	tests := map[string]struct {
		tokens  []agent.Token
		revoked time.Duration
		want    agent.Trouble
		awaited int64
	}{
		"no token":                            {want: agent.TroubleNoToken},
		"in use":                              {tokens: []agent.Token{token(1, day, time.Minute)}},
		"used 8 minutes ago":                  {tokens: []agent.Token{token(1, day, agent.ConnectedWithin)}, want: agent.TroubleSilent},
		"never used, created a minute ago":    {tokens: []agent.Token{token(1, time.Minute, 0)}, want: agent.TroubleAwaited, awaited: 1},
		"never used, created 59 minutes ago":  {tokens: []agent.Token{token(1, agent.AwaitedFor-time.Minute, 0)}, want: agent.TroubleAwaited, awaited: 1},
		"never used, created an hour ago":     {tokens: []agent.Token{token(1, agent.AwaitedFor, 0)}, want: agent.TroubleNever},
		"in use, and the next one is new":     {tokens: []agent.Token{token(1, day, time.Minute), token(2, time.Minute, 0)}, want: agent.TroubleAwaited, awaited: 2},
		"two new ones":                        {tokens: []agent.Token{token(3, time.Minute, 0), token(2, time.Minute, 0)}, want: agent.TroubleAwaited, awaited: 3},
		"never used, seen with a revoked one": {tokens: []agent.Token{token(1, day, 0)}, revoked: day, want: agent.TroubleRevoked},
		"unknown use":                         {tokens: []agent.Token{{ID: 1, CreatedAt: now}}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var one agent.Agent
			one.SetTokens(test.tokens)
			if test.revoked > 0 {
				one.RevokedUse = now.Add(-test.revoked)
			}
			if got := one.Trouble(now); got != test.want {
				t.Errorf("trouble = %q, want %q", got, test.want)
			}
			if got, ok := one.Awaited(now); got.ID != test.awaited || ok != (test.awaited != 0) {
				t.Errorf("awaited = %d, %t, want %d", got.ID, ok, test.awaited)
			}
		})
	}
	unread := agent.Agent{TokenCount: agent.Unread}
	if got := unread.Trouble(now); got != "" {
		t.Errorf("an agent whose tokens could not be read has the trouble %q", got)
	}
}
