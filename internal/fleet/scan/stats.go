package scan

// Stats are what a Service holds and has done, for metrics.
type Stats struct {
	// Viewers is for how many something is kept, Bytes what that takes, of Capacity.
	Viewers         int
	Bytes, Capacity int64
	// Evicted counts fleets that made room for others, and Refused those that were not kept because
	// all others were in use.
	Evicted, Refused int64
	// Waiting is how many scans wait for their turn.
	Waiting int
}

// Stats returns them.
func (s *Service) Stats() Stats {
	waiting := s.turns.waits()
	s.mu.Lock()
	defer s.mu.Unlock()
	return Stats{
		Viewers: s.cache.byKey.Len(), Bytes: s.cache.size, Capacity: s.cache.capacity,
		Evicted: s.cache.evicted, Refused: s.cache.refused, Waiting: waiting,
	}
}
