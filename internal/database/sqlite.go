package database

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"
	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // registers the driver "sqlite"
)

// sqliteReaders bounds the connections of each pool that read side by side; WAL lets them do so
// while the one writer writes.
const sqliteReaders = 4

func checkSQLiteName(name string) error {
	if name == "" || name == ":memory:" {
		return errors.New("needs the name of a file, as in sqlite:portal.db")
	}
	return nil
}

func openSQLite(ctx context.Context, name string) (*DB, error) {
	path, err := databaseFile(name)
	if err != nil {
		return nil, err
	}
	lock, err := lockFile(path)
	if err != nil {
		return nil, err
	}
	db, err := connectSQLite(ctx, path)
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	db.close = func() error { return errors.Join(db.Reports.Close(), db.Read.Close(), db.Write.Close(), lock.Close()) }
	if err := tighten(path); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// tighten takes the rights of everybody but the owner off the file and its side files, which may
// have been created by hand or brought back from a backup. It comes after the file was found to be
// a database of the portal's, so that no other file is touched; what is secret is not written before.
func tighten(path string) error {
	for _, suffix := range []string{"", "-wal", "-shm", ".lock"} {
		name := path + suffix
		info, err := os.Stat(name)
		switch {
		case errors.Is(err, os.ErrNotExist):
			continue
		case err != nil:
			return fmt.Errorf("sqlite: %w", err)
		case info.Mode().Perm()&0o077 == 0:
			continue
		}
		if err := os.Chmod(name, 0o600); err != nil {
			return fmt.Errorf("sqlite: %s is open to others than its owner, and the portal may not change that: "+
				"make it the portal's own, with mode 600: %w", filepath.Base(name), errors.Unwrap(err))
		}
	}
	return nil
}

// databaseFile creates the file if it is missing, readable by its owner only (SQLite's side
// files inherit that), and returns its address without symbolic links, so that one file has
// one lock whatever name it is opened by.
func databaseFile(name string) (string, error) {
	file, err := os.OpenFile(filepath.Clean(name), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return "", fmt.Errorf("sqlite: %w", err)
	}
	if err := file.Close(); err != nil {
		return "", fmt.Errorf("sqlite: %w", err)
	}
	path, err := filepath.EvalSymlinks(name)
	if err != nil {
		return "", fmt.Errorf("sqlite: %w", err)
	}
	return filepath.Abs(path)
}

// lockFile makes this process the file's only user until the lock is closed: the queue for SQLite's
// one writer reaches no further than the process.
func lockFile(path string) (*flock.Flock, error) {
	lock := flock.New(path+".lock", flock.SetPermissions(0o600))
	locked, err := lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("sqlite: lock the database file: %w", err)
	}
	if !locked {
		return nil, fmt.Errorf("another portal is using the database file %s: "+
			"stop it first, or use PostgreSQL to run several", filepath.Base(path))
	}
	return lock, nil
}

func connectSQLite(ctx context.Context, path string) (*DB, error) {
	write, err := sql.Open("sqlite", sqliteDSN(path, "_txlock", "immediate"))
	if err != nil {
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	// SQLite has one writer at a time. Queueing for it here is fair and knows the caller's
	// deadline; SQLite's own waiting is neither.
	write.SetMaxOpenConns(1)
	if err := checkSQLite(ctx, write, path); err != nil {
		return nil, errors.Join(err, write.Close())
	}
	if err := migrate(ctx, goose.DialectSQLite3, write); err != nil {
		return nil, errors.Join(err, write.Close())
	}
	read, errRead := sqliteReadPool(path)
	reports, errReports := sqliteReadPool(path)
	if err := errors.Join(errRead, errReports); err != nil {
		return nil, errors.Join(err, write.Close())
	}
	return &DB{
		Read: &Pool{read}, Write: &Pool{write}, Reports: &Pool{reports}, prepares: true,
		Now:        `CAST(unixepoch('now', 'subsec') * 1000000 AS INTEGER)`,
		Numbers:    `SELECT value FROM json_each($1)`,
		numbersArg: jsonList,
		// A function in FROM may use the columns before it, which a query may not.
		ForEach:   `, json_each((SELECT json_group_array(id) FROM (%s))) AS each_id`,
		IndexedBy: ` INDEXED BY %s`,
	}, nil
}

// sqliteReadPool opens connections that change nothing. It does not touch the file yet.
func sqliteReadPool(path string) (*sql.DB, error) {
	pool, err := sql.Open("sqlite", sqliteDSN(path, "_pragma", "query_only(1)"))
	if err != nil {
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	pool.SetMaxOpenConns(sqliteReaders)
	pool.SetMaxIdleConns(sqliteReaders)
	return pool, nil
}

// jsonList is numbers as SQLite's json_each reads them.
func jsonList(numbers []int64) (any, error) {
	list, err := json.Marshal(numbers)
	if err != nil {
		return nil, fmt.Errorf("write a list of numbers: %w", err)
	}
	return string(list), nil
}

// sqliteDSN builds the driver's address of a file, which is a URI, and adds one parameter.
func sqliteDSN(path, parameter, value string) string {
	// A file that a program of others' keeps locked is an error before the time of a statement is up.
	query := url.Values{"_pragma": {"busy_timeout(3000)", "journal_mode(WAL)"}}
	query.Add(parameter, value)
	address := url.URL{Scheme: "file", Path: filepath.ToSlash(path), RawQuery: query.Encode()}
	return address.String()
}
