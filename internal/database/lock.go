package database

import (
	"context"
	"time"
)

// Row names one row of a table by its primary key, a single column of bytes. Table and Column
// become part of statements: they are constants of the caller's.
type Row struct {
	Table, Column string
	Key           []byte
}

// Hold runs work while no other holder, in this process or in another one that uses the same
// database, has the row, for which it waits at most so long. What work writes through q stands
// if Hold returns nil. The row may be read meanwhile. Where it does not exist, work runs as
// well, and finds nothing to change.
//
// The lock stays while work waits for somebody else's answer. On PostgreSQL it is one of a few
// connections set aside for that; on SQLite no transaction is open, so that others can write.
func (d *DB) Hold(ctx context.Context, row Row, wait time.Duration, work func(ctx context.Context, q Querier) error) error {
	return d.locks.hold(ctx, row, wait, work)
}

// locks give one holder at a time the right to change a row; see Hold.
type locks interface {
	hold(ctx context.Context, row Row, wait time.Duration, work func(ctx context.Context, q Querier) error) error
}
