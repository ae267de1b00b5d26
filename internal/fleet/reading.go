package fleet

import (
	"cmp"
	"slices"
	"time"
)

// reading is what a scan has found, before it is a snapshot.
type reading struct {
	projects []*Project
	agents   []Agent
	warnings []Warning
	fallback Fallback
	causes   []error
	readAt   time.Time
	retryAt  time.Time
}

// snapshot is the reading of everything.
func (r *reading) snapshot() *Snapshot {
	s := &Snapshot{
		Projects: slices.Clip(r.projects), Agents: slices.Clip(r.agents), Warnings: slices.Clip(r.warnings),
		Fallback: r.fallback, ReadAt: r.readAt, RetryAt: r.retryAt,
	}
	slices.SortFunc(s.Projects, byPath)
	s.sort()
	return s
}

// onto is base with what the reading has found of some of its projects.
func (r *reading) onto(base *Snapshot) *Snapshot {
	again := make(map[*Project]bool, len(r.projects))
	for _, p := range r.projects {
		again[p] = true
	}
	s := &Snapshot{Projects: base.Projects, ReadAt: base.ReadAt, RetryAt: r.retryAt, Fallback: r.fallback}
	s.Agents = make([]Agent, 0, len(base.Agents)+len(r.agents))
	for _, a := range base.Agents {
		if again[a.Project] {
			continue
		}
		if !a.TokensKnown {
			s.Fallback = max(s.Fallback, base.Fallback)
		}
		s.Agents = append(s.Agents, a)
	}
	s.Agents = append(s.Agents, r.agents...)
	for _, w := range base.Warnings {
		if !again[w.Project] {
			s.Warnings = append(s.Warnings, w)
		}
	}
	s.Warnings = append(s.Warnings, r.warnings...)
	s.sort()
	return s
}

// sort orders agents and warnings, each of which is said once.
func (s *Snapshot) sort() {
	slices.SortFunc(s.Agents, func(a, b Agent) int {
		return cmp.Or(byPath(a.Project, b.Project), cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
	})
	slices.SortFunc(s.Warnings, func(a, b Warning) int {
		return cmp.Or(byPath(a.Project, b.Project), cmp.Compare(a.Kind, b.Kind))
	})
	s.Warnings = slices.Compact(s.Warnings)
}

// byPath orders projects; none comes first.
func byPath(a, b *Project) int {
	switch {
	case a == b:
		return 0
	case a == nil:
		return -1
	case b == nil:
		return 1
	}
	return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.ID, b.ID))
}
