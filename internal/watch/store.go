package watch

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/alert"
	"gitlab-agent-portal/internal/database"
	"gitlab-agent-portal/internal/history"
	"gitlab-agent-portal/internal/watch/rules"
)

// contactEvery is how old the last contact of an agent that is connected may become in the database
// before it is written anew: it moves with every reading.
const contactEvery = time.Hour

// perStatement bounds the rows of one INSERT: engines bound the arguments of a statement.
const perStatement = 500

// load reads what the replica before has left.
func (s *Service) load(ctx context.Context) (*memory, error) {
	m := &memory{agents: map[int64]*known{}}
	status, err := s.Status(ctx)
	if err != nil {
		return nil, err
	}
	m.readAt, m.self.FailingSince, m.failure = status.ReadAt, status.FailingSince, status.Failure
	if err := s.loadAgents(ctx, m); err != nil {
		return nil, fmt.Errorf("read what the watch knows: %w", err)
	}
	open, err := s.cfg.Alerts.Open(ctx)
	if err != nil {
		return nil, err
	}
	for _, one := range open {
		switch known := m.agents[one.AgentID]; {
		case one.Kind.OfWatch():
			m.self.Open = append(m.self.Open, one.Kind)
		case known != nil:
			known.state.Open = append(known.state.Open, one.Kind)
		default: // an alert without a row is nobody's to resolve but a reading's
			m.agents[one.AgentID] = orphan(one)
		}
	}
	return m, nil
}

// orphan is an agent of which only an alert is known.
func orphan(a alert.Alert) *known {
	return &known{state: rules.State{Subject: a.Subject, Status: agent.StatusUnknown, FirstSeen: a.OpenedAt, Open: []alert.Kind{a.Kind}}}
}

func (s *Service) loadAgents(ctx context.Context, m *memory) error {
	rows, err := s.cfg.Database.Reports.QueryContext(ctx, `SELECT `+columns+` FROM watched WHERE instance = $1`, s.cfg.Database.Instance.Number)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		state, err := scanState(rows)
		if err != nil {
			return err
		}
		one := &known{state: state, stored: state}
		one.state.ReadAt = m.readAt
		m.agents[state.AgentID] = one
	}
	return rows.Err()
}

// Remember keeps, as part of tx, what is known of agents that were never read: for who brings a past along,
// as a demo does. Their open alerts and transitions are kept elsewhere.
func Remember(ctx context.Context, db *database.DB, tx *database.Tx, states []rules.State) error {
	for batch := range slices.Chunk(states, perStatement) {
		if err := upsert(ctx, db, tx, batch); err != nil {
			return fmt.Errorf("keep what is known of agents: %w", err)
		}
	}
	return nil
}

// write keeps a plan in one transaction, unless another replica has the lease by now. Where a watch
// begins with thousands of agents, most of them are kept before, a few at a time: SQLite has one writer.
func (s *Service) write(ctx context.Context, p *plan) error {
	rest := p.newcomers
	for len(rest) > s.batch {
		some := rest[:s.batch]
		rest = rest[s.batch:]
		keep := func(tx *database.Tx) error { return s.writeAgents(ctx, tx, some, nil, nil) }
		if err := s.inTransaction(ctx, s.before(), keep); err != nil {
			return err
		}
	}
	err := s.inTransaction(ctx, p.how(), func(tx *database.Tx) error {
		if err := s.writeAgents(ctx, tx, rest, p.due(), p.Transitions); err != nil {
			return err
		}
		return s.writeAlerts(ctx, tx, p)
	})
	if err != nil {
		return err
	}
	for _, one := range p.agents {
		if one.isDue() {
			one.stored = one.state
		}
	}
	return nil
}

// course is how the readings go.
type course struct {
	readAt, failingSince time.Time
	failure              Failure
}

// how is how they go with the plan's, and before how they went until then.
func (p *plan) how() course { return course{p.readAt, p.self.FailingSince, p.failure} }

func (s *Service) before() course {
	return course{s.mem.readAt, s.mem.self.FailingSince, s.mem.failure}
}

