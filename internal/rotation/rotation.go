// Package rotation tells how far the exchange of an agent's token for a new one has come, from
// what GitLab says of the active tokens now and what it said before. Nothing of a rotation is
// stored: two people, two browsers and a portal that was restarted see the same state. It is
// pure: no clock, no network. All times but Reading.At and Facts.Now are GitLab's, and the two
// clocks are compared only where an hour more or less does not matter.
package rotation

import (
	"cmp"
	"slices"
	"time"

	"gitlab-agent-portal/internal/agent"
)

// Phase is where a rotation stands.
type Phase string

// The phases. In Unknown nothing is offered but to look again.
const (
	Unknown   Phase = "unknown"    // GitLab did not tell when the tokens were used
	NoToken   Phase = "no_token"   // there is nothing to rotate
	NeverUsed Phase = "never_used" // the only token was never used, so nothing depends on it
	Start     Phase = "start"      // one token that was used: create its successor
	Choose    Phase = "choose"     // two tokens, and nothing tells which one is to go
	TooMany   Phase = "too_many"   // more than two
	Install   Phase = "install"    // the new token was not used yet
	Unstored  Phase = "unstored"   // the same, and nobody said that they stored its value
	StillUsed Phase = "still_used" // the old token was used after the new one was
	Watch     Phase = "watch"      // the new token is in use; has the old one fallen silent?
	Quiet     Phase = "quiet"      // the old token can go
	Finished  Phase = "finished"   // it went, and the new one is in use
)

// Waits reports whether time alone, or something in the cluster, leads out of the phase.
func (p Phase) Waits() bool {
	return slices.Contains([]Phase{Unknown, NeverUsed, Install, Unstored, StillUsed, Watch}, p)
}

// How long is long enough.
const (
	// QuietFresh is how long the old token has to stand still while the new one's last use
	// advances, which proves that GitLab's times are fresh.
	QuietFresh = 10 * time.Minute
	// QuietStale is how long without that proof: after a cache flush GitLab may serve times that
	// are 40 to 55 minutes old.
	QuietStale = time.Hour
	// UnusedAfter is when a new token that nothing uses stops looking like a rotation under way,
	// and SettledAfter when two used tokens do.
	UnusedAfter  = 24 * time.Hour
	SettledAfter = 7 * 24 * time.Hour
	// FinishedFor is for how long a rotation that is over is told of.
	FinishedFor = 24 * time.Hour
)

// Reading is what GitLab said of a token's last use when it was asked at At.
type Reading struct {
	TokenID        int64
	At, LastUsedAt time.Time
}

// Facts are all that a state is derived from.
type Facts struct {
	// Tokens are the active ones, in any order.
	Tokens []agent.Token
	// Unstored are the numbers of those that the portal created and nobody said they stored.
	Unstored []int64
	// Readings are earlier ones, oldest first; what is in Tokens is a reading at Now.
	Readings []Reading
	// ConnectedAt is since when each connected agentk has been so. It counts only if
	// ConnectionsKnown.
	ConnectedAt      []time.Time
	ConnectionsKnown bool
	// Revoked is the token of the agent that was revoked through the portal last; the zero value for
	// none. Its readings may be among Readings.
	Revoked Revoked
	// Drop is the token that the person wants to be rid of, 0 for no choice.
	Drop int64
	Now  time.Time
}

// Revoked is a token that is no longer active, and when it was revoked.
type Revoked struct {
	TokenID int64
	At      time.Time
}

// Offer is a token that the person may revoke here.
type Offer struct {
	TokenID int64
	// Guarded says that its name has to be typed: a cluster could be cut off.
	Guarded bool
}

// Reason says why a token is proposed to be dropped.
type Reason string

// The reasons.
const (
	ReasonNeverUsed   Reason = "never_used"
	ReasonLongestIdle Reason = "longest_idle"
)

// State is where a rotation stands, with the evidence.
type State struct {
	Phase Phase
	// Old is the token that goes and New the one that stays, both 0 where that is open.
	Old, New int64
	// Proposed is the token to drop in Choose and TooMany, and why.
	Proposed int64
	Why      Reason
	// Offers are what may be revoked.
	Offers []Offer
	// Evidence is about StillUsed, Watch and Quiet, and End about Finished.
	Evidence Evidence
	End      End
}

