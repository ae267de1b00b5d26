package rotation

import (
	"slices"
	"time"

	"gitlab-agent-portal/internal/agent"
)

// watch decides whether the old token fell silent after the new one took over.
func (s *State) watch(f Facts, older, newer agent.Token) {
	s.Evidence = observe(f, older, newer)
	switch {
	case s.Evidence.Observed >= s.Evidence.Needed && s.Evidence.OlderConnection.IsZero():
		s.Phase = Quiet
		guarded := !s.Evidence.Advanced && NeedsGuard(older.ID, f.Tokens, f.Now)
		s.Offers = []Offer{{TokenID: older.ID, Guarded: guarded}}
	case older.LastUsedAt.After(firstKnownUse(f.Readings, newer)):
		s.Phase = StillUsed
	default:
		s.Phase = Watch
	}
}

// observe looks for two readings between which the old token stood still: the first since its
// last movement, and the one of now.
func observe(f Facts, older, newer agent.Token) Evidence {
	evidence := Evidence{StillSince: stillSince(f, older), Needed: QuietStale, OlderConnection: olderConnection(f, older, newer)}
	evidence.Observed = f.Now.Sub(evidence.StillSince)
	proof := slices.IndexFunc(f.Readings, func(r Reading) bool {
		return r.TokenID == newer.ID && !r.At.Before(evidence.StillSince)
	})
	// Minutes count from a reading of both tokens, and the new one's may be the later.
	if proof >= 0 && newer.LastUsedAt.After(f.Readings[proof].LastUsedAt) {
		evidence.Advanced = true
		if evidence.Observed < QuietStale {
			evidence.StillSince, evidence.Needed = f.Readings[proof].At, QuietFresh
			evidence.Observed = f.Now.Sub(evidence.StillSince)
		}
	}
	return evidence
}

// cacheKept is how long GitLab's cache remembers a last use, less an hour for two clocks. What its
// database tells afterwards may be up to 55 minutes earlier.
const cacheKept = 23 * time.Hour

// stillSince is the first of the readings, counted back from now, since which the token was not
// used: its last use did not increase. That it falls a day later is no use; that it falls earlier
// tells of a flush of GitLab's cache, and with it of uses before that may be forgotten.
func stillSince(f Facts, token agent.Token) time.Time {
	since, last := f.Now, token.LastUsedAt
	for _, reading := range slices.Backward(f.Readings) {
		if reading.TokenID != token.ID {
			continue
		}
		flushed := reading.LastUsedAt.After(last) && since.Sub(reading.LastUsedAt) < cacheKept
		if last.After(reading.LastUsedAt) || flushed {
			break
		}
		since, last = reading.At, reading.LastUsedAt
	}
	return since
}

// firstKnownUse is the earliest use of the token that GitLab ever told of.
func firstKnownUse(readings []Reading, token agent.Token) time.Time {
	first := token.LastUsedAt
	for _, reading := range readings {
		if reading.TokenID == token.ID && !reading.LastUsedAt.IsZero() && reading.LastUsedAt.Before(first) {
			first = reading.LastUsedAt
		}
	}
	return first
}

// olderConnection is the oldest connection that was there before the new token was first used.
// That use came after its creation, and after every use of the old token that GitLab told of
// while the new one was still unused: all times of one clock, GitLab's.
func olderConnection(f Facts, older, newer agent.Token) time.Time {
	if !f.ConnectionsKnown || len(f.ConnectedAt) == 0 {
		return time.Time{}
	}
	unused := newer.CreatedAt
	lastUnused := time.Time{}
	for _, reading := range f.Readings {
		if reading.TokenID == newer.ID && reading.LastUsedAt.IsZero() {
			lastUnused = reading.At
		}
	}
	for _, reading := range f.Readings {
		if reading.TokenID == older.ID && !reading.At.After(lastUnused) && reading.LastUsedAt.After(unused) {
			unused = reading.LastUsedAt
		}
	}
	oldest := slices.MinFunc(f.ConnectedAt, time.Time.Compare)
	if oldest.Before(unused.Truncate(time.Second)) { // connections come in whole seconds
		return oldest
	}
	return time.Time{}
}
