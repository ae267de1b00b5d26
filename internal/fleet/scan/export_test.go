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
	ScanTimeout     = scanTimeout
)

// People is for how many people calls are under way.
func (s *Service) People() int { return s.slots.People() }
