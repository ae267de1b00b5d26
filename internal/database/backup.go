package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

// Backup writes what an SQLite database holds at one moment to a new file, which only its owner may
// read. A portal may use the database meanwhile, and goes on writing. It refuses to overwrite a file,
// and leaves none behind if it fails. PostgreSQL has a program for this, which the error names.
func Backup(ctx context.Context, address, file string) error {
	if err := CheckURL(address); err != nil {
		return err
	}
	name, ok := strings.CutPrefix(address, "sqlite:")
	if !ok {
		return errors.New("this is for SQLite; back PostgreSQL up with pg_dump")
	}
	copied, err := os.OpenFile(filepath.Clean(file), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	switch {
	case errors.Is(err, os.ErrExist):
		return errors.New("the file for the backup exists already, and nothing is overwritten: name another one")
	case err != nil:
		return fmt.Errorf("create the backup: %w", err)
	}
	if err := fill(ctx, copied, name); err != nil {
		return errors.Join(err, copied.Close(), os.Remove(copied.Name()))
	}
	return copied.Close()
}

// fill writes the database of that name to the file, and to the disk.
func fill(ctx context.Context, file *os.File, name string) error {
	db, err := openToRead(name)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	if _, err := db.ExecContext(ctx, `VACUUM INTO $1`, file.Name()); err != nil {
		return fmt.Errorf("back up the database: %w", err)
	}
	if err := file.Sync(); err != nil {
		return fmt.Errorf("back up the database: %w", err)
	}
	return nil
}

// openToRead opens an SQLite file that exists, whoever uses it, without its lock: it changes nothing.
func openToRead(name string) (*sql.DB, error) {
	path, err := filepath.Abs(name)
	if err != nil {
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	query := url.Values{"mode": {"ro"}, "_pragma": {"busy_timeout(3000)"}}
	dsn := url.URL{Scheme: "file", Path: filepath.ToSlash(path), RawQuery: query.Encode()}
	db, err := sql.Open("sqlite", dsn.String())
	if err != nil {
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	return db, nil
}
