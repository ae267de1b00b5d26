package audit

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// maxDisorder is how many rows around a point in time can have numbers in another order than their
// times, because the clocks of replicas differ.
const maxDisorder = 1000

// span bounds the ID of rows; 0 for no bound.
type span struct{ above, below int64 }

// order is the order in which a page is read.
type order struct {
	sql string
	// bound compares an ID that comes before the last of some IDs, which far is, with that. Every ID
	// compares so with none.
	bound, far, none string
}

var (
	newestFirst = order{sql: "DESC", bound: ">=", far: "MIN", none: "0"}                  //nolint:gochecknoglobals // a constant
	oldestFirst = order{sql: "ASC", bound: "<=", far: "MAX", none: "9223372036854775807"} //nolint:gochecknoglobals // a constant
)

// between narrows ids down to the rows of a time. IDs grow with time, so that pages of any time are
// read by ID alone; the few that do not are sorted out by their own time.
func (l *Log) between(ctx context.Context, ids span, from, until time.Time) (span, error) {
	if !from.IsZero() {
		first, err := l.edge(ctx, firstQuery, from, math.MaxInt64)
		if err != nil {
			return ids, err
		}
		ids.above = max(ids.above, first-1)
	}
	if !until.IsZero() {
		last, err := l.edge(ctx, lastQuery, until, 0)
		if err != nil {
			return ids, err
		}
		if ids.below == 0 || last < ids.below {
			ids.below = last + 1
		}
	}
	return ids, nil
}

const (
	firstQuery = `SELECT MIN(id) FROM (SELECT id FROM audit WHERE at >= $1 ORDER BY at, id LIMIT $2) AS edge`
	lastQuery  = `SELECT MAX(id) FROM (SELECT id FROM audit WHERE at < $1 ORDER BY at DESC, id DESC LIMIT $2) AS edge`
)

// edge is the ID at the edge of a time, or none if the time has no row.
func (l *Log) edge(ctx context.Context, query string, at time.Time, none int64) (int64, error) {
	var id sql.NullInt64
	if err := l.db.Reports.QueryRowContext(ctx, query, at.UnixMicro(), maxDisorder).Scan(&id); err != nil {
		return 0, fmt.Errorf("find a time in the audit: %w", err)
	}
	if !id.Valid {
		return none, nil
	}
	return id.Int64, nil
}

// pageQuery reads a page without searching, whatever the projects have in common: by index, it
// finds the first row of each project, keeps as many projects as the page has rows (a page begins
// with their first rows, so no other project can have one of it), and reads those of each that come
// before the last of these first rows.
//
// The projects are one value: SQLite takes no more than 32,766 values in a query and PostgreSQL
// 65,535, and a person can maintain more projects.
func (l *Log) pageQuery(filter Filter, ids span, order order, limit int) (string, []any, error) {
	projects, err := l.db.NumbersArg(filter.Projects)
	if err != nil {
		return "", nil, err
	}
	conditions, args := filter.conditions(ids, l.db.Instance.Number, []any{projects, limit})
	from := ` FROM audit` + fmt.Sprintf(l.db.IndexedBy, filter.index())
	rows := func(of, bound, limit string) string {
		return `SELECT id` + from + ` WHERE project_id = ` + of + `.project_id` + bound + conditions + ` ORDER BY id ` + order.sql + ` LIMIT ` + limit
	}
	bound := ` AND id ` + order.bound + ` (SELECT bound FROM bounds)`
	return `WITH mine (project_id) AS (` + l.db.Numbers + `),
		firsts AS MATERIALIZED (SELECT mine.project_id, (` + rows("mine", "", "1") + `) AS first_id FROM (SELECT DISTINCT project_id FROM mine) AS mine),
		nearest AS MATERIALIZED (SELECT project_id, first_id FROM firsts WHERE first_id IS NOT NULL ORDER BY first_id ` + order.sql + ` LIMIT $2),
		bounds AS MATERIALIZED (SELECT CASE WHEN COUNT(*) < $2 THEN ` + order.none + ` ELSE ` + order.far + `(first_id) END AS bound FROM nearest),
		picked AS MATERIALIZED (SELECT each_id.value FROM nearest` + fmt.Sprintf(l.db.ForEach, rows("nearest", bound, "$2")) + ` ORDER BY 1 ` + order.sql + ` LIMIT $2)
		SELECT ` + columns + ` FROM audit WHERE id IN (SELECT value FROM picked) ORDER BY id ` + order.sql, args, nil
}

// index is the index that has a project's rows that the filter selects side by side, but for the
// time, in the order of their IDs.
func (f Filter) index() string {
	if f.AgentID != 0 {
		return "audit_of_agent_number"
	}
	name := []string{"audit_of"}
	for _, part := range []struct {
		isWanted bool
		name     string
	}{{f.AgentName != "", "agent"}, {f.Actor != "", "actor"}, {f.Action != "", "action"}} {
		if part.isWanted {
			name = append(name, part.name)
		}
	}
	return strings.Join(name, "_")
}

// conditions adds to those of a query, and their values to its arguments.
func (f Filter) conditions(ids span, instance int64, args []any) (string, []any) {
	var more strings.Builder
	add := func(isWanted bool, comparison string, value any) {
		if isWanted {
			args = append(args, value)
			more.WriteString(" AND " + comparison + " $" + strconv.Itoa(len(args)))
		}
	}
	add(true, "instance =", instance)
	add(ids.below > 0, "id <", ids.below)
	add(ids.above > 0, "id >", ids.above)
	add(f.AgentID != 0, "agent_id =", f.AgentID)
	add(f.AgentName != "", "agent_name =", storable(f.AgentName))
	add(f.Actor != "", "actor_name =", storable(f.Actor))
	add(f.Action != "", "action =", f.Action)
	add(!f.From.IsZero(), "at >=", f.From.UnixMicro())
	add(!f.Until.IsZero(), "at <", f.Until.UnixMicro())
	return more.String(), args
}
