package transitions

import (
	"context"
	"fmt"
	"time"

	"gitlab-agent-portal/internal/history"
)

// Query says which transitions of one agent to read, in pieces.
type Query struct {
	Agent int64
	// Since and Until bound the time; Until itself is not in it.
	Since, Until time.Time
	// After is the last one that was read already; the zero value begins.
	After history.Transition
	// Limit is how many are returned at most.
	Limit int
}

// Page returns what Of does until a time, a piece after the other: first what says how the connection was
// when the time began. An agent at a time is what the index is for, whatever else the table holds: with a
// list of agents and a limit PostgreSQL reads all of it.
func (s *Store) Page(ctx context.Context, q Query) ([]history.Transition, error) {
	after := int64(-1)
	if !q.After.At.IsZero() {
		after = q.After.At.UnixMicro()
	}
	return s.read(ctx, `SELECT agent_id, at, kind, token_id FROM transitions
		WHERE instance = $1 AND agent_id = $2 AND at < $4 AND at >= COALESCE((
			SELECT MAX(at) FROM transitions WHERE instance = $1 AND agent_id = $2 AND at < $3 AND kind IN (1, 2, 4, 7)), $3)
			AND (at >= $3 OR kind IN (1, 2, 4, 7)) AND (at, kind, token_id) > ($5, $6, $7)
		ORDER BY at, kind, token_id LIMIT $8`,
		s.db.Instance.Number, q.Agent, q.Since.UnixMicro(), q.Until.UnixMicro(), after, int64(q.After.Kind), q.After.TokenID, q.Limit)
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
