package rules

import (
	"maps"
	"slices"
	"time"

	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/alert"
	"gitlab-agent-portal/internal/history"
)

// State is what is known of one agent. The zero value stands for one that was never read.
type State struct {
	alert.Subject
	// Status is what the agent is taken for, which lags behind what a reading says, and StatusSince
	// when it became so; zero where that is not known.
	Status      agent.Status
	StatusSince time.Time
	// LastContact is the newest that GitLab ever told; zero for never.
	LastContact time.Time
	// Tokens are the numbers of the active ones, in order.
	Tokens []int64
	// Pending is what was seen once and has to be seen again, with the time.
	Pending map[Mark]time.Time
	// FirstSeen is when the agent was first read, and GoneAt since when it is not there any more; zero
	// while it is.
	FirstSeen, GoneAt time.Time

	// ReadAt is when GitLab last told how the agent's connection is; zero for never.
	ReadAt time.Time
	// Open are the kinds of the alerts that are open.
	Open []alert.Kind
}

// Mark names what was seen once.
type Mark string

const (
	silent  Mark = "silent"  // the agent is not connected
	missing Mark = "missing" // it is not there any more
)

// holds marks that what a kind of alert is about was seen, and over that it was not.
func holds(k alert.Kind) Mark { return Mark("+" + k) }
func over(k alert.Kind) Mark  { return Mark("-" + k) }

// Known reports whether the agent was ever read.
func (s State) Known() bool { return s.AgentID != 0 }

// Gone reports whether the agent is not there any more.
func (s State) Gone() bool { return !s.GoneAt.IsZero() }

// Outcome is what a reading leads to.
type Outcome struct {
	Transitions []history.Transition
	// Opened and Resolved are alerts that open and that are over.
	Opened, Resolved []alert.Alert
}

// Add adds another outcome.
func (o *Outcome) Add(other Outcome) {
	o.Transitions = append(o.Transitions, other.Transitions...)
	o.Opened = append(o.Opened, other.Opened...)
	o.Resolved = append(o.Resolved, other.Resolved...)
}

// step is one agent between two readings.
type step struct {
	Limits
	before, after State
	Outcome
	now time.Time
}

func (l Limits) step(before State, now time.Time) *step {
	after := before
	after.Pending, after.Open = map[Mark]time.Time{}, slices.Clone(before.Open)
	return &step{Limits: l, before: before, after: after, now: now}
}

// again marks something as seen, and reports whether that was so for as long as it has to.
func (s *step) again(mark Mark, atLeast time.Duration) bool {
	first, seen := s.before.Pending[mark]
	if !seen {
		first = s.now
	}
	s.after.Pending[mark] = first
	return seen && s.now.Sub(first) >= atLeast
}

// keep keeps marks about which a reading says nothing.
func (s *step) keep(marks ...Mark) {
	for _, mark := range marks {
		if first, ok := s.before.Pending[mark]; ok {
			s.after.Pending[mark] = first
		}
	}
}

func (s *step) note(kind history.Kind, at time.Time, token int64) {
	s.Transitions = append(s.Transitions, history.Transition{AgentID: s.after.AgentID, At: at, Kind: kind, TokenID: token})
}

// open opens an alert of the kind.
func (s *step) open(kind alert.Kind, since time.Time) {
	s.after.Open = append(s.after.Open, kind)
	s.Opened = append(s.Opened, alert.Alert{Kind: kind, Subject: s.after.Subject, Since: since, OpenedAt: s.now})
}

// resolve ends the open alert of the kind.
func (s *step) resolve(kind alert.Kind) {
	s.after.Open = slices.DeleteFunc(s.after.Open, func(k alert.Kind) bool { return k == kind })
	s.Resolved = append(s.Resolved, alert.Alert{Kind: kind, Subject: s.after.Subject, ResolvedAt: s.now})
}

// Same reports whether both states are stored alike, but for the last contact.
func (s State) Same(other State) bool {
	return s.Subject == other.Subject && s.Status == other.Status && s.StatusSince.Equal(other.StatusSince) && s.GoneAt.Equal(other.GoneAt) &&
		s.FirstSeen.Equal(other.FirstSeen) && slices.Equal(s.Tokens, other.Tokens) && maps.EqualFunc(s.Pending, other.Pending, time.Time.Equal)
}
