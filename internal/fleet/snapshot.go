package fleet

import (
	"cmp"
	"slices"
	"time"

	"gitlab-agent-portal/internal/agent"
)

// Snapshot is the fleet of one person at one time. It is shared between readers and never
// changes: whoever gets one reads it only.
type Snapshot struct {
	// Projects are by path: in agent.ScopeMine every one in which the person is at least Developer, in
	// other scopes those with agents and those of which something is missing.
	Projects []*agent.Project
	Agents   []Agent // by project path, then by name
	// Warnings say what is missing and why, by project path.
	Warnings []Warning
	// Fallback is why the tokens of some agents are unknown; FallbackNone when GraphQL told
	// everything.
	Fallback agent.Fallback
	// ReadAt is when the scan began: nothing here is older.
	ReadAt time.Time
	// RetryAt is until when GitLab wants to be left alone; zero: it did not say.
	RetryAt time.Time
	// OwnOnly says of agent.ScopeEverything that all agents are of the person's own projects: GitLab
	// shows no others.
	OwnOnly bool
}

// Agent is an agent in its project.
type Agent struct {
	Project *agent.Project
	agent.Agent
}

// Warning says that something is missing from the fleet.
type Warning struct {
	// Project is whose agents are missing; nil where it is not about one project.
	Project *agent.Project
	Kind    WarningKind
	// Lasting says that asking again would not help.
	Lasting bool
}

// WarningKind is why something is missing.
type WarningKind int

// The kinds. The first four have a Project.
const (
	Unavailable WarningKind = iota // GitLab failed: 5xx, a broken connection, nonsense
	Slow                           // GitLab did not answer in time
	NotVisible                     // GitLab says that it does not exist or is not the person's to see
	RateLimited                    // GitLab wants to be left alone until Snapshot.RetryAt

	// ListIncomplete: the list of projects broke off, or is longer than is read.
	ListIncomplete
	// RolesUnknown: what may be managed could not be asked; projects may be taken for ones that
	// the person only reads, or for ones that are not archived.
	RolesUnknown
)

// String names the kind in logs, exports and catalogues.
func (k WarningKind) String() string {
	return [...]string{"unavailable", "slow", "not_visible", "rate_limited", "list_incomplete", "roles_unknown"}[k]
}

// Progress is how far the scan of a fleet is.
type Progress struct {
	// Waiting says that the scan waits for its turn, and Ahead before how many other people's.
	Waiting bool
	Ahead   int

	Done int // projects
	// Total is 0 while the projects are still being listed.
	Total int
}

// Failures are the warnings of what may be there the next time.
func (s *Snapshot) Failures() []Warning {
	return slices.DeleteFunc(slices.Clone(s.Warnings), func(w Warning) bool { return w.Lasting })
}

// Incomplete reports whether there may be agents that are missing from the snapshot.
func (s *Snapshot) Incomplete() bool {
	return slices.ContainsFunc(s.Warnings, func(w Warning) bool { return w.Kind != RolesUnknown })
}

// InSight are the projects of a snapshot of the scope of whose agents the person may be told more than
// GitLab says now: what the watch saw of them. That a project is listed is enough only among the
// person's own, unless GitLab says that it is not theirs to see: in other scopes everybody is shown the
// projects, and only having read the agents tells that they are for this person.
func (s *Snapshot) InSight(scope agent.Scope) []*agent.Project {
	unread := map[*agent.Project]bool{}
	for _, w := range s.Warnings {
		unread[w.Project] = unread[w.Project] || w.Kind == NotVisible || scope != agent.ScopeMine
	}
	return slices.DeleteFunc(slices.Clone(s.Projects), func(p *agent.Project) bool { return unread[p] })
}

// Order puts what was collected into the order of a snapshot, each warning once.
func (s *Snapshot) Order() {
	slices.SortFunc(s.Projects, byPath)
	slices.SortFunc(s.Agents, func(a, b Agent) int {
		return cmp.Or(byPath(a.Project, b.Project), cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
	})
	slices.SortFunc(s.Warnings, func(a, b Warning) int {
		return cmp.Or(byPath(a.Project, b.Project), cmp.Compare(a.Kind, b.Kind))
	})
	s.Warnings = slices.Compact(s.Warnings)
}

// With returns a snapshot in which some projects are as they were read again. s stays as it is.
func (s *Snapshot) With(again *Snapshot) *Snapshot {
	isAgain := make(map[int64]bool, len(again.Projects))
	for _, p := range again.Projects {
		isAgain[p.ID] = true
	}
	merged := &Snapshot{
		Projects: slices.DeleteFunc(slices.Clone(s.Projects), func(p *agent.Project) bool { return isAgain[p.ID] }),
		Agents:   slices.DeleteFunc(slices.Clone(s.Agents), func(a Agent) bool { return isAgain[a.Project.ID] }),
		Warnings: slices.DeleteFunc(slices.Clone(s.Warnings), func(w Warning) bool { return w.Project != nil && isAgain[w.Project.ID] }),
		Fallback: again.Fallback, ReadAt: s.ReadAt, RetryAt: again.RetryAt, OwnOnly: s.OwnOnly,
	}
	if slices.ContainsFunc(merged.Agents, func(a Agent) bool { return !a.TokensRead() }) {
		merged.Fallback = max(merged.Fallback, s.Fallback)
	}
	merged.Projects = append(merged.Projects, again.Projects...)
	merged.Agents = append(merged.Agents, again.Agents...)
	merged.Warnings = append(merged.Warnings, again.Warnings...)
	merged.Order()
	return merged
}

// byPath orders projects; none comes first.
func byPath(a, b *agent.Project) int {
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
