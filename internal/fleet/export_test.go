package fleet

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
	ScanTimeout     = scanTimeout
)

// Kept is what the cache holds: for how many, and its estimated size.
func (s *Service) Kept() (entries int, size int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cache.entries.Len(), s.cache.size
}

// People is for how many people calls are under way.
func (s *Service) People() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.people)
}
