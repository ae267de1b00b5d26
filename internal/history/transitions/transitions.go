// Package transitions keeps what became of agents, for a while.
package transitions

import (
	"context"
	"fmt"
	"strings"
	"time"

	"gitlab-agent-portal/internal/database"
	"gitlab-agent-portal/internal/history"
)

// perStatement bounds the rows of one INSERT: engines bound the arguments of a statement.
const perStatement = 500

// Store keeps transitions. It is safe for concurrent use.
type Store struct {
	db        *database.DB
	retention time.Duration
	now       func() time.Time
	maxRows   int // that of the constant, but in tests
}

// New returns a Store that keeps transitions for the retention.
func New(db *database.DB, retention time.Duration, now func() time.Time) *Store {
	return &Store{db: db, retention: retention, now: now, maxRows: maxRows}
}

// Note keeps transitions as part of tx. One that is kept already changes nothing.
func (s *Store) Note(ctx context.Context, tx database.Querier, noted []history.Transition) error {
	for len(noted) > 0 {
		batch := noted[:min(len(noted), perStatement)]
		noted = noted[len(batch):]
		if err := s.insert(ctx, tx, batch); err != nil {
			return fmt.Errorf("note what became of agents: %w", err)
		}
	}
	return nil
}

func (s *Store) insert(ctx context.Context, tx database.Querier, batch []history.Transition) error {
	rows, args := make([]string, 0, len(batch)), make([]any, 0, 5*len(batch))
	for _, one := range batch {
		n := len(args)
		rows = append(rows, fmt.Sprintf("($%d, $%d, $%d, $%d, $%d)", n+1, n+2, n+3, n+4, n+5))
		args = append(args, s.db.Instance.Number, one.AgentID, one.At.UnixMicro(), int64(one.Kind), one.TokenID)
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO transitions (instance, agent_id, at, kind, token_id) VALUES `+
		strings.Join(rows, ", ")+` ON CONFLICT DO NOTHING`, args...)
	return err
}

// Of returns what became of agents at or after a time, by agent and then by time, and before that, of each
// agent, the last transition that says how its connection was when the time began.
func (s *Store) Of(ctx context.Context, agents []int64, since time.Time) ([]history.Transition, error) {
	list, err := s.db.NumbersArg(agents)
	if err != nil {
		return nil, fmt.Errorf("list the agents: %w", err)
	}
	return s.read(ctx, `SELECT agent_id, at, kind, token_id FROM transitions
		WHERE instance = $2 AND agent_id IN (`+s.db.Numbers+`) AND at >= COALESCE((
			SELECT MAX(before.at) FROM transitions before
			WHERE before.instance = transitions.instance AND before.agent_id = transitions.agent_id
				AND before.at < $3 AND before.kind IN (1, 2, 4, 7)), $3)
			AND (at >= $3 OR kind IN (1, 2, 4, 7))
		ORDER BY agent_id, at, kind, token_id`, list, s.db.Instance.Number, since.UnixMicro())
}

// Sweep deletes a batch of transitions that are older than the retention, and returns how many. Of an agent
// that is not gone the last one stays that says how its connection was then: it may be so still.
func (s *Store) Sweep(ctx context.Context) (int64, error) {
	deleted, err := s.db.Exec(ctx, `DELETE FROM transitions WHERE (instance, agent_id, at, kind, token_id) IN (
		SELECT instance, agent_id, at, kind, token_id FROM transitions old WHERE at <= $1
			AND (kind NOT IN (1, 2, 7) OR EXISTS (
				SELECT 1 FROM transitions later WHERE later.instance = old.instance AND later.agent_id = old.agent_id
					AND later.at > old.at AND later.at <= $1 AND later.kind IN (1, 2, 4, 7)))
		ORDER BY at LIMIT $2`+s.db.SkipLocked+`)`,
		s.now().Add(-s.retention).UnixMicro(), database.SweepBatch)
	if err != nil {
		return 0, fmt.Errorf("sweep what became of agents: %w", err)
	}
	return deleted, nil
}