// Evidence is what speaks for and against the old token being silent.
type Evidence struct {
	// StillSince is the first reading from which the old token stood still, Observed how long
	// that is, and Needed how long it has to be.
	StillSince       time.Time
	Observed, Needed time.Duration
	// Advanced says that the new token's last use moved on meanwhile.
	Advanced bool
	// OlderConnection is since when an agentk has been connected that was so before the new
	// token was first used; zero for none, or not known.
	OlderConnection time.Time
}

// Offer returns the offer to revoke the token, if there is one.
func (s State) Offer(token int64) (Offer, bool) {
	i := slices.IndexFunc(s.Offers, func(o Offer) bool { return o.TokenID == token })
	if i < 0 {
		return Offer{}, false
	}
	return s.Offers[i], true
}

// Of derives the state from the facts.
func Of(f Facts) State {
	tokens := slices.SortedFunc(slices.Values(f.Tokens), func(a, b agent.Token) int { return cmp.Compare(a.ID, b.ID) })
	switch {
	case len(tokens) == 0:
		return State{Phase: NoToken}
	case slices.ContainsFunc(tokens, func(t agent.Token) bool { return !t.UseKnown }):
		return State{Phase: Unknown}
	case len(tokens) == 1:
		return ofOne(f, tokens[0])
	case len(tokens) > 2:
		return undecided(TooMany, tokens, f.Now)
	default:
		return ofTwo(f, tokens[0], tokens[1])
	}
}

func ofOne(f Facts, only agent.Token) State {
	switch {
	case only.NeverUsed():
		return State{Phase: NeverUsed, New: only.ID, Offers: []Offer{{TokenID: only.ID}}}
	case f.isFinished(only):
		return State{Phase: Finished, Old: f.Revoked.TokenID, New: only.ID, End: endOf(f, only)}
	default:
		return State{Phase: Start, Old: only.ID}
	}
}

// ofTwo decides which of two tokens goes, and how far that has come. A token that was never used
// can go at once.
func ofTwo(f Facts, older, newer agent.Token) State {
	switch {
	case f.Drop == older.ID:
	case f.Drop == newer.ID:
		older, newer = newer, older
	case isOpen(older, newer, f.Now):
		return undecided(Choose, []agent.Token{older, newer}, f.Now)
	}
	state := State{Old: older.ID, New: newer.ID}
	switch {
	case older.NeverUsed():
		state.Phase, state.Offers = Quiet, []Offer{{TokenID: older.ID}}
	case newer.NeverUsed():
		state.Phase, state.Offers = Install, []Offer{{TokenID: newer.ID}}
		if slices.Contains(f.Unstored, newer.ID) {
			state.Phase = Unstored
		}
	default:
		state.watch(f, older, newer)
	}
	return state
}

// isOpen reports whether two tokens do not look like a rotation under way, in which the newer
// one takes over.
func isOpen(older, newer agent.Token, now time.Time) bool {
	age := now.Sub(newer.CreatedAt)
	switch {
	case older.NeverUsed():
		return true
	case newer.NeverUsed():
		return age >= UnusedAfter
	default:
		return age >= SettledAfter || older.LastUsedAt.Sub(newer.LastUsedAt) >= QuietStale
	}
}

// undecided proposes the first token that was never used, else the one that was idle longest.
// A person decides, and the guard warns them; but while only one of the tokens was ever used,
// that one is not on offer.
func undecided(phase Phase, tokens []agent.Token, now time.Time) State {
	idlest := slices.MinFunc(tokens, func(a, b agent.Token) int { return a.LastUsedAt.Compare(b.LastUsedAt) })
	state := State{Phase: phase, Proposed: idlest.ID, Why: ReasonLongestIdle}
	if idlest.NeverUsed() {
		state.Why = ReasonNeverUsed
	}
	for _, token := range tokens {
		otherUsed := slices.ContainsFunc(tokens, func(t agent.Token) bool { return t.ID != token.ID && !t.NeverUsed() })
		if token.NeverUsed() || otherUsed {
			state.Offers = append(state.Offers, Offer{TokenID: token.ID, Guarded: NeedsGuard(token.ID, tokens, now)})
		}
	}
	return state
}
