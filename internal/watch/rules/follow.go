package rules

import (
	"time"

	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/alert"
)

// follow is a rule of attention that is an alert as well.
type follow struct {
	rule agent.Rule
	kind alert.Kind
	// told reports whether a reading told what the rule goes by: where it did not, that the rule is not
	// due says nothing.
	told func(agent.Agent) bool
	// since is when it began; nil where GitLab does not tell.
	since func(agent.Agent) time.Time
}

// followed are those rules. A rule that is added to internal/agent becomes an alert by a line here.
func followed() []follow {
	return []follow{
		{agent.Idle, alert.Idle, agent.Agent.UseKnown, longestIdle},
		{agent.TooMany, alert.TooMany, agent.Agent.TokensRead, nil},
		{agent.CreatorLeft, alert.CreatorLeft, creatorsTold, nil},
		{agent.UpdateNeeded, alert.UpdateNeeded, versionsTold, nil},
		{agent.ConfigInvalid, alert.ConfigInvalid, configTold, nil},
	}
}

func (f follow) finding(a agent.Agent, isDue bool) finding {
	switch {
	case isDue && f.since != nil:
		return finding{yes, f.since(a)}
	case isDue:
		return finding{verdict: yes}
	case f.told(a):
		return finding{verdict: no}
	default:
		return finding{}
	}
}

// longestIdle is the last use of the token that has been idle for longest.
func longestIdle(a agent.Agent) time.Time {
	var longest time.Time
	for i := range a.Tokens {
		if used := a.Tokens[i].LastUsedAt; !used.IsZero() && (longest.IsZero() || used.Before(longest)) {
			longest = used
		}
	}
	return longest
}

// creatorsTold reports whether it is known of everybody who created a token whether they left.
func creatorsTold(a agent.Agent) bool {
	if !a.TokensRead() {
		return false
	}
	for i := range a.Tokens {
		if a.Tokens[i].CreatedBy.Account == agent.AccountUnknown {
			return false
		}
	}
	return true
}

// versionsTold reports whether it is known what runs as the agent: while nothing is connected, nothing
// says that it was updated.
func versionsTold(a agent.Agent) bool { return a.Running.Known && len(a.Running.Versions) > 0 }

func configTold(a agent.Agent) bool { return a.Config != agent.ConfigUnknown }
