package watch

import (
	"time"

	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/fleet"
	"gitlab-agent-portal/internal/watch/rules"
)

// Figures are what the watch knows of the fleet, for metrics. They never change.
type Figures struct {
	// ReadAt is when the last reading began that was whole; zero for never.
	ReadAt time.Time
	// Agents have each a project and a name of its own: where an agent was deleted and made anew, the watch
	// knows for a while of both, and this is the new one only.
	Agents []AgentFigure
}

// AgentFigure is what is told of one agent.
type AgentFigure struct {
	// Project is the path of the agent's project, and Agent its name.
	Project, Agent string
	Status         agent.Status
	// LastContact and OldestToken are zero for none, and where they are not known.
	LastContact, OldestToken time.Time
	// Due are the rules by which the agent needs attention.
	Due []agent.Rule
}

// Figures returns what was read last; nil on a replica that does not watch, or has not read yet.
func (s *Service) Figures() *Figures { return s.figures.Load() }

// figureOf is what is told of an agent that was read.
func figureOf(state rules.State, a fleet.Agent, limits rules.Limits, at time.Time) AgentFigure {
	a.RevokedUse = state.LastContact
	return AgentFigure{
		Project: a.Project.Path, Agent: a.Name, Status: a.Status(at), LastContact: state.LastContact, OldestToken: a.OldestToken(),
		Due: a.Attention(false, limits.Thresholds, at),
	}
}

// draw makes figures of all agents that are there. The caller holds turn.
func (m *memory) draw() *Figures {
	type place struct{ project, agent string }
	newest := map[place]int64{}
	for id, one := range m.agents {
		if at := (place{one.figure.Project, one.figure.Agent}); one.isDrawn() {
			newest[at] = max(newest[at], id)
		}
	}
	f := &Figures{ReadAt: m.readAt, Agents: make([]AgentFigure, 0, len(newest))}
	for _, id := range newest {
		f.Agents = append(f.Agents, m.agents[id].figure)
	}
	return f
}

// isDrawn reports whether the agent is there, and was read by this replica.
func (k *known) isDrawn() bool { return !k.state.Gone() && k.figure.Agent != "" }
