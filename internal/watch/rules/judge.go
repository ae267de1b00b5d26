package rules

import (
	"slices"
	"time"

	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/alert"
)

// verdict is what a reading says of what a kind of alert is about.
type verdict int

const (
	untold verdict = iota // nothing
	no
	soon // it will be so unless something changes
	yes
)

// finding is a verdict, and since when it is so; zero for since it was seen.
type finding struct {
	verdict
	since time.Time
}

// judge opens and resolves alerts. Nobody can do anything about agents of an archived project.
func (s *step) judge(project agent.Project, a agent.Agent) {
	found := s.findings(a, a.Attention(false, s.Thresholds, s.now))
	for _, kind := range alert.Kinds() {
		one, isOfAgents := found[kind]
		if project.Archived {
			one = finding{verdict: no}
		}
		if isOfAgents {
			s.decide(kind, one)
		}
	}
}

// findings go through the kinds, each of which is decided by itself.
func (s *step) findings(a agent.Agent, due []agent.Rule) map[alert.Kind]finding {
	found := map[alert.Kind]finding{
		alert.Disconnected: s.disconnected(a), alert.NeverConnected: s.neverConnected(a),
		alert.TokenDue: {}, alert.TokenOverdue: {},
	}
	if a.TokensRead() {
		found[alert.TokenDue], found[alert.TokenOverdue] = s.tokenAges(a)
	}
	for _, rule := range followed() {
		found[rule.kind] = rule.finding(a, slices.Contains(due, rule.rule))
	}
	return found
}

// decide opens an alert of the kind that was seen twice, and resolves one that twice was not.
func (s *step) decide(kind alert.Kind, found finding) {
	isOpen := slices.Contains(s.before.Open, kind)
	switch {
	case found.verdict == untold:
		s.keep(holds(kind), over(kind))
	case found.verdict == no && isOpen:
		if s.again(over(kind), s.Apart) {
			delete(s.after.Pending, over(kind))
			s.resolve(kind)
		}
	case found.verdict == no || isOpen:
	case s.again(holds(kind), s.Apart) && found.verdict == yes:
		since := found.since
		if since.IsZero() {
			since = s.after.Pending[holds(kind)]
		}
		delete(s.after.Pending, holds(kind))
		s.open(kind, since)
	}
}

// disconnected comes with the agent being taken for silent, and then with time. What is silent for so long
// that it is stale is nothing to wake anybody for, but what is open lasts until the agent is back.
func (s *step) disconnected(a agent.Agent) finding {
	contact := s.after.LastContact
	switch {
	case !a.UseKnown():
		return finding{}
	case s.status(a) != agent.StatusNotConnected:
		return finding{verdict: no}
	case slices.Contains(s.before.Open, alert.Disconnected):
		return finding{yes, contact}
	case s.after.Status == agent.StatusNotConnected && s.now.Sub(contact) > s.Disconnected && s.now.Sub(contact) <= s.MaxSilence:
		return finding{yes, contact}
	default:
		return finding{verdict: soon}
	}
}

// neverConnected leaves out agents that are stale, as disconnected does.
func (s *step) neverConnected(a agent.Agent) finding {
	switch {
	case !a.UseKnown() || a.CreatedAt.IsZero():
		return finding{}
	case s.status(a) != agent.StatusNeverConnected:
		return finding{verdict: no}
	case slices.Contains(s.before.Open, alert.NeverConnected):
		return finding{yes, a.CreatedAt}
	case s.now.Sub(a.CreatedAt) > newAgent && !a.Stale(s.Thresholds, s.now):
		return finding{yes, a.CreatedAt}
	default:
		return finding{}
	}
}

// tokenAges tells of tokens that reach their greatest age soon, and of those that have: since then, or
// from then on, by the oldest of them.
func (s *step) tokenAges(a agent.Agent) (due, overdue finding) {
	due, overdue = finding{verdict: no}, finding{verdict: no}
	for i := range a.Tokens {
		end := a.Tokens[i].CreatedAt.Add(s.MaxAge)
		which := &due
		switch left := end.Sub(s.now); {
		case left < 0:
			which = &overdue
		case left > s.TokenDue:
			continue
		}
		if which.verdict == no || end.Before(which.since) {
			*which = finding{yes, end}
		}
	}
	return due, overdue
}
