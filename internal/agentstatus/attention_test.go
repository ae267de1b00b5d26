package agentstatus_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"gitlab-agent-portal/internal/agentstatus"
)

const day = 24 * time.Hour

// limits are those of a portal that nobody configured.
func limits() agentstatus.Thresholds { return agentstatus.Limits(90*day, 30*day) }

func TestAttentionIsDueByTheRules(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	token := func(age, idle time.Duration) agentstatus.Token {
		return agentstatus.Token{CreatedAt: now.Add(-age), LastUsedAt: now.Add(-idle)}
	}
	unused := func(age time.Duration) agentstatus.Token { return agentstatus.Token{CreatedAt: now.Add(-age)} }
	known := func(tokens ...agentstatus.Token) agentstatus.Agent {
		return agentstatus.Agent{Tokens: tokens, Count: len(tokens), UseKnown: true}
	}
	type rules = []agentstatus.Rule
	tests := []struct {
		name  string
		agent agentstatus.Agent
		due   rules
	}{
		{"a token in use", known(token(10*day, time.Minute)), nil},
		{"no token", known(), rules{agentstatus.NoToken}},
		{"a new token that waits for exactly a day", known(unused(day)), nil},
		{"a new token that waits for longer than a day", known(unused(day + time.Second)), rules{agentstatus.NeverUsed}},
		{"idle for exactly the limit", known(token(40*day, 30*day)), nil},
		{"idle for longer than the limit", known(token(40*day, 30*day+time.Second)), rules{agentstatus.Idle}},
		{"as old as the limit", known(token(90*day, 0)), nil},
		{"older than the limit", known(token(90*day+time.Second, 0)), rules{agentstatus.TooOld}},
		{"never used and too old is not idle", known(unused(100 * day)), rules{agentstatus.NeverUsed, agentstatus.TooOld}},
		{"a rotation under way", known(token(60*day, 0), unused(7*time.Hour)), nil},
		{"a rotation of exactly a week", known(token(60*day, 0), token(7*day, 0)), nil},
		{"a rotation that nobody finished", known(token(60*day, 0), token(7*day+time.Second, 0)), rules{agentstatus.Unfinished}},
		{"the order of the tokens does not matter", known(token(7*day+time.Second, 0), token(60*day, 0)), rules{agentstatus.Unfinished}},
		{"three tokens are too many, not unfinished", known(token(60*day, 0), token(50*day, 0), token(40*day, 0)), rules{agentstatus.TooMany}},
		{"one token of several breaks a rule", known(token(60*day, 0), token(20*day, 0), token(91*day, 0)), rules{agentstatus.TooOld, agentstatus.TooMany}},
		{"clocks that run ahead", known(token(-time.Minute, -time.Minute)), nil},
		{"nothing could be read", agentstatus.Agent{Count: -1}, nil},
		{
			"the uses could not be read",
			agentstatus.Agent{Count: 1, Tokens: []agentstatus.Token{unused(100 * day)}},
			rules{agentstatus.TooOld},
		},
		{
			"only some of many tokens could be read",
			agentstatus.Agent{Count: 30, UseKnown: true, Tokens: []agentstatus.Token{token(day, 0), unused(2 * day)}},
			rules{agentstatus.NeverUsed, agentstatus.TooMany},
		},
		{
			"two tokens of which one could be read",
			agentstatus.Agent{Count: 2, UseKnown: true, Tokens: []agentstatus.Token{token(day, 0)}},
			nil,
		},
		{"that there is no token needs no uses", agentstatus.Agent{}, rules{agentstatus.NoToken}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := agentstatus.Attention(tt.agent, limits(), now).Due(); !slices.Equal(got, tt.due) {
				t.Errorf("due by the rules %v, want %v", got, tt.due)
			}
		})
	}
}

// randomAgent has up to four tokens of any age, used or not.
func randomAgent(random *rand.Rand, now time.Time) agentstatus.Agent {
	agent := agentstatus.Agent{UseKnown: random.IntN(4) > 0}
	for range random.IntN(5) {
		age := time.Duration(random.Int64N(int64(200 * day)))
		token := agentstatus.Token{CreatedAt: now.Add(-age)}
		if random.IntN(3) > 0 {
			token.LastUsedAt = token.CreatedAt.Add(time.Duration(random.Int64N(int64(age) + 1)))
		}
		agent.Tokens = append(agent.Tokens, token)
	}
	agent.Count = len(agent.Tokens) + random.IntN(2)*random.IntN(3)
	return agent
}

func TestAttentionIsMonotoneInTime(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	random := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		agent := randomAgent(random, now)
		before := agentstatus.Attention(agent, limits(), now)
		after := agentstatus.Attention(agent, limits(), now.Add(time.Duration(random.Int64N(int64(100*day)))))
		for _, rule := range before.Due() {
			if !slices.Contains(after.Due(), rule) {
				t.Fatalf("%v was due and is no longer, though only time went by: %+v", rule, agent)
			}
		}
	}
}

func TestAttentionDoesNotDependOnTheOrderOfTokens(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	random := rand.New(rand.NewPCG(3, 4))
	for range 5_000 {
		agent := randomAgent(random, now)
		want := agentstatus.Attention(agent, limits(), now)
		random.Shuffle(len(agent.Tokens), func(i, j int) { agent.Tokens[i], agent.Tokens[j] = agent.Tokens[j], agent.Tokens[i] })
		if got := agentstatus.Attention(agent, limits(), now); got != want {
			t.Fatalf("%v in another order is %v: %+v", want, got, agent)
		}
	}
}

func TestWhatIsNotKnownIsNeverDue(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	random := rand.New(rand.NewPCG(5, 6))
	for range 5_000 {
		agent := randomAgent(random, now)
		all := agentstatus.Attention(agent, limits(), now).Due()
		var unread []agentstatus.Token
		for _, token := range agent.Tokens {
			unread = append(unread, agentstatus.Token{CreatedAt: token.CreatedAt})
		}
		for less, known := range map[string]agentstatus.Agent{
			"a token":    {Tokens: agent.Tokens[min(1, len(agent.Tokens)):], Count: agent.Count, UseKnown: agent.UseKnown},
			"the uses":   {Tokens: unread, Count: agent.Count},
			"the tokens": {Count: agent.Count},
			"anything":   {Count: -1},
		} {
			for _, rule := range agentstatus.Attention(known, limits(), now).Due() {
				if !slices.Contains(all, rule) {
					t.Fatalf("%v is due only when %s could not be read: %+v", rule, less, agent)
				}
			}
		}
	}
}

func TestAnAgentHasNotTwoTokensAndMoreThanTwo(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	random := rand.New(rand.NewPCG(7, 8))
	for range 5_000 {
		agent := randomAgent(random, now)
		due := agentstatus.Attention(agent, limits(), now).Due()
		if slices.Contains(due, agentstatus.TooMany) && slices.Contains(due, agentstatus.Unfinished) {
			t.Fatalf("an agent has two tokens and more than two: %+v", agent)
		}
	}
}

func TestNamesOfRulesAndStatusesAreDistinct(t *testing.T) {
	t.Parallel()
	names := map[string]bool{}
	for _, rule := range agentstatus.Rules() {
		names[rule.String()] = true
	}
	for _, status := range agentstatus.Statuses() {
		names[status.String()] = true
	}
	if want := len(agentstatus.Rules()) + len(agentstatus.Statuses()); len(names) != want {
		t.Errorf("%d names for %d rules and statuses: %v", len(names), want, names)
	}
}
