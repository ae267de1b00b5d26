// Package audit keeps who did what through the portal, to which project, agent and token, from
// where, and how it ended. None of its rows holds a secret.
package audit

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"gitlab-agent-portal/internal/activity"
	"gitlab-agent-portal/internal/database"
)

const (
	// pendingLimit is how long an action can be under way. One that is pending for longer was
	// lost with its process, so nobody knows how it ended.
	pendingLimit = 2 * time.Minute
	// queryTimeout bounds the reading of a page, waiting for a connection included.
	queryTimeout = 3 * time.Second
)

var (
	// ErrFinished reports a second end of one action, or an end without a beginning.
	ErrFinished = errors.New("audit: no such action is under way")
	// ErrSlow reports that the database did not answer in time.
	ErrSlow = errors.New("audit: the database took too long")
)

// Target is what an action is about, with the names of the time. GitLab has shown it to whoever
// acted. Zero values mean none.
type Target struct {
	ProjectID   int64
	ProjectPath string
	AgentID     int64
	AgentName   string
	TokenID     int64
	TokenName   string
}

// Claim is what a request named and GitLab has not shown to whoever sent it: anybody can send any
// number, so a claim is in no project's history. Zero values mean none.
type Claim struct {
	ProjectID int64
	AgentID   int64
	TokenID   int64
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
	// Claim is the part of what the request named that is not in Target.
	Claim    Claim
	ClientIP string
	// RequestID finds the request in the portal's log; of equal refusals, the first one.
	RequestID string
	// RefersTo is, for a reconciliation, the row whose outcome was unknown.
	RefersTo int64
	// Times is how many equal refusals the row stands for, and LastAt when the last of them came;
	// 1 and the zero time for any other row. The Log counts them.
	Times  int64
	LastAt time.Time
}

// About puts the numbers that a request named into the Target, as far as they are among what GitLab
// has shown to whoever sent it, and the others into the Claim. What was shown keeps its names.
func (e Event) About(named Claim, shown Target) Event {
	e.Target, e.Claim = shown, named
	for _, part := range []struct{ claimed, shown *int64 }{
		{&e.Claim.ProjectID, &e.Target.ProjectID}, {&e.Claim.AgentID, &e.Target.AgentID}, {&e.Claim.TokenID, &e.Target.TokenID},
	} {
		if *part.claimed == *part.shown {
			*part.claimed = 0
		}
	}
	return e
}

// Log keeps the rows of the audit in a database. It is safe for concurrent use.
type Log struct {
	db        *database.DB
	retention time.Duration
	now       func() time.Time
	final     func(Event)
}

// New returns the Log in db, which forgets rows that are older than retention by the clock now.
func New(db *database.DB, retention time.Duration, now func() time.Time) *Log {
	return &Log{db: db, retention: retention, now: now, final: func(Event) {}}
}

// ObserveFinal makes observe hear of each row once it is in the database and its outcome is known.
// Of a row it can hear again, under the same ID: with the number of equal refusals, once no more
// can join, and with the end of an action that counted as lost. It is called concurrently, by
// whoever writes. Set it before the Log is used.
func (l *Log) ObserveFinal(observe func(Event)) { l.final = observe }

// Begin notes that an action is about to start, as pending, and returns the number to finish it
// by. An action whose row cannot be written must not be started.
func (l *Log) Begin(ctx context.Context, event Event) (int64, error) {
	event.Outcome = activity.Pending
	event, err := l.insert(ctx, event, "")
	return event.ID, err
}

// Record notes something that is over already, with its outcome. Refusals and failures that are
// equal but for their time are one row for each hour of the clock.
func (l *Log) Record(ctx context.Context, event Event) error {
	key := mergeKey(event, l.db.Instance.Number, l.now())
	if merged, err := l.merge(ctx, key); merged || err != nil {
		return err
	}
	event, err := l.insert(ctx, event, key)
	if err == nil && event.Times == 1 {
		l.final(event)
	}
	return err
}

