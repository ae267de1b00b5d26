package audit

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"gitlab-agent-portal/internal/activity"
	"gitlab-agent-portal/internal/database"
)

// maxText is more than any name of GitLab's, in bytes.
const maxText = 1024

// storable is text as both engines take it: PostgreSQL refuses what is not UTF-8, and zero
// bytes. A name that cannot be written must not keep an action from being noted.
func storable(text string) string {
	text = strings.ReplaceAll(strings.ToValidUTF8(text, "�"), "\x00", "�")
	if len(text) > maxText {
		text = strings.ToValidUTF8(text[:maxText], "")
	}
	return text
}

// Filter selects rows of the audit. Zero values do not filter, except for Projects.
type Filter struct {
	// Projects are the projects whose rows are wanted, any number of them. Without any there is nothing: a person
	// sees rows by their rights in projects, and an empty list of rights must not show all.
	Projects []int64
	// AgentID and AgentName name an agent; its name is that of the time.
	AgentID   int64
	AgentName string
	TokenID   int64
	// Actor is a username.
	Actor  string
	Action activity.Action
	// From and Until bound the time; Until itself is left out.
	From, Until time.Time
}

// Page returns at most limit rows, newest first. before is the ID of the last row of the page
// before this one, 0 for the first page: rows that are added meanwhile shift nothing.
func (l *Log) Page(ctx context.Context, filter Filter, before int64, limit int) ([]Event, error) {
	return l.rows(ctx, filter, pageOrder{below: before, sql: "DESC"}, limit)
}

// PageAfter returns the at most limit rows that come right after the one with the ID after,
// newest first like every page.
func (l *Log) PageAfter(ctx context.Context, filter Filter, after int64, limit int) ([]Event, error) {
	rows, err := l.rows(ctx, filter, pageOrder{above: after, sql: "ASC"}, limit)
	slices.Reverse(rows)
	return rows, err
}

// pageOrder says where a page starts and in which order it is read.
type pageOrder struct {
	below, above int64 // bounds of the ID, 0 for none
	sql          string
}

// rows reads a page. The projects are one value, a list in JSON: SQLite takes no more than
// 32,766 values in a query and PostgreSQL 65,535, and a person can maintain more projects.
func (l *Log) rows(ctx context.Context, filter Filter, order pageOrder, limit int) ([]Event, error) {
	if len(filter.Projects) == 0 {
		return nil, nil
	}
	projects, err := json.Marshal(filter.Projects)
	if err != nil {
		return nil, fmt.Errorf("list the projects: %w", err)
	}
	conditions, args := filter.conditions(order, []any{string(projects)})
	args = append(args, limit)
	query := `SELECT ` + columns + ` FROM audit WHERE project_id IN (` + l.db.Numbers + `)` + conditions + //nolint:gosec // no value is part of the text
		` ORDER BY id ` + order.sql + ` LIMIT $` + strconv.Itoa(len(args))
	rows, err := l.db.Read.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("read the audit: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var events []Event
	for rows.Next() {
		event, err := l.scan(rows)
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
func (f Filter) conditions(order pageOrder, args []any) (string, []any) {
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

func (l *Log) scan(rows *sql.Rows) (Event, error) {
	var e Event
	var at int64
	t := &e.Target
	err := rows.Scan(&e.ID, &at, &e.Action, &e.Outcome, &e.ActorID, &e.ActorName, &t.ProjectID, &t.ProjectPath,
		&t.AgentID, &t.AgentName, &t.TokenID, &t.TokenName, &e.ClientIP, &e.RequestID, &e.RefersTo)
	if err != nil {
		return e, fmt.Errorf("read a row of the audit: %w", err)
	}
	e.At = time.UnixMicro(at).UTC()
	if e.Outcome == activity.Pending && l.now().Sub(e.At) > pendingLimit {
		e.Outcome = activity.Unknown
	}
	return e, nil
}

// Sweep deletes the oldest rows whose retention is over, up to database.SweepBatch of them, and
// returns how many it deleted.
func (l *Log) Sweep(ctx context.Context) (int64, error) {
	deleted, err := l.db.Exec(ctx, `DELETE FROM audit WHERE id IN (
		SELECT id FROM audit WHERE at <= $1 ORDER BY at LIMIT $2`+l.db.SkipLocked+`)`,
		l.now().Add(-l.retention).UnixMicro(), database.SweepBatch)
	if err != nil {
		return 0, fmt.Errorf("sweep the audit: %w", err)
	}
	return deleted, nil
}
