package store

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// AuditAction is what somebody did or tried to do.
type AuditAction string

// The actions that the audit knows.
const (
	AuditSignIn        AuditAction = "sign_in"
	AuditSignOut       AuditAction = "sign_out"
	AuditRefresh       AuditAction = "refresh" // of the session's GitLab tokens; written when it fails
	AuditAgentRegister AuditAction = "agent_register"
	AuditAgentDelete   AuditAction = "agent_delete"
	AuditTokenCreate   AuditAction = "token_create"
	AuditTokenRevoke   AuditAction = "token_revoke"
	AuditTokenStored   AuditAction = "token_stored" // somebody says that they stored a new token
	AuditReconciled    AuditAction = "reconciled"   // the look that follows an unknown outcome
)

// AuditOutcome is how an action ended.
type AuditOutcome string

// The outcomes. Of a reconciliation, ok means that the change was found to have happened,
// failed that it was not, and unknown that looking told nothing.
const (
	AuditPending AuditOutcome = "pending" // under way
	AuditOK      AuditOutcome = "ok"
	AuditRefused AuditOutcome = "refused" // by GitLab or the portal; nothing was changed
	AuditFailed  AuditOutcome = "failed"  // nothing was changed
	AuditUnknown AuditOutcome = "unknown" // it may have happened
)

// pendingLimit is how long an action can be under way. One that is pending for longer was
// lost with its process, so nobody knows how it ended.
const pendingLimit = 2 * time.Minute

// ErrAuditFinished reports a second end of one action, or an end without a beginning.
var ErrAuditFinished = errors.New("store: the audit has no such action under way")

// AuditTarget is what an action is about, with the names of the time. Zero values mean none.
type AuditTarget struct {
	ProjectID   int64
	ProjectPath string
	AgentID     int64
	AgentName   string
	TokenID     int64
	TokenName   string
}

// AuditEvent is one row of the audit. It never holds a secret.
type AuditEvent struct {
	// ID grows from row to row; the store assigns it, and At, in UTC, to the microsecond.
	ID      int64
	At      time.Time
	Action  AuditAction
	Outcome AuditOutcome
	// ActorID is GitLab's number of whoever acted and ActorName the username of the time; zero
	// for a visitor.
	ActorID   int64
	ActorName string
	Target    AuditTarget
	ClientIP  string
	// RequestID finds the request in the portal's log.
	RequestID string
	// RefersTo is, for a reconciliation, the row whose outcome was unknown.
	RefersTo int64
}

// BeginAudit notes that an action is about to start, as pending, and returns the number to
// finish it by. An action whose row cannot be written must not be started.
func (s *Store) BeginAudit(ctx context.Context, event AuditEvent) (int64, error) {
	event.Outcome = AuditPending
	return s.insertAudit(ctx, event)
}

// RecordAudit notes something that is over already, with its outcome, in one row.
func (s *Store) RecordAudit(ctx context.Context, event AuditEvent) error {
	_, err := s.insertAudit(ctx, event)
	return err
}

// FinishAudit notes how an action ended, and what became known of its target: fields of learnt
// that are not zero replace those of the row. ErrAuditFinished if it is not under way.
func (s *Store) FinishAudit(ctx context.Context, id int64, outcome AuditOutcome, learnt AuditTarget) error {
	updated, err := s.db.exec(ctx, `UPDATE audit SET outcome = $1,
			project_id   = COALESCE(NULLIF(CAST($2 AS BIGINT), 0), project_id),
			project_path = COALESCE(NULLIF(CAST($3 AS TEXT), ''), project_path),
			agent_id     = COALESCE(NULLIF(CAST($4 AS BIGINT), 0), agent_id),
			agent_name   = COALESCE(NULLIF(CAST($5 AS TEXT), ''), agent_name),
			token_id     = COALESCE(NULLIF(CAST($6 AS BIGINT), 0), token_id),
			token_name   = COALESCE(NULLIF(CAST($7 AS TEXT), ''), token_name)
		WHERE id = $8 AND outcome = $9`, outcome,
		learnt.ProjectID, storable(learnt.ProjectPath), learnt.AgentID, storable(learnt.AgentName),
		learnt.TokenID, storable(learnt.TokenName), id, AuditPending)
	if err != nil {
		return fmt.Errorf("finish a row of the audit: %w", err)
	}
	if updated == 0 {
		return ErrAuditFinished
	}
	return nil
}

// insertAudit writes one row under the next number.
func (s *Store) insertAudit(ctx context.Context, e AuditEvent) (id int64, err error) {
	tx, err := s.db.write.BeginTx(ctx, nil)
	if err != nil {
		return 0, fmt.Errorf("write to the audit: %w", err)
	}
	defer func() { _ = tx.Rollback() }() // does nothing after a commit
	if err := tx.QueryRowContext(ctx, `UPDATE audit_numbers SET last = last + 1 RETURNING last`).Scan(&id); err != nil {
		return 0, fmt.Errorf("number a row of the audit: %w", err)
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO audit (`+auditColumns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`,
		id, s.now().UnixMicro(), e.Action, e.Outcome, e.ActorID, storable(e.ActorName),
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

const auditColumns = `id, at, action, outcome, actor_id, actor_name, project_id, project_path,
	agent_id, agent_name, token_id, token_name, client_ip, request_id, refers_to`