// inTransaction keeps what keep writes, and how the readings go, or neither.
func (s *Service) inTransaction(ctx context.Context, how course, keep func(*database.Tx) error) error {
	tx, err := s.cfg.Database.Write.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("keep what was read: %w", err)
	}
	defer func() { _ = tx.Rollback() }() // of no effect after the commit
	if err := s.writeSelf(ctx, tx, how); err != nil {
		return err
	}
	if err := keep(tx); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("keep what was read: %w", err)
	}
	return nil
}

// writeAgents keeps the states of agents, and what became of them.
func (s *Service) writeAgents(ctx context.Context, tx *database.Tx, newcomers []newcomer, due []rules.State, noted []history.Transition) error {
	for _, one := range newcomers {
		due, noted = append(due, one.state), append(noted, one.transitions...)
	}
	if err := Remember(ctx, s.cfg.Database, tx, due); err != nil {
		return err
	}
	return s.cfg.Transitions.Note(ctx, tx, noted)
}

// writeAlerts keeps which alerts have changed, and has that told.
func (s *Service) writeAlerts(ctx context.Context, tx *database.Tx, p *plan) error {
	changes, err := s.cfg.Alerts.Save(ctx, tx, p.Opened, p.Resolved)
	if err != nil || len(changes) == 0 {
		return err
	}
	for _, queue := range s.cfg.Queues {
		if err := queue.Enqueue(ctx, tx, changes); err != nil {
			return fmt.Errorf("enqueue what changed: %w", err)
		}
	}
	return nil
}

// writeSelf notes how the reading went. Its row, held until the end, keeps every other replica out.
func (s *Service) writeSelf(ctx context.Context, tx *database.Tx, how course) error {
	db := s.cfg.Database
	held, err := database.Exec(ctx, tx, `UPDATE watches SET read_at = $1, failing_since = $2, failure = $3
		WHERE instance = $4 AND holder = $5 AND held_until > `+db.Now,
		database.MicroOrZero(how.readAt), database.MicroOrZero(how.failingSince), string(how.failure), db.Instance.Number, s.holder)
	if err != nil {
		return fmt.Errorf("keep how a reading went: %w", err)
	}
	if held == 0 || s.lost.Load() { // it may be held again, by a reading that knows nothing of what another replica wrote
		return ErrHeld
	}
	return nil
}

// isDue reports whether the row has to be written.
func (k *known) isDue() bool {
	return !k.state.Same(k.stored) || k.state.LastContact.Sub(k.stored.LastContact).Abs() >= contactEvery
}

// due are the states that have to be written.
func (p *plan) due() []rules.State {
	var due []rules.State
	for _, one := range p.agents {
		if one.isDue() {
			due = append(due, one.state)
		}
	}
	return due
}

// upsert writes the rows of some agents.
func upsert(ctx context.Context, db *database.DB, tx *database.Tx, states []rules.State) error {
	var rows []string
	var args []any
	for _, one := range states {
		rows, args = appendRow(rows, args, db.Instance.Number, one)
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO watched (instance, `+columns+`) VALUES `+strings.Join(rows, ", ")+`
		ON CONFLICT (instance, agent_id) DO UPDATE SET project_id = excluded.project_id, project_path = excluded.project_path,
			agent_name = excluded.agent_name, status = excluded.status, status_since = excluded.status_since,
			last_contact = excluded.last_contact, tokens = excluded.tokens, pending = excluded.pending,
			first_seen = excluded.first_seen, gone_at = excluded.gone_at`, args...)
	return err
}

// Sweep forgets a batch of agents that have been gone for longer than the retention, and returns how many.
func (s *Service) Sweep(ctx context.Context) (int64, error) {
	db := s.cfg.Database
	deleted, err := db.Exec(ctx, `DELETE FROM watched WHERE (instance, agent_id) IN (
		SELECT instance, agent_id FROM watched WHERE instance = $1 AND gone_at > 0 AND gone_at <= $2 LIMIT $3`+db.SkipLocked+`)`,
		db.Instance.Number, s.cfg.Now().Add(-s.cfg.Retention).UnixMicro(), database.SweepBatch)
	if err != nil {
		return 0, fmt.Errorf("sweep agents that are gone: %w", err)
	}
	return deleted, nil
}
