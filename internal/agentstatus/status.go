// Package agentstatus decides what is said about an agent for Kubernetes from the
// times at which its active tokens were used. It is pure: no clock, no network.
package agentstatus

import "time"

// ConnectedWithin is how recently a token must have been used for its agent to count as
// connected. It is the limit of GitLab's own clusters page (480,000 ms); GitLab's activity
// events use an hour instead.
const ConnectedWithin = 8 * time.Minute

// Status is an agent's connection status in the words of GitLab's own page.
type Status int

// The statuses. Unknown is the zero value: nobody could be asked.
const (
	Unknown Status = iota
	NeverConnected
	NotConnected
	Connected
)

// Statuses lists all statuses, the best first.
func Statuses() []Status { return []Status{Connected, NotConnected, NeverConnected, Unknown} }

// String is the status's name in addresses and exports.
func (s Status) String() string {
	switch s {
	case Connected:
		return "connected"
	case NotConnected:
		return "not_connected"
	case NeverConnected:
		return "never_connected"
	default:
		return "unknown"
	}
}

// Token is what the rules need to know of one active token.
type Token struct {
	CreatedAt time.Time
	// LastUsedAt is zero when the token was never used.
	LastUsedAt time.Time
}

// Of returns the status of an agent with the given active tokens, and the time of its last
// contact (zero: never). As on GitLab's page, revoking the one token that was used makes an
// agent read "never connected".
func Of(active []Token, now time.Time) (Status, time.Time) {
	var last time.Time
	for _, token := range active {
		if token.LastUsedAt.After(last) {
			last = token.LastUsedAt
		}
	}
	switch {
	case last.IsZero():
		return NeverConnected, last
	case now.Sub(last) < ConnectedWithin:
		return Connected, last
	default:
		return NotConnected, last
	}
}
