package watch

// SetBatch makes so many new agents be kept at a time.
func (s *Service) SetBatch(n int) { s.batch = n }
