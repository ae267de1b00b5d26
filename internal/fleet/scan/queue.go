package scan

import "context"

// Of a viewer one flight is under way at most, and one more waits for its end: for those who asked
// to read anew when it had begun already. However often they ask, no third one comes.

// boardable is the flight whose reading begins now or later, begun where there is none. The caller
// holds mu.
func (s *Service) boardable(ctx context.Context, v Viewer, source Source) *flight {
	f := s.flights[v.key()]
	switch {
	case f == nil:
		s.abandonOthers(v)
		f = s.start(ctx, v, source, nil)
		s.flights[v.key()] = f
	case f.overtaken:
		if f.next == nil {
			f.next = s.start(ctx, v, source, f)
		}
		f = f.next
	}
	return f
}

// abandonOthers stops the viewer's scans of other scopes that nobody waits for: whoever turns from one
// group to the next has one under way, not one for each. The caller holds mu.
func (s *Service) abandonOthers(v Viewer) {
	for k, f := range s.flights {
		if k.person == v.Person && k.grant == v.Grant && f.waiting == 0 && f.next == nil {
			s.stop(f, errAbandoned)
		}
	}
}

// queued says whether a flight is under way or waits. The caller holds mu.
func (s *Service) queued(f *flight) bool {
	first := s.flights[f.key]
	return first == f || first != nil && first.next == f
}

// dequeue takes a flight out; the one that waits for it moves up. The caller holds mu.
func (s *Service) dequeue(f *flight) {
	switch first := s.flights[f.key]; {
	case first == f && f.next != nil:
		s.flights[f.key] = f.next
	case first == f:
		delete(s.flights, f.key)
	case first != nil && first.next == f:
		first.next = nil
	}
}

// stop ends a flight, which nobody can join from now on. The caller holds mu.
func (s *Service) stop(f *flight, cause error) {
	s.dequeue(f)
	f.stop(cause)
}

// stopAll stops the flight under way and the one that waits for it. The caller holds mu.
func (s *Service) stopAll(f *flight, cause error) {
	next := f.next
	s.stop(f, cause)
	if next != nil {
		s.stop(next, cause)
	}
}

// beginAnew makes the flight throw away what it has read. The caller holds mu.
func (f *flight) beginAnew() {
	f.again = true
	f.reads(nil)
	if f.endPass != nil {
		f.endPass()
	}
}

// outdate makes what is kept to be read anew. The caller holds mu.
func (s *Service) outdate(k key) {
	if kept := s.cache.get(k); kept != nil {
		kept.outdated = true
	}
}
