package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// maxAuditText is more than any name of GitLab's, in bytes.
const maxAuditText = 1024

// storable is text as both engines take it: PostgreSQL refuses what is not UTF-8, and zero
// bytes. A name that cannot be written must not keep an action from being noted.
func storable(text string) string {
	text = strings.ReplaceAll(strings.ToValidUTF8(text, "�"), "\x00", "�")
	if len(text) > maxAuditText {
		text = strings.ToValidUTF8(text[:maxAuditText], "")
	}
	return text
}

// AuditFilter selects rows of the audit. Zero values do not filter, except for Projects.
type AuditFilter struct {
	// Projects are the projects whose rows are wanted, any number of them. Without any there is nothing: a person
	// sees rows by their rights in projects, and an empty list of rights must not show all.
	Projects []int64
	// AgentID and AgentName name an agent; its name is that of the time.
	AgentID   int64
	AgentName string
	TokenID   int64
	// Actor is a username.
	Actor  string
	Action AuditAction
	// From and Until bound the time; Until itself is left out.
	From, Until time.Time
}

// AuditPage returns at most limit rows, newest first. before is the ID of the last row of the
// page before this one, 0 for the first page: rows that are added meanwhile shift nothing.
func (s *Store) AuditPage(ctx context.Context, filter AuditFilter, before int64, limit int) ([]AuditEvent, error) {
	return s.auditRows(ctx, filter, auditOrder{below: before, sql: "DESC"}, limit)
}

// AuditPageAfter returns the at most limit rows that come right after the one with the ID
// after, newest first like every page.
func (s *Store) AuditPageAfter(ctx context.Context, filter AuditFilter, after int64, limit int) ([]AuditEvent, error) {
	rows, err := s.auditRows(ctx, filter, auditOrder{above: after, sql: "ASC"}, limit)
	slices.Reverse(rows)
	return rows, err
}

// auditOrder says where a page starts and in which order it is read.
type auditOrder struct {
	below, above int64 // bounds of the ID, 0 for none
	sql          string
}

// auditRows reads a page. The projects are one value, a list in JSON: SQLite takes no more than
// 32,766 values in a query and PostgreSQL 65,535, and a person can maintain more projects.
func (s *Store) auditRows(ctx context.Context, filter AuditFilter, order auditOrder, limit int) ([]AuditEvent, error) {
	if len(filter.Projects) == 0 {
		return nil, nil
	}
	projects, err := json.Marshal(filter.Projects)
	if err != nil {
		return nil, fmt.Errorf("list the projects: %w", err)
	}
	conditions, args := filter.conditions(order, []any{string(projects)})
	args = append(args, limit)
	query := `SELECT ` + auditColumns + ` FROM audit WHERE project_id IN (` + s.db.listed + `)` + conditions + //nolint:gosec // no value is part of the text
		` ORDER BY id ` + order.sql + ` LIMIT $` + strconv.Itoa(len(args))
	rows, err := s.db.read.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("read the audit: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var events []AuditEvent
	for rows.Next() {
		event, err := s.scanAudit(rows)
		if err != nil {
			return nil, err
		}
		events = append(events, event)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read the audit: %w", err)
	}
	return events, nil
}

// conditions adds to those of a query, and their values to its arguments.
func (f AuditFilter) conditions(order auditOrder, args []any) (string, []any) {
	var more strings.Builder
	add := func(isWanted bool, comparison string, value any) {
		if isWanted {
			args = append(args, value)
			more.WriteString(" AND " + comparison + " $" + strconv.Itoa(len(args)))
		}
	}
	add(order.below > 0, "id <", order.below)
	add(order.above > 0, "id >", order.above)
	add(f.AgentID != 0, "agent_id =", f.AgentID)
	add(f.AgentName != "", "agent_name =", storable(f.AgentName))
	add(f.TokenID != 0, "token_id =", f.TokenID)
	add(f.Actor != "", "actor_name =", storable(f.Actor))
	add(f.Action != "", "action =", f.Action)
	add(!f.From.IsZero(), "at >=", f.From.UnixMicro())
	add(!f.Until.IsZero(), "at <", f.Until.UnixMicro())
	return more.String(), args
}

func (s *Store) scanAudit(rows *sql.Rows) (AuditEvent, error) {
	var e AuditEvent
	var at int64
	t := &e.Target
	err := rows.Scan(&e.ID, &at, &e.Action, &e.Outcome, &e.ActorID, &e.ActorName, &t.ProjectID, &t.ProjectPath,
		&t.AgentID, &t.AgentName, &t.TokenID, &t.TokenName, &e.ClientIP, &e.RequestID, &e.RefersTo)
	if err != nil {
		return e, fmt.Errorf("read a row of the audit: %w", err)
	}
	e.At = time.UnixMicro(at).UTC()
	if e.Outcome == AuditPending && s.now().Sub(e.At) > pendingLimit {
		e.Outcome = AuditUnknown
	}
	return e, nil
}

// sweepAudit deletes the oldest rows whose time is over.
func (s *Store) sweepAudit(ctx context.Context) (int64, error) {
	deleted, err := s.db.exec(ctx, `DELETE FROM audit WHERE id IN (
		SELECT id FROM audit WHERE at <= $1 ORDER BY at LIMIT $2`+s.db.skipLocked+`)`,
		s.now().Add(-s.auditRetention).UnixMicro(), sweepBatch)
	if err != nil {
		return 0, fmt.Errorf("sweep the audit: %w", err)
	}
	return deleted, nil
}
