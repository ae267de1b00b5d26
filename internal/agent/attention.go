package agent

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
	// Disconnected is how long ago the last contact of an agent may be that is not stale; the operator's
	// ALERT_DISCONNECTED.
	Disconnected time.Duration
	// NeverConnected is how long a new agent may wait for its first contact.
	NeverConnected time.Duration
	// MaxSilence is how long ago an agent's last contact may be; the operator's AGENT_MAX_SILENCE.
	MaxSilence time.Duration
}

// NewThresholds returns the thresholds with three that an operator sets.
func NewThresholds(maxAge, maxIdle, maxSilence time.Duration) Thresholds {
	return Thresholds{
		NeverUsed: 24 * time.Hour, MaxIdle: maxIdle, MaxAge: maxAge, Overlap: 7 * 24 * time.Hour,
		Disconnected: 30 * time.Minute, NeverConnected: 30 * 24 * time.Hour, MaxSilence: maxSilence,
	}
}

// Rule is one reason for which an agent may need attention. Its text is its name in addresses,
// exports and catalogues.
type Rule string

// The rules.
const (
	// Unstored: a token was created through the portal and nobody said that they stored it, which
	// only the audit knows.
	Unstored Rule = "not_stored"
	// Disconnected: the agent was in contact, and is not any more.
	Disconnected Rule = "disconnected"
	// Stale: nothing was heard of the agent for so long that it can be deleted.
	Stale Rule = "stale"
	// NoToken: the agent has no active token, so nothing can connect with it.
	NoToken Rule = "no_token"
	// ConfigInvalid: GitLab's agent server refuses the agent's configuration file.
	ConfigInvalid Rule = "config_invalid"
	// NeverUsed: a token was not used since it was created, and that is too long ago.
	NeverUsed Rule = "never_used"
	// Idle: a token was in use once, but not for too long.
	Idle Rule = "idle"
	// TooOld: a token was created too long ago.
	TooOld Rule = "too_old"
	// CreatorLeft: who created a token cannot use GitLab any more; the token still works.
	CreatorLeft Rule = "creator_left"
	// TooMany: the agent has more active tokens than a rotation needs.
	TooMany Rule = "too_many"
	// Unfinished: two tokens are active for longer than a rotation takes.
	Unfinished Rule = "unfinished"
	// UpdateNeeded: GitLab warns of the version of a pod that is connected.
	UpdateNeeded Rule = "update_needed"
	// VersionsDiffer: pods of different versions are connected.
	VersionsDiffer Rule = "versions_differ"
)

// Rules lists all rules in the order in which they are told: what is broken comes first, then what may be lost.
func Rules() []Rule {
	return []Rule{Disconnected, Unstored, Stale, NoToken, ConfigInvalid, NeverUsed, Idle, TooOld, CreatorLeft, TooMany, Unfinished, UpdateNeeded, VersionsDiffer}
}

// Attention lists the rules by which the agent needs attention, in their order. What could not be
// read is no reason. unstored says what the audit knows of the agent's tokens. While nothing else
// changes, a rule that is due stays due: time alone heals nothing, it only makes Stale of Disconnected.
func (a Agent) Attention(unstored bool, limits Thresholds, now time.Time) []Rule {
	var due []Rule
	for _, rule := range Rules() {
		if rule == Unstored && unstored || a.needs(rule, limits, now) {
			due = append(due, rule)
		}
	}
	return due
}

// needs judges the agent by one rule.
func (a Agent) needs(rule Rule, limits Thresholds, now time.Time) bool {
	switch rule {
	case Disconnected:
		return a.Disconnected(limits, now)
	case Stale:
		return a.Stale(limits, now)
	case NoToken:
		return a.TokenCount == 0
	case ConfigInvalid:
		return a.Config == ConfigRefused
	case NeverUsed:
		return a.anyToken(func(t Token) bool { return t.NeverUsed() && now.Sub(t.CreatedAt) > limits.NeverUsed })
	case Idle:
		return a.anyToken(func(t Token) bool {
			return t.UseKnown && !t.NeverUsed() && now.Sub(t.LastUsedAt) > limits.MaxIdle
		})
	case TooOld:
		return a.anyToken(func(t Token) bool { return now.Sub(t.CreatedAt) > limits.MaxAge })
	case CreatorLeft:
		return a.anyToken(func(t Token) bool { return t.CreatedBy.Account.Left() })
	case TooMany:
		return a.OverTokenLimit()
	case Unfinished:
		return a.unfinished(limits, now)
	case UpdateNeeded:
		return a.Running.Warned
	case VersionsDiffer:
		return a.Running.Differ()
	default:
		return false
	}
}

func (a Agent) anyToken(breaks func(Token) bool) bool { return slices.ContainsFunc(a.Tokens, breaks) }

// unfinished judges the age of the newer of two tokens: more than two are TooMany.
func (a Agent) unfinished(limits Thresholds, now time.Time) bool {
	if a.TokenCount != MaxTokens || len(a.Tokens) != MaxTokens {
		return false
	}
	newer := a.Tokens[0].CreatedAt
	if a.Tokens[1].CreatedAt.After(newer) {
		newer = a.Tokens[1].CreatedAt
	}
	return now.Sub(newer) > limits.Overlap
}
