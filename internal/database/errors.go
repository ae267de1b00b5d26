package database

import (
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// Unavailable says whether an error of a statement means that the database is down, slow, full,
// read-only, damaged, or has no connection left: whoever asked did nothing wrong, and may try again.
// It is not to be asked of errors of GitLab's client: a broken connection looks the same everywhere.
func Unavailable(err error) bool {
	if errors.Is(err, errSlow) {
		return true
	}
	if refused, ok := errors.AsType[*pgconn.PgError](err); ok && isPostgresTrouble(refused.Code) {
		return true
	}
	if failed, ok := errors.AsType[*sqlite.Error](err); ok {
		return slices.Contains(sqliteTroubles, failed.Code()&0xff)
	}
	return isBroken(err)
}

// isPostgresTrouble goes by https://www.postgresql.org/docs/current/errcodes-appendix.html.
func isPostgresTrouble(code string) bool {
	if len(code) < 2 {
		return false
	}
	class := code[:2]
	return slices.Contains([]string{
		"08", // connections
		"53", // resources: the disk, memory, connections
		"57", // an operator: a shutdown, a start, a statement that was cancelled
		"58", // the system around the server
	}, class) || slices.Contains([]string{
		"25006", // read only
		"25P03", // a transaction was idle too long
		"55000", // not in the state for it: the database takes no connections
		"55P03", // a lock was not to be had
	}, code)
}

// sqliteTroubles are result codes without their details; see https://www.sqlite.org/rescode.html.
var sqliteTroubles = []int{ //nolint:gochecknoglobals // a constant
	sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR,
	sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_NOTADB,
	sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH,
}

// isBroken says whether a connection could not be made or broke.
func isBroken(err error) bool {
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		return true
	}
	if _, ok := errors.AsType[*net.OpError](err); ok {
		return true
	}
	for _, broken := range []error{driver.ErrBadConn, sql.ErrConnDone, io.EOF, io.ErrUnexpectedEOF, net.ErrClosed} {
		if errors.Is(err, broken) {
			return true
		}
	}
	return false
}

// insufficientPrivilege is PostgreSQL's code for what a role may not do.
const insufficientPrivilege = "42501"

// nameRight says in words which right the portal's role lacks, and how it gets it. PostgreSQL's own
// message names the schema or the table.
func nameRight(err error) error {
	refused, ok := errors.AsType[*pgconn.PgError](err)
	if !ok || refused.Code != insufficientPrivilege {
		return err
	}
	return fmt.Errorf("the role of DATABASE_URL lacks a right (%s): the portal creates and changes its tables, so the role has to own them and the schema that they are in. "+
		"Let an administrator of the database run ALTER SCHEMA and ALTER TABLE … OWNER TO the role: %w", refused.Message, err)
}
