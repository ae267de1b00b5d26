package rules

import (
	"slices"
	"time"

	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/alert"
	"gitlab-agent-portal/internal/history"
)

// See takes in what a reading tells of an agent. What it does not tell stays as it was.
func (l Limits) See(before State, project agent.Project, a agent.Agent, now time.Time) (State, Outcome) {
	s := l.step(before, now)
	s.after.Subject = alert.Subject{ProjectID: project.ID, ProjectPath: project.Path, AgentID: a.ID, AgentName: a.Name}
	switch {
	case !before.Known():
		s.after.FirstSeen, s.after.Status = now, agent.StatusUnknown
		s.note(history.Registered, orNow(a.CreatedAt, now), 0)
	case before.Gone():
		s.after.Status, s.after.StatusSince, s.after.GoneAt = agent.StatusUnknown, before.GoneAt, time.Time{}
	}
	s.seeTokens(a)
	a = s.remember(a)
	s.seeConnection(a)
	s.judge(project, a)
	return s.after, s.Outcome
}

// Miss takes in that a complete reading of where the agent was does not have it. Whatever was open is
// over with the agent.
func (l Limits) Miss(before State, now time.Time) (State, Outcome) {
	if before.Gone() {
		return before, Outcome{}
	}
	s := l.step(before, now)
	if !s.again(missing, l.Apart) {
		for mark := range before.Pending {
			s.keep(mark)
		}
		return s.after, Outcome{}
	}
	s.after.Pending = map[Mark]time.Time{}
	s.after.GoneAt, s.after.Tokens = s.behind(before.Pending[missing]), nil
	s.note(history.Gone, s.after.GoneAt, 0)
	for _, kind := range before.Open {
		s.resolve(kind)
	}
	return s.after, s.Outcome
}

// seeTokens notes which tokens are new, and which are not there any more where all of them were listed.
func (s *step) seeTokens(a agent.Agent) {
	if !a.TokensRead() {
		return
	}
	active := make([]int64, 0, len(a.Tokens))
	for i := range a.Tokens {
		token := &a.Tokens[i]
		active = append(active, token.ID)
		if !slices.Contains(s.before.Tokens, token.ID) {
			s.note(history.TokenCreated, orNow(token.CreatedAt, s.now), token.ID)
		}
	}
	for _, id := range s.before.Tokens {
		switch {
		case slices.Contains(active, id):
		case a.TokenCount == len(a.Tokens):
			s.note(history.TokenRevoked, s.now, id)
		default:
			active = append(active, id)
		}
	}
	slices.Sort(active)
	s.after.Tokens = active
}

// remember is the agent with what was told of its contact before: GitLab forgets that with the token
// that was used.
func (s *step) remember(a agent.Agent) agent.Agent {
	a.RevokedUse = later(a.RevokedUse, s.before.LastContact)
	return a
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func orNow(t, now time.Time) time.Time {
	if t.IsZero() {
		return now
	}
	return t
}
