// Package history knows what became of agents over time: transitions from one state to another, and what
// can be said between two of them.
package history

import "time"

// Kind is what became of an agent. Its number stands in the database and never changes its meaning.
type Kind int

// The kinds. Those of tokens have a TokenID.
const (
	Connected    Kind = 1 // the agent was in contact
	NotConnected Kind = 2 // it had been in contact and was not any more
	Registered   Kind = 3
	Gone         Kind = 4 // it was deleted, or is not the watch's to see any more
	TokenCreated Kind = 5
	TokenRevoked Kind = 6
	Unknown      Kind = 7 // GitLab did not tell whether it was connected
)

// String is the kind's name in exports and catalogues.
func (k Kind) String() string {
	switch k {
	case Connected:
		return "connected"
	case NotConnected:
		return "not_connected"
	case Registered:
		return "registered"
	case Gone:
		return "gone"
	case TokenCreated:
		return "token_created"
	case TokenRevoked:
		return "token_revoked"
	default:
		return "unknown"
	}
}

// OfConnection reports whether the kind says how the agent's connection is from then on.
func (k Kind) OfConnection() bool {
	return k == Connected || k == NotConnected || k == Unknown || k == Gone
}

// Transition is what became of one agent at one time.
type Transition struct {
	AgentID int64
	// At is when it happened as far as GitLab tells, such as the last contact of an agent that is not
	// connected any more; else when the watch saw it.
	At      time.Time
	Kind    Kind
	TokenID int64 // 0 where it is not about a token
}
