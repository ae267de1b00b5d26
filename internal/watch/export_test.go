package watch

import "context"

// SetBatch makes so many new agents be kept at a time.
func (s *Service) SetBatch(n int) { s.batch = n }

// Claim takes the lease or prolongs it.
func (s *Service) Claim(ctx context.Context) error { return s.claim(ctx) }
