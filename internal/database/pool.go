package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

const (
	// queryTimeout bounds every statement, and every transaction, waiting for a connection included. What a person waits for fails after that; a server that was stopped says
	// nothing by itself.
	queryTimeout = 4 * time.Second
	// sweepTimeout is the same for what nobody waits for; see Unhurried.
	sweepTimeout = time.Minute
	// probeTimeout bounds Ping.
	probeTimeout = 2 * time.Second
)

// Pool is a sql.DB whose statements end in time.
type Pool struct{ *sql.DB }

// errSlow is what a statement fails with whose time is up.
var errSlow = fmt.Errorf("the database did not answer in time: %w", context.DeadlineExceeded)

// inTime is a context that ends with errSlow when the time for a statement is up. With its parent it
// ends as the parent does.
type inTime struct{ context.Context } //nolint:containedctx // it is one

// Err is errSlow instead of DeadlineExceeded, which it wraps: what waited for the database differs
// from what waited for GitLab.
func (c inTime) Err() error {
	err := c.Context.Err()
	if err != nil && errors.Is(context.Cause(c.Context), errSlow) {
		return errSlow
	}
	return err
}

func within(ctx context.Context, limit time.Duration) (context.Context, context.CancelFunc) {
	bounded, cancel := context.WithTimeoutCause(ctx, limit, errSlow)
	return inTime{bounded}, cancel
}

// unhurried is the key under which a context says that nobody waits.
type unhurried struct{}

// Unhurried gives the statements of work for which nobody waits more time.
func Unhurried(ctx context.Context) context.Context { return context.WithValue(ctx, unhurried{}, true) }

// hurry bounds one statement. Its result may be read after it was called: the time ends it, or ctx.
func hurry(ctx context.Context) context.Context {
	limit := queryTimeout
	if ctx.Value(unhurried{}) != nil {
		limit = sweepTimeout
	}
	bounded, cancel := within(ctx, limit)
	context.AfterFunc(bounded, cancel)
	return bounded
}

// ExecContext is that of sql.DB, in time.
func (p *Pool) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	return p.DB.ExecContext(hurry(ctx), query, args...)
}

// QueryContext is that of sql.DB. The rows have to be read in time as well.
func (p *Pool) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return p.DB.QueryContext(hurry(ctx), query, args...) //nolint:sqlclosecheck // the caller's
}

// QueryRowContext is that of sql.DB, in time.
func (p *Pool) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	return p.DB.QueryRowContext(hurry(ctx), query, args...)
}

// BeginTx is that of sql.DB. The transaction as a whole has to end in time.
func (p *Pool) BeginTx(ctx context.Context, opts *sql.TxOptions) (*Tx, error) {
	ctx = hurry(ctx)
	tx, err := p.DB.BeginTx(ctx, opts)
	if err != nil {
		return nil, err
	}
	return &Tx{tx}, nil
}

// Tx is a sql.Tx whose statements end in time: they do not end with their transaction.
type Tx struct{ *sql.Tx }

// ExecContext is that of sql.Tx, in time.
func (t *Tx) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	return t.Tx.ExecContext(hurry(ctx), query, args...)
}

// QueryContext is that of sql.Tx, in time.
func (t *Tx) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return t.Tx.QueryContext(hurry(ctx), query, args...) //nolint:sqlclosecheck // the caller's
}

// QueryRowContext is that of sql.Tx, in time.
func (t *Tx) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	return t.Tx.QueryRowContext(hurry(ctx), query, args...)
}
