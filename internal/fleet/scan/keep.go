package scan

import (
	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/fleet"
)

// toRepair is what is kept and fresh, and the projects that are missing there; nil
// when everything is to be read. The caller holds mu.
func (s *Service) toRepair(k key) (*keptFleet, []agent.Project) {
	view := s.view(k)
	if !view.Fresh {
		return nil, nil
	}
	var broken []agent.Project
	for _, w := range view.Snapshot.Failures() {
		if w.Project == nil {
			return nil, nil
		}
		broken = append(broken, *w.Project)
	}
	if len(broken) == 0 { // somebody has just repaired it
		return nil, nil
	}
	return s.cache.get(k), broken
}

// keep puts what was found into the cache: in place of everything there, or
// without base nil into that, unless it is gone by now. The caller holds mu.
func (s *Service) keep(k key, changes int64, base *keptFleet, found *fleet.Snapshot) *fleet.Snapshot {
	s.cache.expire(s.cfg.Now().Add(-s.cfg.Stale))
	if base == nil {
		kept := newKept(found, k.scope)
		kept.changes = changes
		s.cache.put(k, kept)
		return found
	}
	merged := base.snapshot().With(found)
	if s.cache.get(k) != base {
		return merged
	}
	before := *base
	if base.set(merged, k.scope); !s.cache.put(k, base) {
		*base = before
	}
	return merged
}
