package agentstatus

import (
	"slices"
	"time"
)

// Thresholds are the limits beyond which an agent needs attention. Exactly at a limit all is
// still well.
type Thresholds struct {
	// NeverUsed is how long a new token may wait for its first use.
	NeverUsed time.Duration
	// MaxIdle is how long ago a token's last use may be; the operator's TOKEN_MAX_IDLE.
	MaxIdle time.Duration
	// MaxAge is how old a token may become; the operator's TOKEN_MAX_AGE.
	MaxAge time.Duration
	// Overlap is how long two tokens may live side by side, as they do during a rotation.
	Overlap time.Duration
}

// Limits returns the thresholds with the two that an operator sets.
func Limits(maxAge, maxIdle time.Duration) Thresholds {
	return Thresholds{NeverUsed: 24 * time.Hour, MaxIdle: maxIdle, MaxAge: maxAge, Overlap: 7 * 24 * time.Hour}
}

// maxActive is the number of active tokens that a rotation needs, and GitLab's own limit
// since 16.1.
const maxActive = 2

// Rule is one reason for which an agent may need attention.
type Rule int

// The rules, in the order in which they are told.
const (
	// NoToken: the agent has no active token, so nothing can connect with it.
	NoToken Rule = iota
	// NeverUsed: a token was not used since it was created, and that is too long ago.
	NeverUsed
	// Idle: a token was in use once, but not for too long.
	Idle
	// TooOld: a token was created too long ago.
	TooOld
	// TooMany: the agent has more active tokens than a rotation needs.
	TooMany
	// Unfinished: two tokens are active for longer than a rotation takes.
	Unfinished

	ruleCount
)

// String is the rule's name in addresses and exports.
func (r Rule) String() string {
	switch r {
	case NoToken:
		return "no_token"
	case NeverUsed:
		return "never_used"
	case Idle:
		return "idle"
	case TooOld:
		return "too_old"
	case TooMany:
		return "too_many"
	case Unfinished:
		return "unfinished"
	default:
		return "unknown"
	}
}

// Rules lists all rules in their order.
func Rules() []Rule {
	rules := make([]Rule, ruleCount)
	for i := range rules {
		rules[i] = Rule(i)
	}
	return rules
}

// Agent is what the rules need to know of an agent.
type Agent struct {
	// Tokens are its active tokens, as far as they could be read.
	Tokens []Token
	// Count is the number of its active tokens, which may exceed len(Tokens); negative when
	// unknown.
	Count int
	// UseKnown says that the tokens' LastUsedAt could be read: without it, zero is not never.
	UseKnown bool
}

// Review says of every rule whether the agent needs attention by it. What is not known is
// never judged due.
type Review [ruleCount]bool

// Due lists the rules by which the agent needs attention, in their order.
func (r Review) Due() []Rule {
	var due []Rule
	for rule, isDue := range r {
		if isDue {
			due = append(due, Rule(rule))
		}
	}
	return due
}

// Urgency is by how many rules the agent needs attention.
func (r Review) Urgency() int {
	n := 0
	for _, isDue := range r {
		if isDue {
			n++
		}
	}
	return n
}

// Attention judges an agent by every rule. While nothing else changes, a rule that is due
// stays due: time alone heals nothing.
func Attention(agent Agent, limits Thresholds, now time.Time) Review {
	anyToken := func(breaks func(Token) bool) bool { return slices.ContainsFunc(agent.Tokens, breaks) }
	return Review{
		NoToken: agent.Count == 0,
		NeverUsed: agent.UseKnown && anyToken(func(t Token) bool {
			return t.LastUsedAt.IsZero() && now.Sub(t.CreatedAt) > limits.NeverUsed
		}),
		Idle: agent.UseKnown && anyToken(func(t Token) bool {
			return !t.LastUsedAt.IsZero() && now.Sub(t.LastUsedAt) > limits.MaxIdle
		}),
		TooOld:     anyToken(func(t Token) bool { return now.Sub(t.CreatedAt) > limits.MaxAge }),
		TooMany:    agent.Count > maxActive,
		Unfinished: unfinished(agent, limits, now),
	}
}

// unfinished judges the age of the newer of two tokens: more than two are TooMany.
func unfinished(agent Agent, limits Thresholds, now time.Time) bool {
	if agent.Count != maxActive || len(agent.Tokens) != maxActive {
		return false
	}
	newer := agent.Tokens[0].CreatedAt
	if agent.Tokens[1].CreatedAt.After(newer) {
		newer = agent.Tokens[1].CreatedAt
	}
	return now.Sub(newer) > limits.Overlap
}
