// Package alerts keeps alerts: those that are open, and for a while those that were resolved.
package alerts

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"gitlab-agent-portal/internal/alert"
	"gitlab-agent-portal/internal/database"
)

// ErrGone is the error of an acknowledgement that comes too late: the alert is resolved, or there is none
// of that number among the projects.
var ErrGone = errors.New("the alert is not open")

// Store keeps alerts. It is safe for concurrent use.
type Store struct {
	db        *database.DB
	retention time.Duration
	now       func() time.Time
}

// New returns a Store that keeps what was resolved for the retention.
func New(db *database.DB, retention time.Duration, now func() time.Time) *Store {
	return &Store{db: db, retention: retention, now: now}
}

// Save notes, as part of tx, which alerts have opened and which of those that are open were resolved, and
// returns what has changed by that, with the numbers of the alerts. An alert that is open already does
// not open again, and one that is not open is not resolved: who says so twice changes nothing.
func (s *Store) Save(ctx context.Context, tx *database.Tx, opened, resolved []alert.Alert) ([]alert.Change, error) {
	var changes []alert.Change
	for _, one := range resolved {
		changed, err := s.resolve(ctx, tx, &one)
		if err != nil {
			return nil, fmt.Errorf("resolve an alert: %w", err)
		}
		if changed {
			changes = append(changes, alert.Change{Alert: one})
		}
	}
	for _, one := range opened {
		changed, err := s.open(ctx, tx, &one)
		if err != nil {
			return nil, fmt.Errorf("open an alert: %w", err)
		}
		if changed {
			changes = append(changes, alert.Change{Alert: one})
		}
	}
	return changes, nil
}

// open numbers the alert and writes it, unless there is one like it.
func (s *Store) open(ctx context.Context, tx *database.Tx, a *alert.Alert) (bool, error) {
	number := s.db.Instance.Number
	if _, err := tx.ExecContext(ctx, `INSERT INTO watches (instance) VALUES ($1) ON CONFLICT DO NOTHING`, number); err != nil {
		return false, err
	}
	if err := tx.QueryRowContext(ctx, `UPDATE watches SET last_alert = last_alert + 1 WHERE instance = $1 RETURNING last_alert`, number).Scan(&a.ID); err != nil {
		return false, err
	}
	written, err := database.Exec(ctx, tx, `INSERT INTO alerts
		(instance, id, kind, project_id, project_path, agent_id, agent_name, since, opened_at, resolved_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0) ON CONFLICT DO NOTHING`,
		number, a.ID, a.Kind, a.ProjectID, a.ProjectPath, a.AgentID, a.AgentName, database.MicroOrZero(a.Since), a.OpenedAt.UnixMicro())
	return written == 1, err
}

// resolve ends the open alert of the kind and agent, and completes a from its row.
func (s *Store) resolve(ctx context.Context, tx *database.Tx, a *alert.Alert) (bool, error) {
	row := tx.QueryRowContext(ctx, `UPDATE alerts SET resolved_at = $1
		WHERE instance = $2 AND kind = $3 AND agent_id = $4 AND resolved_at = 0 RETURNING `+columns,
		a.ResolvedAt.UnixMicro(), s.db.Instance.Number, a.Kind, a.AgentID)
	found, err := scan(row)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	*a = found
	return err == nil, err
}

// Acknowledge notes who looks after the open alert with the number, if it is about one of the projects or
// about the watch itself. ErrGone otherwise. A zero Until takes an acknowledgement back.
func (s *Store) Acknowledge(ctx context.Context, id int64, projects []int64, ack alert.Acknowledgement) (alert.Alert, error) {
	list, err := s.db.NumbersArg(projects)
	if err != nil {
		return alert.Alert{}, fmt.Errorf("list the projects: %w", err)
	}
	row := s.db.Write.QueryRowContext(ctx, `UPDATE alerts SET ack_by_id = $2, ack_by = $3, ack_at = $4, ack_until = $5, ack_note = $6
		WHERE instance = $7 AND id = $8 AND resolved_at = 0 AND (project_id = 0 OR project_id IN (`+s.db.Numbers+`)) RETURNING `+columns,
		list, ack.ByID, ack.By, database.MicroOrZero(ack.At), database.MicroOrZero(ack.Until), ack.Note, s.db.Instance.Number, id)
	found, err := scan(row)
	if errors.Is(err, sql.ErrNoRows) {
		return alert.Alert{}, ErrGone
	}
	if err != nil {
		return alert.Alert{}, fmt.Errorf("acknowledge an alert: %w", err)
	}
	return found, nil
}

// Sweep deletes a batch of alerts that were resolved longer ago than the retention, and returns how many.
func (s *Store) Sweep(ctx context.Context) (int64, error) {
	deleted, err := s.db.Exec(ctx, `DELETE FROM alerts WHERE (instance, id) IN (
		SELECT instance, id FROM alerts WHERE resolved_at > 0 AND resolved_at <= $1 ORDER BY resolved_at LIMIT $2`+s.db.SkipLocked+`)`,
		s.now().Add(-s.retention).UnixMicro(), database.SweepBatch)
	if err != nil {
		return 0, fmt.Errorf("sweep alerts: %w", err)
	}
	return deleted, nil
}

const columns = `id, kind, project_id, project_path, agent_id, agent_name, since, opened_at, resolved_at,
	ack_by_id, ack_by, ack_at, ack_until, ack_note`

// scan reads a row of columns, of *sql.Row or *sql.Rows.
func scan(row interface{ Scan(dest ...any) error }) (alert.Alert, error) {
	var a alert.Alert
	var since, opened, resolved, ackAt, ackUntil int64
	err := row.Scan(&a.ID, &a.Kind, &a.ProjectID, &a.ProjectPath, &a.AgentID, &a.AgentName, &since, &opened, &resolved,
		&a.ByID, &a.By, &ackAt, &ackUntil, &a.Note)
	a.Since, a.OpenedAt, a.ResolvedAt = database.TimeOrZero(since), database.TimeOrZero(opened), database.TimeOrZero(resolved)
	a.At, a.Until = database.TimeOrZero(ackAt), database.TimeOrZero(ackUntil)
	return a, err
}
