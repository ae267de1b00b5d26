// Package database opens the portal's database, SQLite (one process) or PostgreSQL (several
// replicas), and brings its schema up to date. What the tables hold is the business of the
// packages that work on a DB; this one knows only what the engines do differently.
package database

import (
	"context"
	"database/sql"
	"errors"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// SweepBatch bounds the rows of one kind that are deleted at once because their time is over,
// and with them the time that SQLite's only writer is busy.
const SweepBatch = 500

// DB is an open database: its pools, and the few things that the engines do differently. Every
// statement is written once, with $1 as placeholders, which both engines understand. It is safe
// for concurrent use.
type DB struct {
	// Read serves lookups; Write serves single changes. On PostgreSQL they are the same pool.
	// Reports serves queries of many rows: whoever waits for one keeps no lookup waiting.
	Read, Write, Reports *Pool
	// Instance is whose rows are to be read and written.
	Instance Instance
	// Now is an expression for the time by the database's clock, which all replicas share, in
	// microseconds since 1970.
	Now string
	// ForUpdate follows a SELECT inside a change that locks several rows: in one order, so that two of
	// them never wait for each other. Nothing on SQLite, where changes come one by one.
	ForUpdate string
	// SkipLocked follows a SELECT inside a change and makes it pass over rows that somebody
	// holds, instead of waiting for them.
	SkipLocked string
	// Numbers is a query of the numbers in the list that is the statement's first argument, as
	// NumbersArg makes it.
	Numbers string
	// ForEach joins what a query finds for each row of what stands before it in a FROM: %s stands
	// for the query, which may use that row's columns and gives one column, id. It is read as
	// each_id.value.
	ForEach string
	// IndexedBy follows the name of a table and names the index to search it by in the place of %s,
	// where the engine has no statistics and so guesses. PostgreSQL knows better by itself.
	IndexedBy string

	numbersArg func([]int64) (any, error)
	// prepares says that a statement which runs often is worth preparing by hand: PostgreSQL's
	// driver keeps its statements prepared where that is possible, SQLite's does not.
	prepares bool
	// written is when a probe wrote last; see Ping.
	written atomic.Pointer[time.Time]
	// close releases the pools and whatever else the engine holds.
	close func() error
}

// Querier is what a Pool and a transaction share.
type Querier interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// Open connects to the database that url names, sqlite:FILE, postgres://… or postgresql://…,
// and brings its schema up to date. instance is the fingerprint of the GitLab application that it
// is to serve.
//
// On SQLite it locks the file against a second process, which is refused with a sentence that
// says what to do. Errors do not contain the URL, whose password would end up in logs.
func Open(ctx context.Context, url, instance string) (*DB, error) {
	db, err := open(ctx, url)
	if err != nil {
		return nil, err
	}
	if err := claim(ctx, db, instance); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

func open(ctx context.Context, url string) (*DB, error) {
	if err := CheckURL(url); err != nil {
		return nil, err
	}
	if name, ok := strings.CutPrefix(url, "sqlite:"); ok {
		return openSQLite(ctx, name)
	}
	return openPostgres(ctx, url)
}

// CheckURL reports what is wrong with a database's URL as far as that shows without opening it.
// Its error does not contain the URL.
func CheckURL(url string) error {
	switch scheme, rest, _ := strings.Cut(url, ":"); scheme {
	case "sqlite":
		return checkSQLiteName(rest)
	case "postgres", "postgresql":
		_, err := parsePostgresURL(url)
		return err
	default:
		return errors.New("neither sqlite:FILE nor postgres://…")
	}
}

// Close closes the database. Whoever works in the background has to have stopped before.
func (d *DB) Close() error { return d.close() }

// Lookup is a query of one row that runs often.
type Lookup struct {
	query    string
	read     *Pool
	prepared *sql.Stmt // nil unless the engine prepares; closed with the database
}

// Lookup returns the query ready to run through Read.
func (d *DB) Lookup(query string) (Lookup, error) {
	lookup := Lookup{query: query, read: d.Read}
	if !d.prepares {
		return lookup, nil
	}
	var err error
	lookup.prepared, err = d.Read.Prepare(query) //nolint:noctx // once, at the start
	return lookup, err
}

// QueryRow runs the query.
func (l Lookup) QueryRow(ctx context.Context, args ...any) *sql.Row {
	if l.prepared == nil {
		return l.read.QueryRowContext(ctx, l.query, args...)
	}
	return l.prepared.QueryRowContext(hurry(ctx), args...)
}

// Exec changes rows through the write pool and returns how many.
func (d *DB) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	return Exec(ctx, d.Write, query, args...)
}

// Exec changes rows through q and returns how many.
func Exec(ctx context.Context, q Querier, query string, args ...any) (int64, error) {
	result, err := q.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// NumbersArg is numbers, any amount of them, as the one argument that Numbers reads.
func (d *DB) NumbersArg(numbers []int64) (any, error) { return d.numbersArg(numbers) }

// List is the inside of an IN (…) with the values of ids as further arguments after args. It is
// for lists that are known to be short: engines bound the arguments of one statement.
func List(ids []int64, args []any) (list string, all []any) {
	places := make([]string, 0, len(ids))
	for _, id := range ids {
		args = append(args, id)
		places = append(places, "$"+strconv.Itoa(len(args)))
	}
	return strings.Join(places, ", "), args
}
