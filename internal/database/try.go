package database

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/jackc/pgx/v5"
)

// Why a database that is there is of no use to the portal.
var (
	// ErrReadOnly is a database that takes no changes: a replica, or one that was set so.
	ErrReadOnly = errors.New("the database takes no changes")
	// ErrNewer is a schema of a later version of the portal, and ErrDamaged a file of SQLite's that
	// cannot be read. Their texts say what to do.
	ErrNewer   = errors.New("the database was changed by a newer version of the portal")
	ErrDamaged = errors.New("is damaged, or no database")
	// ErrNoTables is a user of PostgreSQL who may not create the portal's tables.
	ErrNoTables = errors.New("the user may not create tables in the schema")
)

// Try reports why the portal could not work with the database that url names; nil if it could. Unlike
// Open it changes nothing, and does not mind a portal that is using it.
func Try(ctx context.Context, url string) error {
	if err := CheckURL(url); err != nil {
		return err
	}
	if name, ok := strings.CutPrefix(url, "sqlite:"); ok {
		if err := trySQLite(name); err != nil {
			return err
		}
		return trySQLiteSchema(ctx, name)
	}
	return tryPostgres(ctx, url)
}

// trySQLite opens the file for changes or, where there is none yet, makes another one beside it.
func trySQLite(name string) error {
	file, err := os.OpenFile(filepath.Clean(name), os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) {
		if file, err = os.CreateTemp(filepath.Dir(name), ".portal-check-*"); err == nil {
			defer func() { _ = os.Remove(file.Name()) }()
		}
	}
	if err != nil {
		return fmt.Errorf("sqlite: %w", err)
	}
	return file.Close()
}

func tryPostgres(ctx context.Context, url string) error {
	cfg, err := parsePostgresURL(url)
	if err != nil {
		return err
	}
	cfg.conn.DefaultQueryExecMode = pgx.QueryExecModeExec // one query, whatever is in between
	conn, err := pgx.ConnectConfig(ctx, cfg.conn)
	if err != nil {
		return fmt.Errorf("postgres: %w", err) // names host, user and database, not the password
	}
	defer func() { _ = conn.Close(ctx) }()
	var isReadOnly, mayCreate bool
	err = conn.QueryRow(ctx, `SELECT current_setting('transaction_read_only')::BOOLEAN, COALESCE(has_schema_privilege(current_schema(), 'CREATE'), false)`).Scan(&isReadOnly, &mayCreate)
	switch {
	case err != nil:
		return fmt.Errorf("postgres: %w", err)
	case isReadOnly:
		return ErrReadOnly
	case !mayCreate:
		return ErrNoTables
	}
	return tryPostgresSchema(ctx, conn)
}
