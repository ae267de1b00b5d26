package transitions

import (
	"context"
	"fmt"
	"time"

	"gitlab-agent-portal/internal/history"
)

// Query says which transitions to read, in pieces.
type Query struct {
	// Agents are those whose transitions to read.
	Agents []int64
	// Since and Until bound the time; Until itself is not in it.
	Since, Until time.Time
	// After is the last one that was read already; the zero value begins.
	After history.Transition
	// Limit is how many are returned at most.
	Limit int
}

// Page returns what Of does until a time, a piece after the other: by agent, then by time, and of each agent
// first the one that says how its connection was when the time began.
func (s *Store) Page(ctx context.Context, q Query) ([]history.Transition, error) {
	list, err := s.db.NumbersArg(q.Agents)
	if err != nil {
		return nil, fmt.Errorf("list the agents: %w", err)
	}
	after := q.After.At.UnixMicro()
	if q.After.AgentID == 0 {
		after = 0
	}
	return s.read(ctx, `SELECT agent_id, at, kind, token_id FROM transitions
		WHERE instance = $2 AND agent_id IN (`+s.db.Numbers+`) AND at < $4
			AND (at >= $3 OR kind IN (1, 2, 4, 7) AND at = (
				SELECT MAX(before.at) FROM transitions before
				WHERE before.instance = transitions.instance AND before.agent_id = transitions.agent_id
					AND before.at < $3 AND before.kind IN (1, 2, 4, 7)))
			AND (agent_id, at, kind, token_id) > ($5, $6, $7, $8)
		ORDER BY agent_id, at, kind, token_id LIMIT $9`,
		list, s.db.Instance.Number, q.Since.UnixMicro(), q.Until.UnixMicro(),
		q.After.AgentID, after, int64(q.After.Kind), q.After.TokenID, q.Limit)
}

// read returns the transitions that a query of their four columns finds.
func (s *Store) read(ctx context.Context, query string, args ...any) (found []history.Transition, err error) {
	rows, err := s.db.Reports.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("read what became of agents: %w", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var one history.Transition
		var at int64
		if err := rows.Scan(&one.AgentID, &at, &one.Kind, &one.TokenID); err != nil {
			return nil, fmt.Errorf("read what became of an agent: %w", err)
		}
		one.At = time.UnixMicro(at).UTC()
		found = append(found, one)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read what became of agents: %w", err)
	}
	return found, nil
}
