package agent_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"gitlab-agent-portal/internal/agent"
)

const day = 24 * time.Hour

// limits are those of a portal that nobody configured.
func limits() agent.Thresholds { return agent.NewThresholds(90*day, 30*day, 90*day) }

func noon() time.Time { return time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC) }

// token was created and used so long ago.
func token(age, idle time.Duration) agent.Token {
	return agent.Token{CreatedAt: noon().Add(-age), LastUsedAt: noon().Add(-idle), UseKnown: true}
}

func unused(age time.Duration) agent.Token {
	return agent.Token{CreatedAt: noon().Add(-age), UseKnown: true}
}

// of is an agent with these tokens, all of them read.
func of(tokens ...agent.Token) agent.Agent {
	return agent.Agent{Tokens: tokens, TokenCount: len(tokens)}
}

// registered is an agent that was registered so long ago.
func registered(age time.Duration, tokens ...agent.Token) agent.Agent {
	a := of(tokens...)
	a.CreatedAt = noon().Add(-age)
	return a
}

// seen was in contact so long ago with a token that is revoked since.
func seen(a agent.Agent, ago time.Duration) agent.Agent {
	a.RevokedUse = noon().Add(-ago)
	return a
}

func TestTheCreatorLeftWhenTheirAccountSaysSo(t *testing.T) {
	t.Parallel()
	for account, want := range map[agent.Account]bool{
		agent.AccountActive: false, agent.AccountUnknown: false, "blocked_pending_approval": false, "some new state": false,
		agent.AccountBlocked: true, agent.AccountLDAPBlocked: true, agent.AccountBanned: true, agent.AccountDeactivated: true, agent.AccountGone: true,
	} {
		theirs := token(day, 0)
		theirs.CreatedBy.Account = account
		got := of(token(2*day, 0), theirs).Attention(false, limits(), noon())
		if slices.Contains(got, agent.CreatorLeft) != want || len(got) > 1 {
			t.Errorf("for an account that is %q due by the rules %v, want creator_left: %v", account, got, want)
		}
	}
}

func TestAttentionIsDueByTheRules(t *testing.T) {
	t.Parallel()
	type rules = []agent.Rule
	tests := []struct {
		name  string
		agent agent.Agent
		due   rules
	}{
		{"a token in use", of(token(10*day, time.Minute)), nil},
		{"no token", of(), rules{agent.NoToken}},
		{"a configuration file that is refused", agent.Agent{Config: agent.ConfigRefused, TokenCount: agent.Unread}, rules{agent.ConfigInvalid}},
		{"a configuration file that is accepted", agent.Agent{Config: agent.ConfigAccepted, TokenCount: agent.Unread}, nil},
		{"a new token that waits for exactly a day", of(unused(day)), nil},
		{"a new token that waits for longer than a day", of(unused(day + time.Second)), rules{agent.NeverUsed}},
		{"idle for exactly the limit", of(token(40*day, 30*day)), rules{agent.Disconnected}},
		{"idle for longer than the limit", of(token(40*day, 30*day+time.Second)), rules{agent.Disconnected, agent.Idle}},
		{"silent for exactly half an hour", of(token(day, 30*time.Minute)), nil},
		{"silent for longer than half an hour", of(token(day, 30*time.Minute+time.Second)), rules{agent.Disconnected}},
		{"as old as the limit", of(token(90*day, 0)), nil},
		{"older than the limit", of(token(90*day+time.Second, 0)), rules{agent.TooOld}},
		{"never used and too old is not idle", of(unused(100 * day)), rules{agent.NeverUsed, agent.TooOld}},
		{"a rotation under way", of(token(60*day, 0), unused(7*time.Hour)), nil},
		{"a rotation of exactly a week", of(token(60*day, 0), token(7*day, 0)), nil},
		{"a rotation that nobody finished", of(token(60*day, 0), token(7*day+time.Second, 0)), rules{agent.Unfinished}},
		{"the order of the tokens does not matter", of(token(7*day+time.Second, 0), token(60*day, 0)), rules{agent.Unfinished}},
		{"three tokens are too many, not unfinished", of(token(60*day, 0), token(50*day, 0), token(40*day, 0)), rules{agent.TooMany}},
		{"one token of several breaks a rule", of(token(60*day, 0), token(20*day, 0), token(91*day, 0)), rules{agent.TooOld, agent.TooMany}},
		{"clocks that run ahead", of(token(-time.Minute, -time.Minute)), nil},
		{"nothing could be read", agent.Agent{TokenCount: agent.Unread}, nil},
		{"the uses could not be read", of(agent.Token{CreatedAt: noon().Add(-100 * day)}), rules{agent.TooOld}},
		{"only some of many tokens could be read", agent.Agent{TokenCount: 30, Tokens: []agent.Token{token(day, 0), unused(2 * day)}}, rules{agent.NeverUsed, agent.TooMany}},
		{"two tokens of which one could be read", agent.Agent{TokenCount: 2, Tokens: []agent.Token{token(day, 0)}}, nil},
		{"never connected for exactly 30 days", registered(30 * day), rules{agent.NoToken}},
		{"never connected for longer", registered(30*day + time.Second), rules{agent.Stale, agent.NoToken}},
		{"never connected, with a new token", registered(100*day, unused(time.Hour)), nil},
		{"silent for exactly the limit", registered(200*day, token(90*day, 90*day)), rules{agent.Disconnected, agent.Idle}},
		{"silent for longer than the limit", registered(200*day, token(90*day, 90*day+time.Second)), rules{agent.Stale, agent.Idle}},
		{"silent with one token and in contact with another", registered(200*day, token(90*day, 0), token(8*day, 91*day)), rules{agent.Idle, agent.Unfinished}},
		{"whether it is silent could not be read", registered(200*day, agent.Token{CreatedAt: noon()}), nil},
		{"no token of many could be read", agent.Agent{CreatedAt: noon().Add(-200 * day), TokenCount: agent.Unread}, nil},
		{"seen not long ago with a token that is revoked", seen(registered(200*day), 80*day), rules{agent.Disconnected, agent.NoToken}},
		{"seen long ago with a token that is revoked", seen(registered(200*day), 91*day), rules{agent.Stale, agent.NoToken}},
		{"the use of one of two could not be read", of(unused(2*day), agent.Token{CreatedAt: noon()}), rules{agent.NeverUsed}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := tt.agent.Attention(false, limits(), noon()); !slices.Equal(got, tt.due) {
				t.Errorf("due by the rules %v, want %v", got, tt.due)
			}
			after := slices.Index(tt.due, agent.Disconnected) + 1 // 0 where it is not due
			if got, want := tt.agent.Attention(true, limits(), noon()), slices.Insert(slices.Clone(tt.due), after, agent.Unstored); !slices.Equal(got, want) {
				t.Errorf("with an unstored token due by the rules %v, want %v", got, want)
			}
		})
	}
}

