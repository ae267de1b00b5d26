package agent

import "time"

// ConnectedWithin is how recently a token must have been used for its agent to count as
// connected. It is the limit of GitLab's own clusters page (480,000 ms); GitLab's activity
// events use an hour instead.
const ConnectedWithin = 8 * time.Minute

// ClockTolerance is how far GitLab's clock and the portal's may differ before a status is doubted:
// it compares GitLab's times with the portal's.
const ClockTolerance = time.Minute

// Status is an agent's connection status in the words of GitLab's own page. Its text is its name
// in addresses, exports and catalogues.
type Status string

// The statuses. StatusUnknown means that nobody could be asked when the tokens were used.
const (
	StatusConnected      Status = "connected"
	StatusNotConnected   Status = "not_connected"
	StatusNeverConnected Status = "never_connected"
	StatusUnknown        Status = "unknown"
)

// Statuses lists all statuses, the best first.
func Statuses() []Status {
	return []Status{StatusConnected, StatusNotConnected, StatusNeverConnected, StatusUnknown}
}

// LastContact is the newest use of any active token, and where none of them was ever used, that of
// a token revoked since; zero for never, and while the use of an active one is not known.
func (a Agent) LastContact() time.Time {
	if !a.UseKnown() {
		return time.Time{}
	}
	if last := a.lastUse(); !last.IsZero() {
		return last
	}
	return a.RevokedUse
}

// lastUse is the newest use of any active token.
func (a Agent) lastUse() time.Time {
	var last time.Time
	for i := range a.Tokens {
		if used := a.Tokens[i].LastUsedAt; used.After(last) {
			last = used
		}
	}
	return last
}

// SeenRevoked reports whether the agent's last contact was with a token that is revoked since.
func (a Agent) SeenRevoked() bool {
	return a.UseKnown() && a.lastUse().IsZero() && !a.RevokedUse.IsZero()
}

// Status is the agent's connection status, by the rules of GitLab's page but for one: an agent
// that was seen in contact is not "never connected" because the token it used was revoked.
func (a Agent) Status(now time.Time) Status {
	last := a.LastContact()
	switch {
	case !a.UseKnown():
		return StatusUnknown
	case last.IsZero():
		return StatusNeverConnected
	case !a.SeenRevoked() && now.Sub(last) < ConnectedWithin:
		return StatusConnected
	default:
		return StatusNotConnected
	}
}
