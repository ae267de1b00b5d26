package scan

import (
	"context"
	"slices"

	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/fleet"
)

// Touch does what Drop does for a change of what is in some projects, but that Mend can bring back what
// is kept: with these projects as they are now.
func (s *Service) Touch(person int64, projects ...int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cache.each(func(k key, kept *keptFleet) {
		if k.person == person {
			kept.touched = append(kept.touched, projects...)
			kept.own++
		}
	})
	for k, f := range s.flights {
		if k.person == person {
			f.beginAnew()
		}
	}
}

// Mend reads the projects again that the viewer has changed something in, so that what is kept can be
// shown with its age in place of nothing. Where that does not succeed before ctx ends, it is dropped: what
// was changed is never shown as it was.
func (s *Service) Mend(ctx context.Context, v Viewer, source Source) {
	s.mu.Lock()
	s.catchUp(v)
	kept := s.cache.get(v.key())
	projects := kept.toMend()
	s.mu.Unlock()
	if projects == nil {
		return
	}
	p := s.newPass(s.caller(v, source, nil), v.Scope, func(fleet.Progress) {})
	found, err := s.runPass(ctx, v, p, projects)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil || len(found.Warnings) > 0 || s.cache.get(v.key()) != kept {
		kept.dropped = true
		return
	}
	// What was changed while this was read is still to be mended.
	kept.touched = slices.DeleteFunc(kept.touched, func(id int64) bool {
		return slices.ContainsFunc(projects, func(p agent.Project) bool { return p.ID == id })
	})
	for id := range kept.tokens {
		if !slices.ContainsFunc(found.Agents, func(a fleet.Agent) bool { return a.ID == id }) {
			continue
		}
		delete(kept.tokens, id)
	}
	s.keep(v.key(), kept.changes, kept, found)
}

// toMend are the projects that were touched, each once; nil where there are none, or where one of them is
// not in what is kept, which then is of no use. The caller holds mu.
func (k *keptFleet) toMend() []agent.Project {
	if k == nil || k.dropped || len(k.touched) == 0 {
		return nil
	}
	slices.Sort(k.touched)
	k.touched = slices.Compact(k.touched)
	var projects []agent.Project
	for _, p := range k.snapshot().Projects {
		if slices.Contains(k.touched, p.ID) {
			projects = append(projects, *p)
		}
	}
	if len(projects) < len(k.touched) {
		k.dropped = true
		return nil
	}
	return projects
}
