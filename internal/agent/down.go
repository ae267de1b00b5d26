package agent

import "time"

// DownWithin is how recent the last contact of an agent is that counts as down: somebody may still be
// waiting for it. An agent that is silent for longer was most likely given up.
const DownWithin = 7 * 24 * time.Hour

// Down reports whether the agent was in contact within DownWithin and is not any more: what broke.
func (a Agent) Down(now time.Time) bool {
	return a.Status(now) == StatusNotConnected && now.Sub(a.LastContact()) <= DownWithin
}