// Finish notes how an action ended, and what became known of its target: fields of learnt
// that are not zero replace those of the row. ErrFinished if it is not under way.
func (l *Log) Finish(ctx context.Context, id int64, outcome activity.Outcome, learnt Target) error {
	row := l.db.Write.QueryRowContext(ctx, `UPDATE audit SET outcome = $1,
			project_id   = COALESCE(NULLIF(CAST($2 AS BIGINT), 0), project_id),
			project_path = COALESCE(NULLIF(CAST($3 AS TEXT), ''), project_path),
			agent_id     = COALESCE(NULLIF(CAST($4 AS BIGINT), 0), agent_id),
			agent_name   = COALESCE(NULLIF(CAST($5 AS TEXT), ''), agent_name),
			token_id     = COALESCE(NULLIF(CAST($6 AS BIGINT), 0), token_id),
			token_name   = COALESCE(NULLIF(CAST($7 AS TEXT), ''), token_name),
			claimed_project_id = CASE CAST($2 AS BIGINT) WHEN 0 THEN claimed_project_id ELSE 0 END,
			claimed_agent_id   = CASE CAST($4 AS BIGINT) WHEN 0 THEN claimed_agent_id ELSE 0 END,
			claimed_token_id   = CASE CAST($6 AS BIGINT) WHEN 0 THEN claimed_token_id ELSE 0 END
		WHERE id = $8 AND outcome = $9 RETURNING `+columns, outcome,
		learnt.ProjectID, storable(learnt.ProjectPath), learnt.AgentID, storable(learnt.AgentName),
		learnt.TokenID, storable(learnt.TokenName), id, activity.Pending)
	event, err := l.scan(row)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return ErrFinished
	case err != nil:
		return fmt.Errorf("finish a row of the audit: %w", err)
	}
	l.final(event)
	return nil
}

// insert writes one row under the next number, or joins the row with the same key that somebody
// has written meanwhile.
func (l *Log) insert(ctx context.Context, e Event, key string) (Event, error) {
	tx, err := l.db.Write.BeginTx(ctx, nil)
	if err != nil {
		return e, fmt.Errorf("write to the audit: %w", err)
	}
	defer func() { _ = tx.Rollback() }() // does nothing after a commit
	if err := tx.QueryRowContext(ctx, `UPDATE audit_numbers SET last = last + 1 RETURNING last`).Scan(&e.ID); err != nil {
		return e, fmt.Errorf("number a row of the audit: %w", err)
	}
	e.At = time.UnixMicro(l.now().UnixMicro()).UTC()
	err = tx.QueryRowContext(ctx, `INSERT INTO audit (`+columns+`, merge_key, instance)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, 1, 0, $19, $20)
		ON CONFLICT (merge_key) WHERE merge_key <> '' DO UPDATE SET times = audit.times + 1, last_at = excluded.at
		RETURNING id, times`,
		e.ID, e.At.UnixMicro(), e.Action, e.Outcome, e.ActorID, storable(e.ActorName),
		e.Target.ProjectID, storable(e.Target.ProjectPath), e.Target.AgentID, storable(e.Target.AgentName),
		e.Target.TokenID, storable(e.Target.TokenName), storable(e.ClientIP), storable(e.RequestID), e.RefersTo,
		e.Claim.ProjectID, e.Claim.AgentID, e.Claim.TokenID, key, l.db.Instance.Number).Scan(&e.ID, &e.Times)
	if err != nil {
		return e, fmt.Errorf("write to the audit: %w", err)
	}
	if err := tx.Commit(); err != nil {
		return e, fmt.Errorf("write to the audit: %w", err)
	}
	return e, nil
}

const columns = `id, at, action, outcome, actor_id, actor_name, project_id, project_path,
	agent_id, agent_name, token_id, token_name, client_ip, request_id, refers_to,
	claimed_project_id, claimed_agent_id, claimed_token_id, times, last_at`

// scan reads a row of columns, of *sql.Row or *sql.Rows.
func (l *Log) scan(row interface{ Scan(dest ...any) error }) (Event, error) {
	var e Event
	var at, lastAt int64
	t, c := &e.Target, &e.Claim
	err := row.Scan(&e.ID, &at, &e.Action, &e.Outcome, &e.ActorID, &e.ActorName, &t.ProjectID, &t.ProjectPath,
		&t.AgentID, &t.AgentName, &t.TokenID, &t.TokenName, &e.ClientIP, &e.RequestID, &e.RefersTo,
		&c.ProjectID, &c.AgentID, &c.TokenID, &e.Times, &lastAt)
	if err != nil {
		return e, err
	}
	e.At = time.UnixMicro(at).UTC()
	if lastAt != 0 {
		e.LastAt = time.UnixMicro(lastAt).UTC()
	}
	if e.Outcome == activity.Pending && l.now().Sub(e.At) > pendingLimit {
		e.Outcome = activity.Unknown
	}
	return e, nil
}
