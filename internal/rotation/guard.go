package rotation

import (
	"slices"
	"time"

	"gitlab-agent-portal/internal/agent"
)

// InUseWithin is how recently a token must have been used to count as in use. GitLab may
// serve times of use that are up to an hour old (its database is written every 40 to 55
// minutes, and after a cache flush that is what it answers).
const InUseWithin = time.Hour

// NeedsGuard reports whether revoking a token could cut a cluster off, so that its name has to
// be typed: it is in use, or it was used and no other of the active tokens evidently took over.
// Where it is not known when any of them was used, the guard is needed. A rotation that has
// seen the token fall silent knows better: see Of.
func NeedsGuard(token int64, active []agent.Token, now time.Time) bool {
	var own time.Time
	replaced := false
	for _, t := range active {
		switch {
		case !t.UseKnown:
			return true
		case t.ID == token:
			own = t.LastUsedAt
		case inUse(t.LastUsedAt, now):
			replaced = true
		}
	}
	if own.IsZero() {
		return false
	}
	return inUse(own, now) || !replaced
}

func inUse(lastUsedAt, now time.Time) bool {
	return !lastUsedAt.IsZero() && now.Sub(lastUsedAt) < InUseWithin
}

// Guarded reports whether revoking the token asks for its name, by all that is known.
func Guarded(token int64, f Facts) bool {
	f.Drop = dropOf(token, f)
	if offer, ok := Of(f).Offer(token); ok {
		return offer.Guarded
	}
	return NeedsGuard(token, f.Tokens, f.Now)
}

// dropOf is the choice to drop the token, where there are two to choose from.
func dropOf(token int64, f Facts) int64 {
	if len(f.Tokens) == 2 && slices.ContainsFunc(f.Tokens, func(t agent.Token) bool { return t.ID == token }) {
		return token
	}
	return 0
}