// randomAgent has up to four tokens of any age, used or not.
func randomAgent(random *rand.Rand) agent.Agent {
	a, useKnown := agent.Agent{CreatedAt: noon().Add(-time.Duration(random.Int64N(int64(200 * day))))}, random.IntN(4) > 0
	for range random.IntN(5) {
		age := time.Duration(random.Int64N(int64(200 * day)))
		token := agent.Token{CreatedAt: noon().Add(-age), UseKnown: useKnown}
		if random.IntN(3) > 0 {
			token.LastUsedAt = token.CreatedAt.Add(time.Duration(random.Int64N(int64(age) + 1)))
		}
		a.Tokens = append(a.Tokens, token)
	}
	a.TokenCount = len(a.Tokens) + random.IntN(2)*random.IntN(3)
	return a
}

func TestAttentionIsMonotoneInTime(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		a := randomAgent(random)
		after := a.Attention(false, limits(), noon().Add(time.Duration(random.Int64N(int64(100*day)))))
		for _, rule := range a.Attention(false, limits(), noon()) {
			if !slices.Contains(after, rule) && (rule != agent.Disconnected || !slices.Contains(after, agent.Stale)) {
				t.Fatalf("rule %q was due and is no longer, though only time went by: %+v", rule, a)
			}
		}
	}
}

func TestAttentionDoesNotDependOnTheOrderOfTokens(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(3, 4))
	for range 5_000 {
		a := randomAgent(random)
		want := a.Attention(false, limits(), noon())
		random.Shuffle(len(a.Tokens), func(i, j int) { a.Tokens[i], a.Tokens[j] = a.Tokens[j], a.Tokens[i] })
		if got := a.Attention(false, limits(), noon()); !slices.Equal(got, want) {
			t.Fatalf("%v in another order is %v: %+v", want, got, a)
		}
	}
}

func TestEveryRuleIsToldOnceInTheirOrder(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(5, 6))
	for range 5_000 {
		a := randomAgent(random)
		due := a.Attention(true, limits(), noon())
		told := slices.DeleteFunc(agent.Rules(), func(rule agent.Rule) bool { return !slices.Contains(due, rule) })
		if !slices.Equal(due, told) {
			t.Fatalf("told %v, want %v", due, told)
		}
		if slices.Contains(due, agent.TooMany) && slices.Contains(due, agent.Unfinished) {
			t.Fatalf("an agent has two tokens and more than two: %+v", a)
		}
	}
}

func TestNamesOfRulesAndStatusesAreDistinct(t *testing.T) {
	t.Parallel()
	names := map[string]bool{}
	for _, rule := range agent.Rules() {
		names[string(rule)] = true
	}
	for _, status := range agent.Statuses() {
		names[string(status)] = true
	}
	if want := len(agent.Rules()) + len(agent.Statuses()); len(names) != want {
		t.Errorf("%d names for %d rules and statuses: %v", len(names), want, names)
	}
}
