// Package audit keeps who did what through the portal, to which project, agent and token, from
// where, and how it ended: one row for every action, and none of them holds a secret.
package audit

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gitlab-agent-portal/internal/activity"
	"gitlab-agent-portal/internal/database"
)

// pendingLimit is how long an action can be under way. One that is pending for longer was
// lost with its process, so nobody knows how it ended.
const pendingLimit = 2 * time.Minute

// ErrFinished reports a second end of one action, or an end without a beginning.
var ErrFinished = errors.New("audit: no such action is under way")

// Target is what an action is about, with the names of the time. Zero values mean none.
type Target struct {
	ProjectID   int64
	ProjectPath string
	AgentID     int64
	AgentName   string
	TokenID     int64
	TokenName   string
}

// Event is one row of the audit. It never holds a secret.
type Event struct {
	// ID grows from row to row; the Log assigns it, and At, in UTC, to the microsecond.
	ID      int64
	At      time.Time
	Action  activity.Action
	Outcome activity.Outcome
	// ActorID is GitLab's number of whoever acted and ActorName the username of the time; zero
	// for a visitor.
	ActorID   int64
	ActorName string
	Target    Target
	ClientIP  string
	// RequestID finds the request in the portal's log.
	RequestID string
	// RefersTo is, for a reconciliation, the row whose outcome was unknown.
	RefersTo int64
}

// Log keeps the rows of the audit in a database. It is safe for concurrent use.
type Log struct {
	db        *database.DB
	retention time.Duration
	now       func() time.Time
}

// New returns the Log in db, which forgets rows that are older than retention by the clock now.
func New(db *database.DB, retention time.Duration, now func() time.Time) *Log {
	return &Log{db: db, retention: retention, now: now}
}

// Begin notes that an action is about to start, as pending, and returns the number to finish it
// by. An action whose row cannot be written must not be started.
func (l *Log) Begin(ctx context.Context, event Event) (int64, error) {
	event.Outcome = activity.Pending
	return l.insert(ctx, event)
}

// Record notes something that is over already, with its outcome, in one row.
func (l *Log) Record(ctx context.Context, event Event) error {
	_, err := l.insert(ctx, event)
	return err
}

// Finish notes how an action ended, and what became known of its target: fields of learnt
// that are not zero replace those of the row. ErrFinished if it is not under way.
func (l *Log) Finish(ctx context.Context, id int64, outcome activity.Outcome, learnt Target) error {
	updated, err := l.db.Exec(ctx, `UPDATE audit SET outcome = $1,
			project_id   = COALESCE(NULLIF(CAST($2 AS BIGINT), 0), project_id),
			project_path = COALESCE(NULLIF(CAST($3 AS TEXT), ''), project_path),
			agent_id     = COALESCE(NULLIF(CAST($4 AS BIGINT), 0), agent_id),
			agent_name   = COALESCE(NULLIF(CAST($5 AS TEXT), ''), agent_name),
			token_id     = COALESCE(NULLIF(CAST($6 AS BIGINT), 0), token_id),
			token_name   = COALESCE(NULLIF(CAST($7 AS TEXT), ''), token_name)
		WHERE id = $8 AND outcome = $9`, outcome,
		learnt.ProjectID, storable(learnt.ProjectPath), learnt.AgentID, storable(learnt.AgentName),
		learnt.TokenID, storable(learnt.TokenName), id, activity.Pending)
	if err != nil {
		return fmt.Errorf("finish a row of the audit: %w", err)
	}
	if updated == 0 {
		return ErrFinished
	}
	return nil
}

// insert writes one row under the next number.
func (l *Log) insert(ctx context.Context, e Event) (id int64, err error) {
	tx, err := l.db.Write.BeginTx(ctx, nil)
	if err != nil {
		return 0, fmt.Errorf("write to the audit: %w", err)
	}
	defer func() { _ = tx.Rollback() }() // does nothing after a commit
	if err := tx.QueryRowContext(ctx, `UPDATE audit_numbers SET last = last + 1 RETURNING last`).Scan(&id); err != nil {
		return 0, fmt.Errorf("number a row of the audit: %w", err)
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO audit (`+columns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`,
		id, l.now().UnixMicro(), e.Action, e.Outcome, e.ActorID, storable(e.ActorName),
		e.Target.ProjectID, storable(e.Target.ProjectPath), e.Target.AgentID, storable(e.Target.AgentName),
		e.Target.TokenID, storable(e.Target.TokenName), storable(e.ClientIP), storable(e.RequestID), e.RefersTo)
	if err != nil {
		return 0, fmt.Errorf("write to the audit: %w", err)
	}
	if err := tx.Commit(); err != nil {
		return 0, fmt.Errorf("write to the audit: %w", err)
	}
	return id, nil
}

const columns = `id, at, action, outcome, actor_id, actor_name, project_id, project_path,
	agent_id, agent_name, token_id, token_name, client_ip, request_id, refers_to`
