// Package pgtest runs a real PostgreSQL for tests: one server per test binary, on a unix
// socket in a temporary folder, with a fresh database for every test that asks for one.
package pgtest

import (
	"context"
	"fmt"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
)

// shared is the test binary's server, started when the first test asks for a database. It
// stops when the binary ends; see start.
var shared = sync.OnceValues(start) //nolint:gochecknoglobals // a test binary has no better place for what its tests share

// created numbers the databases of the shared server.
var created atomic.Int64 //nolint:gochecknoglobals // as above

// Database is one test's own database.
type Database struct {
	// URL is the database's address, as DATABASE_URL takes it.
	URL string

	name   string
	server *server
}

// New creates an empty database, and drops it when the test ends. It fails the test if
// PostgreSQL is not installed.
func New(tb testing.TB) *Database {
	tb.Helper()
	d, err := Create(tb.Context())
	if err != nil {
		tb.Fatalf("the tests need a PostgreSQL server: %v", err)
	}
	tb.Cleanup(func() { d.admin(tb, `DROP DATABASE `+d.name+` WITH (FORCE)`) })
	return d
}

// Create creates an empty database for a program that is no test. The server, and with it the
// database, ends with the process.
func Create(ctx context.Context) (*Database, error) {
	server, err := shared()
	if err != nil {
		return nil, err
	}
	name := fmt.Sprintf("test%d", created.Add(1))
	d := &Database{URL: server.url(name), name: name, server: server}
	return d, d.execute(ctx, `CREATE DATABASE `+name)
}

// Stop makes the database unreachable: open connections are cut and new ones refused, as if
// its server had been stopped.
func (d *Database) Stop(tb testing.TB) {
	tb.Helper()
	d.admin(tb, `ALTER DATABASE `+d.name+` WITH ALLOW_CONNECTIONS false`)
	d.admin(tb, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '`+d.name+`'`)
}

// Start undoes Stop.
func (d *Database) Start(tb testing.TB) {
	tb.Helper()
	d.admin(tb, `ALTER DATABASE `+d.name+` WITH ALLOW_CONNECTIONS true`)
}

// admin runs one statement outside the database. It outlives the test's context, which has
// ended by the time of clean-up.
func (d *Database) admin(tb testing.TB, statement string) {
	tb.Helper()
	if err := d.execute(context.WithoutCancel(tb.Context()), statement); err != nil {
		tb.Fatal(err)
	}
}

// execute runs one statement outside the database.
func (d *Database) execute(ctx context.Context, statement string) error {
	conn, err := pgx.Connect(ctx, d.server.url("postgres"))
	if err != nil {
		return fmt.Errorf("connect to the tests' PostgreSQL: %w", err)
	}
	defer func() { _ = conn.Close(ctx) }()
	if _, err := conn.Exec(ctx, statement); err != nil {
		return fmt.Errorf("%s: %w", statement, err)
	}
	return nil
}

// url is the address of one of the server's databases.
func (s *server) url(database string) string {
	query := url.Values{"host": {s.socketDir}}
	address := url.URL{Scheme: "postgres", User: url.User(superuser), Path: "/" + database, RawQuery: query.Encode()}
	return address.String()
}
