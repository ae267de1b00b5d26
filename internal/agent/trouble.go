package agent

import "time"

// AwaitedFor is for how long after its creation a token is expected to be used for the first time:
// as long as somebody installs it.
const AwaitedFor = time.Hour

// Trouble is what keeps an agent from working, by what its tokens tell. Its text is its name in
// catalogues.
type Trouble string

// The troubles. The zero value is none that is known.
const (
	// TroubleNoToken: there is nothing to connect with.
	TroubleNoToken Trouble = "no_token"
	// TroubleAwaited: a token was just created and has not been used yet.
	TroubleAwaited Trouble = "awaited"
	// TroubleRevoked: the agent was last seen with a token that is revoked since.
	TroubleRevoked Trouble = "revoked"
	// TroubleNever: no token was ever used.
	TroubleNever Trouble = "never"
	// TroubleSilent: the agent was connected and is not any more.
	TroubleSilent Trouble = "silent"
)

// Awaited is the newest of the active tokens that were created in the last hour and never used; ok
// is false without one.
func (a Agent) Awaited(now time.Time) (awaited Token, ok bool) {
	for _, token := range a.Tokens {
		if token.NeverUsed() && now.Sub(token.CreatedAt) < AwaitedFor && token.ID > awaited.ID {
			awaited, ok = token, true
		}
	}
	return awaited, ok
}

// Trouble is the agent's at now. An agent that is connected has some, too, while its next token is
// awaited.
func (a Agent) Trouble(now time.Time) Trouble {
	status := a.Status(now)
	_, awaited := a.Awaited(now)
	switch {
	case a.TokenCount == 0:
		return TroubleNoToken
	case status == StatusUnknown:
		return ""
	case awaited:
		return TroubleAwaited
	case status == StatusConnected:
		return ""
	case a.SeenRevoked():
		return TroubleRevoked
	case status == StatusNeverConnected:
		return TroubleNever
	default:
		return TroubleSilent
	}
}
