// Package rules decides what became of agents between two readings of the watch, and which alerts
// open or are over by that. It is pure: what it knows is given to it, the time included.
//
// GitLab's times are not exact: what it tells of a token's last use is kept in a cache, and falls by
// up to 55 minutes when that is emptied. So an agent is taken for silent only after it was seen silent
// for longer than one that is connected needs to come forward again.
package rules

import (
	"time"

	"gitlab-agent-portal/internal/agent"
)

const (
	// newAgent is how long a new agent may wait for its first contact before that is an alert.
	newAgent = 24 * time.Hour
	// tokenDue is how long before its end a token is due.
	tokenDue = 14 * 24 * time.Hour
	// settle is for how long an agent has to be seen silent: one that is connected has told GitLab
	// so by then, whatever became of its cache.
	settle = agent.ConnectedWithin + agent.ClockTolerance
	// lasting is how many intervals something goes wrong with the readings before it is an alert.
	lasting = 3
	// unread is for how long an agent is not read, at least, until it is not known what it did meanwhile.
	unread = time.Hour
)

// Limits are what the rules go by. They are made by NewLimits.
type Limits struct {
	agent.Thresholds
	// Interval is how often the fleet is read.
	Interval time.Duration
	// TokenDue is how long before its end a token is due.
	TokenDue time.Duration
	// Apart is how long ago a thing was seen at least that is seen again: two readings that follow
	// each other at once, as after a restart, are one.
	Apart time.Duration
	// Settle is for how long an agent has to be seen silent before it is taken to be.
	Settle time.Duration
	// Unread is after how long without a reading it is not known what an agent did meanwhile.
	Unread time.Duration
	// Fresh says that GitLab's times never fall, as those of a made-up GitLab.
	Fresh bool
}

// NewLimits are the limits of a watch that reads every so often.
func NewLimits(thresholds agent.Thresholds, interval time.Duration) Limits {
	return Limits{
		Thresholds: thresholds, Interval: interval, TokenDue: min(tokenDue, thresholds.MaxAge/2), Apart: interval / 2, Settle: settle,
		Unread: max(unread, lasting*interval),
	}
}

// Trusting are the limits where GitLab's times are always fresh: what is seen twice is taken as it is.
func (l Limits) Trusting() Limits {
	l.Fresh, l.Settle = true, l.Apart
	return l
}
