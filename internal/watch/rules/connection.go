package rules

import (
	"time"

	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/history"
)

// grain sets apart what happened one after the other where only one time is known.
const grain = time.Millisecond

// seeConnection follows the agent's connection.
func (s *step) seeConnection(a agent.Agent) {
	if !a.UseKnown() {
		s.keep(silent)
		if !s.before.Known() {
			s.become(agent.StatusUnknown, s.now)
		}
		return
	}
	s.after.LastContact = s.contact(a)
	s.missed()
	switch status := s.status(a); status {
	case agent.StatusConnected:
		if s.after.Status != agent.StatusConnected {
			s.become(status, s.behind(s.after.LastContact))
		}
	case agent.StatusNotConnected:
		if s.again(silent, s.Settle) && s.after.Status != status {
			s.become(status, s.behind(s.after.LastContact))
		}
	default: // never in contact, which is no transition
		s.after.Status = status
	}
	s.after.ReadAt = s.now
}

// contact is the agent's last contact: what GitLab tells, or told before its times fell.
func (s *step) contact(a agent.Agent) time.Time {
	told := a.LastContact()
	if told.After(s.now) { // by GitLab's clock
		told = s.now
	}
	if s.Fresh {
		return told
	}
	return later(told, s.before.LastContact)
}

// status is how the agent's connection is at the moment, by the last contact that is known.
func (s *step) status(a agent.Agent) agent.Status {
	status := a.Status(s.now)
	if status == agent.StatusNotConnected && !a.SeenRevoked() && s.now.Sub(s.after.LastContact) < agent.ConnectedWithin {
		return agent.StatusConnected
	}
	return status
}

// missed notes that nobody knows how the connection was while the agent was not read for long, unless
// it was silent all the while.
func (s *step) missed() {
	isLong := !s.before.ReadAt.IsZero() && s.now.Sub(s.before.ReadAt) > s.Unread
	if isLong && s.before.Status == agent.StatusConnected && s.after.LastContact.After(s.before.ReadAt) && s.after.Status == agent.StatusConnected {
		s.become(agent.StatusUnknown, s.behind(s.before.ReadAt))
	}
}

// behind is the time, or right behind the last change of the connection: what came later stands later.
func (s *step) behind(at time.Time) time.Time {
	if !at.After(s.after.StatusSince) {
		return s.after.StatusSince.Add(grain)
	}
	return at
}

// become changes what the agent is taken for, and notes it.
func (s *step) become(status agent.Status, at time.Time) {
	s.after.Status, s.after.StatusSince = status, at
	kinds := map[agent.Status]history.Kind{
		agent.StatusConnected: history.Connected, agent.StatusNotConnected: history.NotConnected, agent.StatusUnknown: history.Unknown,
	}
	s.note(kinds[status], at, 0)
}
