package readings

import (
	"context"
	"time"

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

// NoteFacts notes what GitLab told for later looks.
func (s *Store) NoteFacts(ctx context.Context, seen ...rotation.Facts) error {
	var readings []rotation.Reading
	for _, facts := range seen {
		for _, token := range facts.Tokens {
			if token.UseKnown {
				readings = append(readings, rotation.Reading{TokenID: token.ID, At: facts.Now, LastUsedAt: token.LastUsedAt})
			}
		}
	}
	return s.Note(ctx, readings)
}
