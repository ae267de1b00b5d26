package databasetest

import (
	"context"
	"database/sql"
	"testing"

	"gitlab-agent-portal/internal/database"
	"gitlab-agent-portal/internal/database/pgtest"
)

// free are databases with the portal's tables, all empty, that no test uses at present. Making
// one takes half a second, emptying one a hundredth of that.
var free = make(chan *pgtest.Database, 100) //nolint:gochecknoglobals // a test binary has no better place for what its tests share

// Postgres creates a database that the migrations were applied to.
func Postgres(tb testing.TB) *Database {
	tb.Helper()
	db := emptyPostgres(tb)
	tb.Cleanup(func() { release(db) })
	return &Database{
		URL: db.URL, Postgres: db, driver: "pgx", dsn: db.URL, contents: tables,
	}
}

func emptyPostgres(tb testing.TB) *pgtest.Database {
	tb.Helper()
	select {
	case db := <-free:
		return db
	default:
	}
	created, err := pgtest.Create(tb.Context())
	if err != nil {
		tb.Fatalf("the tests need a PostgreSQL server: %v", err)
	}
	db, err := database.Open(tb.Context(), created.URL, Instance)
	if err != nil {
		tb.Fatal(err)
	}
	if err := db.Close(); err != nil {
		tb.Fatal(err)
	}
	return created
}

// empty leaves a database as the migrations made it, whoever is still connected.
const empty = `
	DO $$ BEGIN EXECUTE format('ALTER DATABASE %I RESET ALL', current_database()); END $$;
	SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid();
	TRUNCATE sessions, used_nonces, audit, readings, contacts, allowances, instances, watches, watched, transitions, alerts, outbox, messages;
	UPDATE audit_numbers SET last = 0`

// release empties a database for the next test. One that a test has broken cannot be emptied;
// it is left to end with its server.
func release(used *pgtest.Database) {
	db, err := sql.Open("pgx", used.URL)
	if err != nil {
		return
	}
	defer func() { _ = db.Close() }()
	if _, err = db.ExecContext(context.Background(), empty); err != nil {
		return
	}
	select {
	case free <- used:
	default:
	}
}

// tables reads the portal's tables: their rows, and their files, in which deleted rows go on
// until they are overwritten. The rows are read as well because the files compress long values.
func tables(tb testing.TB, db *sql.DB) map[string]string {
	tb.Helper()
	found := map[string]string{}
	for _, name := range column(tb, db, `SELECT tablename FROM pg_tables WHERE schemaname = 'public'`) {
		for _, row := range column(tb, db, `SELECT row::TEXT FROM public.`+name+` AS row`) {
			found["the table "+name] += row + "\n"
		}
	}
	if _, err := db.ExecContext(tb.Context(), `CHECKPOINT`); err != nil {
		tb.Fatal(err)
	}
	for _, file := range column(tb, db, `SELECT pg_read_binary_file(pg_relation_filepath(c.oid)) FROM pg_class c
		WHERE c.relkind IN ('r', 't', 'i') AND (c.relnamespace = 'public'::REGNAMESPACE
			OR c.oid IN (SELECT reltoastrelid FROM pg_class WHERE relnamespace = 'public'::REGNAMESPACE))`) {
		found["the tables' files"] += file
	}
	return found
}

// column is the one column of a query.
func column(tb testing.TB, db *sql.DB, query string) []string {
	tb.Helper()
	rows, err := db.QueryContext(tb.Context(), query)
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	var values []string
	for rows.Next() {
		var value []byte
		if err := rows.Scan(&value); err != nil {
			tb.Fatal(err)
		}
		values = append(values, string(value))
	}
	if err := rows.Err(); err != nil {
		tb.Fatal(err)
	}
	return values
}
