package rotation

import (
	"time"

	"gitlab-agent-portal/internal/agent"
)

// End is how a rotation ended, by what was read while it went on.
type End struct {
	// TookOver is when the new token was first used; zero where nobody looked around then.
	TookOver time.Time
	// Undisturbed says that nothing had used the old token for a while when it was revoked.
	Undisturbed bool
}

// isFinished reports whether the only token took over from one that was revoked a while ago at most. A
// token that was given up was the newer one, and one that was made afterwards had nothing to take over.
func (f Facts) isFinished(only agent.Token) bool {
	revoked := f.Revoked
	return revoked.TokenID != 0 && revoked.TokenID < only.ID && only.CreatedAt.Before(revoked.At) && f.Now.Sub(revoked.At) < FinishedFor
}

// endOf collects what is known of the end.
func endOf(f Facts, only agent.Token) (end End) {
	wasUnused, last := false, Reading{}
	for _, reading := range f.Readings {
		switch {
		case reading.TokenID == f.Revoked.TokenID:
			last = reading
		case reading.TokenID == only.ID && reading.LastUsedAt.IsZero():
			wasUnused = true
		}
	}
	if wasUnused {
		end.TookOver = firstKnownUse(f.Readings, only)
	}
	end.Undisturbed = !last.At.IsZero() && f.Revoked.At.Sub(last.LastUsedAt) >= QuietFresh
	return end
}

// Due is when the old token can most likely be revoked, if nothing uses it meanwhile: ten minutes after
// it fell silent, within which GitLab records another use of the new one. Where it did not, the hour
// counts. It is zero where something that was connected before still is.
func (e Evidence) Due() time.Time {
	switch {
	case !e.OlderConnection.IsZero():
		return time.Time{}
	case e.Advanced || e.Observed < QuietFresh:
		return e.StillSince.Add(QuietFresh)
	default:
		return e.StillSince.Add(QuietStale)
	}
}

// Silent is for how long the token was seen not to be used while its successor was, where that is long
// enough to revoke it; ok is false for any other token.
func Silent(token int64, f Facts) (observed time.Duration, ok bool) {
	f.Drop = dropOf(token, f)
	state := Of(f)
	if state.Phase != Quiet || state.Old != token || state.Evidence.StillSince.IsZero() {
		return 0, false
	}
	return state.Evidence.Observed, true
}
