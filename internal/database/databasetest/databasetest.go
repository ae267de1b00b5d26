// Package databasetest gives the tests of every package databases: of every engine, or of the one
// that this run of them is for. The variable TEST_DATABASE names it: sqlite, which is the default,
// or postgres.
package databasetest

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // registers the driver "pgx"

	"gitlab-agent-portal/internal/database"
	"gitlab-agent-portal/internal/database/pgtest"
)

// variable names the engine of a run.
const variable = "TEST_DATABASE"

// Instance is the fingerprint of the GitLab application that Open opens databases for.
const Instance = "the GitLab of the tests"

// Database is one test's own database, empty but for what the migrations create.
type Database struct {
	// URL is the database's address, as DATABASE_URL takes it.
	URL string
	// Postgres stops and starts the database; nil on SQLite.
	Postgres *pgtest.Database

	driver, dsn string
	contents    func(testing.TB, *sql.DB) map[string]string
}

// Engines make databases of every kind that the portal supports, by their names.
func Engines() map[string]func(testing.TB) *Database {
	return map[string]func(testing.TB) *Database{"sqlite": SQLite, "postgres": Postgres}
}

// New creates a database, which ends with the test.
func New(tb testing.TB) *Database {
	tb.Helper()
	engine := cmp.Or(os.Getenv(variable), "sqlite") //nolint:forbidigo // says what a run of the tests is for, and configures nothing of the portal
	fresh, ok := Engines()[engine]
	if !ok {
		tb.Fatalf("%s is %q, want sqlite or postgres", variable, engine)
	}
	return fresh(tb)
}

// SQLite creates a database that the migrations were applied to.
func SQLite(tb testing.TB) *Database {
	tb.Helper()
	content, err := migrated()
	if err != nil {
		tb.Fatal(err)
	}
	file := filepath.Join(tb.TempDir(), "portal.db")
	if err := os.WriteFile(file, content, 0o600); err != nil {
		tb.Fatal(err)
	}
	contents := func(tb testing.TB, _ *sql.DB) map[string]string {
		tb.Helper()
		return files(tb, file+"*")
	}
	return &Database{URL: "sqlite:" + file, driver: "sqlite", dsn: file, contents: contents}
}

// migrated is the file of a database with the portal's tables, all empty. Each test starts from a
// copy: running the migrations costs ten times as much, and fifty times under the race detector.
var migrated = sync.OnceValues(func() (content []byte, err error) { //nolint:gochecknoglobals // a test binary has no better place for what its tests share
	dir, err := os.MkdirTemp("", "databasetest")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	file := filepath.Join(dir, "portal.db")
	db, err := database.Open(context.Background(), "sqlite:"+file, Instance)
	if err != nil {
		return nil, err
	}
	if err := db.Close(); err != nil {
		return nil, err
	}
	return os.ReadFile(file) //nolint:gosec // a file of the tests' own
})

// Open opens the database as the portal does, until the test ends. A PostgreSQL database can be
// opened several times, as by replicas.
func (d *Database) Open(tb testing.TB) *database.DB {
	tb.Helper()
	db, err := database.Open(tb.Context(), d.URL, Instance)
	if err != nil {
		tb.Fatalf("open the database: %v", err)
	}
	tb.Cleanup(func() {
		if err := db.Close(); err != nil {
			tb.Errorf("close the database: %v", err)
		}
	})
	return db
}

// Raw opens the database past the portal, until the test ends.
func (d *Database) Raw(tb testing.TB) *sql.DB {
	tb.Helper()
	db, err := sql.Open(d.driver, d.dsn)
	if err != nil {
		tb.Fatalf("open the database: %v", err)
	}
	tb.Cleanup(func() { _ = db.Close() })
	return db
}

// Await returns when the query counts something.
func Await(tb testing.TB, db *sql.DB, query string) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), 20*time.Second)
	defer cancel()
	for found := 0; found == 0; {
		if err := db.QueryRowContext(ctx, query).Scan(&found); err != nil {
			tb.Fatalf("%s counts nothing: %v", query, err)
		}
	}
}

// Exec changes the database past the portal, as another replica does.
func (d *Database) Exec(tb testing.TB, statement string) {
	tb.Helper()
	d.use(tb, func(db *sql.DB) {
		if _, err := db.ExecContext(tb.Context(), statement); err != nil {
			tb.Fatalf("%s: %v", statement, err)
		}
	})
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

// use opens the database past the portal, for work.
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
