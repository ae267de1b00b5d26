// Package storetest gives the tests of every package databases of the engine that this run of
// them is for. The variable TEST_DATABASE names it: sqlite, which is the default, or postgres.
package storetest

import (
	"cmp"
	"database/sql"
	"os"
	"path/filepath"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // registers the driver "pgx"
)

// Variable names the engine of a run.
const Variable = "TEST_DATABASE"

// Database is one test's own database, empty but for what a Store creates when it is opened.
type Database struct {
	// URL is the database's address, as DATABASE_URL takes it.
	URL string

	driver, dsn string
	// cut ends the connections that hold locks; empty: locks are not the database's.
	cut      string
	contents func(testing.TB, *sql.DB) map[string]string
}

// New creates a database, which ends with the test.
func New(tb testing.TB) *Database {
	tb.Helper()
	engine := cmp.Or(os.Getenv(Variable), "sqlite") //nolint:forbidigo // says what a run of the tests is for, and configures nothing of the portal
	switch engine {
	case "sqlite":
		return newSQLite(tb)
	case "postgres":
		return newPostgres(tb)
	}
	tb.Fatalf("%s is %q, want sqlite or postgres", Variable, engine)
	return nil
}

func newSQLite(tb testing.TB) *Database {
	tb.Helper()
	file := filepath.Join(tb.TempDir(), "portal.db")
	contents := func(tb testing.TB, _ *sql.DB) map[string]string {
		tb.Helper()
		return files(tb, file+"*")
	}
	return &Database{URL: "sqlite:" + file, driver: "sqlite", dsn: file, contents: contents}
}

// Exec changes the database past the store, as another replica does.
func (d *Database) Exec(tb testing.TB, statement string) {
	tb.Helper()
	d.use(tb, func(db *sql.DB) {
		if _, err := db.ExecContext(tb.Context(), statement); err != nil {
			tb.Fatalf("%s: %v", statement, err)
		}
	})
}

// Overtake is Exec for a row that somebody holds locked: it cuts the connections that hold one
// before, as a failover does.
func (d *Database) Overtake(tb testing.TB, statement string) {
	tb.Helper()
	if d.cut != "" {
		d.Exec(tb, d.cut)
	}
	d.Exec(tb, statement)
}

// Contents is everything that somebody finds who gets hold of the database, by the place where
// it lies: also what was deleted and is not overwritten yet.
func (d *Database) Contents(tb testing.TB) map[string]string {
	tb.Helper()
	var found map[string]string
	d.use(tb, func(db *sql.DB) { found = d.contents(tb, db) })
	if len(found) == 0 {
		tb.Fatal("the database holds nothing")
	}
	return found
}

// use opens the database past the store.
func (d *Database) use(tb testing.TB, work func(db *sql.DB)) {
	tb.Helper()
	db, err := sql.Open(d.driver, d.dsn)
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	work(db)
}

// files reads the files that the pattern matches.
func files(tb testing.TB, pattern string) map[string]string {
	tb.Helper()
	names, err := filepath.Glob(pattern)
	if err != nil {
		tb.Fatal(err)
	}
	found := map[string]string{}
	for _, name := range names {
		content, err := os.ReadFile(name) //nolint:gosec // the test's own database
		if err != nil {
			tb.Fatal(err)
		}
		found["the file "+filepath.Base(name)] = string(content)
	}
	return found
}
