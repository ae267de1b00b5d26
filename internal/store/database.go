package store

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// database is one engine: its pools, and the few things that the engines do differently.
// Every statement is written once, with $1 as placeholders, which both engines understand.
type database struct {
	// read serves lookups; write serves single changes. On PostgreSQL they are the same pool.
	read, write *sql.DB
	locks       sessionLocks
	// skipLocked follows a SELECT inside a change and makes it pass over rows that a refresh
	// holds, instead of waiting for GitLab's answer.
	skipLocked string
	// listed is a query of the numbers in the JSON list that is the statement's first argument.
	listed string
	// close releases the pools and whatever else the engine holds.
	close func() error
}

// sessionLocks gives one holder at a time the right to replace or remove a session.
type sessionLocks interface {
	// hold runs work while no other holder, in this process or in another one that uses the
	// same database, has the session. What work writes through q stands if hold returns nil.
	hold(ctx context.Context, idHash []byte, work func(ctx context.Context, q querier) error) error
}

// querier is what *sql.DB and *sql.Tx share.
type querier interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// exec changes rows through the write pool and returns how many.
func (d *database) exec(ctx context.Context, query string, args ...any) (int64, error) {
	return exec(ctx, d.write, query, args...)
}

func exec(ctx context.Context, q querier, query string, args ...any) (int64, error) {
	result, err := q.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// migrate applies the migrations that the database does not have yet.
func migrate(ctx context.Context, dialect goose.Dialect, db *sql.DB, opts ...goose.ProviderOption) error {
	files, err := fs.Sub(migrationFiles, "migrations")
	if err != nil {
		return err
	}
	// The global registry would pull in migrations that some other package registered.
	opts = append(opts, goose.WithDisableGlobalRegistry(true))
	provider, err := goose.NewProvider(dialect, db, files, opts...)
	if err != nil {
		return fmt.Errorf("read the migrations: %w", err)
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("bring the database's schema up to date: %w", err)
	}
	return nil
}
