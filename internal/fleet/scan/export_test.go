package scan

import (
	"context"
	"time"
)

// SetTimeouts replaces context.WithTimeout, so that tests decide when time is up.
func (s *Service) SetTimeouts(withTimeout func(context.Context, time.Duration) (context.Context, context.CancelFunc)) {
	s.withTimeout = withTimeout
}

// The deadlines of one call each.
const (
	ProjectTimeout  = projectTimeout
	GraphQLTimeout  = graphQLTimeout
	OnScreenTimeout = onScreenTimeout
	ScanTimeout     = 60 * time.Second
	RunningTimeout  = runningTimeout
	ConfigsTimeout  = configsTimeout
)

// Idle waits until nothing is read any more.
func (s *Service) Idle() { s.work.Wait() }

// People is for how many people calls are under way.
func (s *Service) People() int { return s.slots.People() }

// Kept is for how many viewers something is kept, and what that takes in bytes.
func (s *Service) Kept() (viewers int, size int64) {
	stats := s.Stats()
	return stats.Viewers, stats.Bytes
}
