package readings

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/agentread"
	"gitlab-agent-portal/internal/rotation"
)

// Facts puts together what the state of each agent's rotation is derived from: its tokens, what is
// kept of them, and what GitLab tells the reader of its connections. Only of two tokens is one
// watched. What cannot be read is left out, which only ever makes a state more careful; the error
// is to be logged.
func (s *Store) Facts(ctx context.Context, reader *agentread.Reader, agents []agentread.ProjectAgent) ([]rotation.Facts, error) {
	var watched []agentread.ProjectAgent
	var tokens []int64
	for _, one := range agents {
		if list := one.Agent.Tokens; len(list) == 2 {
			watched = append(watched, one)
			tokens = append(tokens, list[0].ID, list[1].ID)
		}
	}
	kept, err := s.Of(ctx, tokens)
	connections := reader.Connections(ctx, watched)
	facts := make([]rotation.Facts, len(agents))
	for i, one := range agents {
		facts[i] = s.factsOf(one, kept, connections)
	}
	return facts, err
}

func (s *Store) factsOf(one agentread.ProjectAgent, kept []rotation.Reading, connections map[int64][]time.Time) rotation.Facts {
	facts := rotation.Facts{Now: s.now(), Tokens: one.Agent.Tokens}
	facts.ConnectedAt, facts.ConnectionsKnown = connections[one.Agent.ID]
	for _, reading := range kept {
		if _, ok := one.Agent.Token(reading.TokenID); ok {
			facts.Readings = append(facts.Readings, reading)
		}
	}
	return facts
}

// NoteAgents notes, for later looks, what GitLab has just told of the use of the agents' tokens.
func (s *Store) NoteAgents(ctx context.Context, agents ...agent.Agent) error {
	agents = slices.SortedFunc(slices.Values(agents), func(a, b agent.Agent) int { return cmp.Compare(a.ID, b.ID) })
	agents = slices.CompactFunc(agents, func(a, b agent.Agent) bool { return a.ID == b.ID }) // a row changes once a statement
	var readings []rotation.Reading
	now := s.now()
	for _, one := range agents {
		for _, token := range one.Tokens {
			if token.UseKnown {
				readings = append(readings, rotation.Reading{TokenID: token.ID, At: now, LastUsedAt: token.LastUsedAt})
			}
		}
	}
	return errors.Join(s.Note(ctx, readings), s.noteContacts(ctx, agents))
}
