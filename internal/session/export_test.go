package session

import "time"

// The limits of a session.
const (
	IdleLimit     = idleLimit
	AbsoluteLimit = absoluteLimit
)

// LimitRefresh shortens the deadlines of a store's refreshes, which no test can wait for.
func (s *Store) LimitRefresh(call, save time.Duration) {
	s.limits.call, s.limits.save = call, save
}

// RefreshLimits are the deadlines of a store's refreshes: of waiting for the lock, of GitLab's
// answer, and of saving what it gave.
func (s *Store) RefreshLimits() (wait, call, save time.Duration) {
	return s.limits.wait, s.limits.call, s.limits.save
}
