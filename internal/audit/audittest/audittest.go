// Package audittest fills an audit with as many rows as one has after years, for tests and for the
// bench. Its rows are uneven in every way that can mislead a database.
package audittest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/stdlib"
)

// What the rows are about. Every other number of a project, name and action comes as often as it
// may; these are the extremes.
const (
	// Projects have the numbers 1 to Projects. The first has a fifth of all rows, the last only old
	// ones. A tenth of the rows is about none.
	Projects = 1000
	// BusyAgent is the name of an agent in every project.
	BusyAgent = "agent-0"
	// BusyActor did a third of everything.
	BusyActor = "person-0"
	// RareActor did one thing in a thousand, in the last project and long ago.
	RareActor = "somebody"
)

// Start is when the first row was written. One comes each Step.
var Start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC) //nolint:gochecknoglobals // a constant

// Step is the time from row to row.
const Step = 30 * time.Second

// Fill writes n rows into the audit, which has to be empty, and lets the database look at them as it
// does by itself after a while. The indexes are made once all rows are there, which is faster.
func Fill(ctx context.Context, db *sql.DB, n int) error {
	indexes, err := dropIndexes(ctx, db)
	if err != nil {
		return err
	}
	if _, err := db.ExecContext(ctx, rows, n, Projects, Start.UnixMicro(), Step.Microseconds()); err != nil {
		return fmt.Errorf("fill the audit: %w", err)
	}
	after := append(indexes, `UPDATE audit_numbers SET last = (SELECT MAX(id) FROM audit)`)
	if isPostgres(db) {
		after = append(after, `VACUUM ANALYZE audit`)
	}
	for _, statement := range after {
		if _, err := db.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("%s: %w", statement, err)
		}
	}
	return nil
}

func isPostgres(db *sql.DB) bool {
	_, is := db.Driver().(*stdlib.Driver)
	return is
}

// dropIndexes drops the indexes of the audit but its key's, and returns what makes them again.
func dropIndexes(ctx context.Context, db *sql.DB) ([]string, error) {
	list := `SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = 'audit' AND sql IS NOT NULL`
	if isPostgres(db) {
		list = `SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'audit' AND indexname <> 'audit_pkey'`
	}
	found, err := db.QueryContext(ctx, list)
	if err != nil {
		return nil, err
	}
	var names, definitions []string
	for found.Next() {
		var name, definition string
		if err := found.Scan(&name, &definition); err != nil {
			return nil, errors.Join(err, found.Close())
		}
		names, definitions = append(names, name), append(definitions, definition)
	}
	if err := errors.Join(found.Err(), found.Close()); err != nil {
		return nil, err
	}
	for _, name := range names {
		if _, err := db.ExecContext(ctx, `DROP INDEX `+name); err != nil {
			return nil, err
		}
	}
	return definitions, nil
}

// rows are n rows. r is a number below 1,000 that looks like chance.
const rows = `INSERT INTO audit (id, at, action, outcome, actor_id, actor_name, project_id, project_path,
		agent_id, agent_name, token_id, token_name, client_ip, request_id, refers_to)
	WITH RECURSIVE numbered (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM numbered WHERE i < CAST($1 AS BIGINT)),
	mixed AS (SELECT i, CAST(i AS BIGINT) * 48271 % 65537 % 1000 AS r, CAST(i AS BIGINT) * 16807 % 65521 AS s FROM numbered),
	placed AS (SELECT i, r, s, i * 100 < CAST($1 AS BIGINT) AND r < 100 AS is_old,
		CASE WHEN i * 100 < CAST($1 AS BIGINT) AND r < 100 THEN CAST($2 AS BIGINT) WHEN r < 200 THEN 1 WHEN r < 300 THEN 0
			ELSE 2 + s % (CAST($2 AS BIGINT) - 2) END AS project FROM mixed)
	SELECT i, CAST($3 AS BIGINT) + i * CAST($4 AS BIGINT),
		CASE WHEN s % 100 < 40 THEN 'token_create' WHEN s % 100 < 70 THEN 'token_stored' WHEN s % 100 < 95 THEN 'token_revoke'
			WHEN s % 100 < 98 THEN 'agent_register' WHEN s % 100 < 99 THEN 'agent_delete' ELSE 'reconciled' END,
		CASE WHEN r % 10 = 0 THEN 'refused' ELSE 'ok' END,
		CASE WHEN is_old THEN 9999 WHEN s % 3 = 0 THEN 1 ELSE 1 + s % 300 END,
		CASE WHEN is_old THEN 'somebody' WHEN s % 3 = 0 THEN 'person-0' ELSE 'person-' || s % 300 END,
		project, CASE WHEN project = 0 THEN '' ELSE 'group/project-' || project END,
		project * 10 + s % 7, 'agent-' || s % 7, i, 'token-' || i, '192.0.2.7', 'request-' || i, 0
	FROM placed`
