package alerts

import (
	"context"
	"fmt"
	"time"

	"gitlab-agent-portal/internal/alert"
)

// Query says which alerts to list. Those about the watch itself are everybody's.
type Query struct {
	// Projects are the numbers of those that the reader may see, by their own rights.
	Projects []int64
	// Resolved asks for alerts that are over, else for open ones. Either way those that opened last come first.
	Resolved bool
	// Kind and Agent, unless zero, ask for those of one kind, and of one agent.
	Kind  alert.Kind
	Agent int64
	// Before continues a list behind the alert with that number; 0 begins it.
	Before int64
	// Limit is how many are returned at most.
	Limit int
}

// List returns alerts, and whether there are more.
func (s *Store) List(ctx context.Context, q Query) (found []alert.Alert, more bool, err error) {
	list, err := s.db.NumbersArg(q.Projects)
	if err != nil {
		return nil, false, fmt.Errorf("list the projects: %w", err)
	}
	open := "resolved_at = 0"
	if q.Resolved {
		open = "resolved_at > 0"
	}
	found, err = s.query(ctx, `instance = $2 AND `+open+` AND (project_id = 0 OR project_id IN (`+s.db.Numbers+`))
		AND ($3 = '' OR kind = $3) AND (CAST($4 AS BIGINT) = 0 OR agent_id = $4) AND (CAST($5 AS BIGINT) = 0 OR id < $5) ORDER BY id DESC LIMIT $6`,
		list, s.db.Instance.Number, string(q.Kind), q.Agent, q.Before, q.Limit+1)
	if len(found) > q.Limit {
		return found[:q.Limit], true, err
	}
	return found, false, err
}

// Open returns every alert that is open, whosoever it is, the oldest first: for the watch and what it tells.
func (s *Store) Open(ctx context.Context) ([]alert.Alert, error) {
	return s.query(ctx, `instance = $1 AND resolved_at = 0 ORDER BY id`, s.db.Instance.Number)
}

// ResolvedSince returns every alert that was resolved at or after the time, the oldest first.
func (s *Store) ResolvedSince(ctx context.Context, since time.Time) ([]alert.Alert, error) {
	return s.query(ctx, `instance = $1 AND resolved_at >= $2 ORDER BY id`, s.db.Instance.Number, since.UnixMicro())
}

// Count returns how many alerts about the projects, or the watch itself, are open and nobody looks after.
func (s *Store) Count(ctx context.Context, projects []int64) (int, error) {
	list, err := s.db.NumbersArg(projects)
	if err != nil {
		return 0, fmt.Errorf("list the projects: %w", err)
	}
	var count int
	err = s.db.Read.QueryRowContext(ctx, `SELECT COUNT(*) FROM alerts
		WHERE instance = $2 AND resolved_at = 0 AND ack_until <= $3 AND (project_id = 0 OR project_id IN (`+s.db.Numbers+`))`,
		list, s.db.Instance.Number, s.now().UnixMicro()).Scan(&count)
	if err != nil {
		return 0, fmt.Errorf("count alerts: %w", err)
	}
	return count, nil
}

// query reads the alerts for which a condition holds.
func (s *Store) query(ctx context.Context, where string, args ...any) ([]alert.Alert, error) {
	rows, err := s.db.Read.QueryContext(ctx, `SELECT `+columns+` FROM alerts WHERE `+where, args...)
	if err != nil {
		return nil, fmt.Errorf("read alerts: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var found []alert.Alert
	for rows.Next() {
		one, err := scan(rows)
		if err != nil {
			return nil, fmt.Errorf("read an alert: %w", err)
		}
		found = append(found, one)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read alerts: %w", err)
	}
	return found, nil
}
