package agent

import "time"

// ConnectedWithin is how recently a token must have been used for its agent to count as
// connected. It is the limit of GitLab's own clusters page (480,000 ms); GitLab's activity
// events use an hour instead.
const ConnectedWithin = 8 * time.Minute

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

// LastContact is the newest use of any active token; zero for never, and while the use of one of
// them is not known.
func (a Agent) LastContact() time.Time {
	if !a.UseKnown() {
		return time.Time{}
	}
	var last time.Time
	for i := range a.Tokens {
		if used := a.Tokens[i].LastUsedAt; used.After(last) {
			last = used
		}
	}
	return last
}

// Status is the agent's connection status. As on GitLab's page, revoking the one token that was
// used makes an agent read "never connected".
func (a Agent) Status(now time.Time) Status {
	last := a.LastContact()
	switch {
	case !a.UseKnown():
		return StatusUnknown
	case last.IsZero():
		return StatusNeverConnected
	case now.Sub(last) < ConnectedWithin:
		return StatusConnected
	default:
		return StatusNotConnected
	}
}
