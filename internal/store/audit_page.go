package store

import (
	"cmp"
	"context"
	"database/sql"
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

// maxAuditProjects is how many projects one query names. SQLite takes 32,766 values in a query
// and PostgreSQL 65,535; a person can maintain more projects than either.
const maxAuditProjects = 10_000

// AuditPage returns at most limit rows, newest first. before is the ID of the last row of the
// page before this one, 0 for the first page: rows that are added meanwhile shift nothing.
func (s *Store) AuditPage(ctx context.Context, filter AuditFilter, before int64, limit int) ([]AuditEvent, error) {
	newest := func(a, b AuditEvent) int { return cmp.Compare(b.ID, a.ID) }
	return s.auditRows(ctx, filter, auditOrder{below: before, sql: "DESC", compare: newest}, limit)
}

// AuditPageAfter returns the at most limit rows that come right after the one with the ID
// after, newest first like every page.
func (s *Store) AuditPageAfter(ctx context.Context, filter AuditFilter, after int64, limit int) ([]AuditEvent, error) {
	oldest := func(a, b AuditEvent) int { return cmp.Compare(a.ID, b.ID) }
	rows, err := s.auditRows(ctx, filter, auditOrder{above: after, sql: "ASC", compare: oldest}, limit)
	slices.Reverse(rows)
	return rows, err
}

// auditOrder says where a page starts and in which order it is read.
type auditOrder struct {
	below, above int64 // bounds of the ID, 0 for none
	sql          string
	compare      func(a, b AuditEvent) int
}

// auditRows reads a page. Of several queries each gives its own first rows, so that the first
// ones of all are among them.
func (s *Store) auditRows(ctx context.Context, filter AuditFilter, order auditOrder, limit int) ([]AuditEvent, error) {
	var events []AuditEvent
	for projects := range slices.Chunk(filter.Projects, maxAuditProjects) {
		filter.Projects = projects
		some, err := s.auditQuery(ctx, filter, order, limit)
		if err != nil {
			return nil, err
		}
		events = append(events, some...)
	}
	slices.SortFunc(events, order.compare)
	return events[:min(len(events), limit)], nil
}

func (s *Store) auditQuery(ctx context.Context, filter AuditFilter, order auditOrder, limit int) ([]AuditEvent, error) {
	where, args := filter.where(order)
	args = append(args, limit)
	query := `SELECT ` + auditColumns + ` FROM audit WHERE ` + where + //nolint:gosec // the condition holds $1, $2, …
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

// where builds the condition. Values are arguments, never text.
func (f AuditFilter) where(order auditOrder) (condition string, args []any) {
	value := func(v any) string {
		args = append(args, v)
		return "$" + strconv.Itoa(len(args))
	}
	projects := make([]string, 0, len(f.Projects))
	for _, id := range f.Projects {
		projects = append(projects, value(id))
	}
	conditions := []string{"project_id IN (" + strings.Join(projects, ", ") + ")"}
	add := func(isWanted bool, comparison string, v any) {
		if isWanted {
			conditions = append(conditions, comparison+" "+value(v))
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
	return strings.Join(conditions, " AND "), args
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
