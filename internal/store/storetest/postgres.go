package storetest

import (
	"context"
	"database/sql"
	"testing"

	"gitlab-agent-portal/internal/store"
	"gitlab-agent-portal/internal/store/pgtest"
)

// free are databases with the portal's tables, all empty, that no test uses at present. Making
// one takes half a second, emptying one a hundredth of that.
var free = make(chan string, 100) //nolint:gochecknoglobals // a test binary has no better place for what its tests share

func newPostgres(tb testing.TB) *Database {
	tb.Helper()
	d := &Database{URL: emptyPostgres(tb), driver: "pgx", contents: tables, cut: `SELECT pg_terminate_backend(pid)
		FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle in transaction'`}
	d.dsn = d.URL
	tb.Cleanup(func() { release(d.URL) })
	return d
}

func emptyPostgres(tb testing.TB) string {
	tb.Helper()
	select {
	case url := <-free:
		return url
	default:
	}
	db, err := pgtest.Create(tb.Context())
	if err != nil {
		tb.Fatalf("the tests need a PostgreSQL server: %v", err)
	}
	s, err := store.Open(tb.Context(), store.Config{URL: db.URL, Keys: store.Keys{store.NewKey()}, Cookie: store.CookieOptions{Name: "portal"}})
	if err != nil {
		tb.Fatal(err)
	}
	if err := s.Close(); err != nil {
		tb.Fatal(err)
	}
	return db.URL
}

// empty leaves a database as the migrations made it, whoever is still connected.
const empty = `
	SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid();
	TRUNCATE sessions, used_nonces, audit, readings;
	UPDATE audit_numbers SET last = 0`

// release empties a database for the next test. One that a test has broken cannot be emptied;
// it is left to end with its server.
func release(url string) {
	db, err := sql.Open("pgx", url)
	if err != nil {
		return
	}
	defer func() { _ = db.Close() }()
	if _, err = db.ExecContext(context.Background(), empty); err != nil {
		return
	}
	select {
	case free <- url:
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
