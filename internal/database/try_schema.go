package database

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
)

// findNumber finds the number of the schema, in the table in which the library of migrations keeps it.
const findNumber = `SELECT COALESCE(MAX(version_id), 0) FROM goose_db_version WHERE is_applied`

// trySchema refuses what a start would refuse of a database that a portal has used before.
func trySchema(current int64) error {
	known, err := newestMigration()
	if err != nil {
		return err
	}
	return judgeVersion(current, known)
}

// newestMigration is the number of the newest migration that this program has.
func newestMigration() (int64, error) {
	files, err := fs.Glob(migrationFiles, "migrations/*.sql")
	if err != nil || len(files) == 0 {
		return 0, fmt.Errorf("list the migrations: %w", err)
	}
	number, _, _ := strings.Cut(path.Base(files[len(files)-1]), "_") // they are sorted
	return strconv.ParseInt(number, 10, 64)
}

// trySQLiteSchema looks into a file, as far as there is something in it.
func trySQLiteSchema(ctx context.Context, name string) error {
	info, err := os.Stat(name)
	if err != nil || info.Size() == 0 {
		return nil // there is no database yet
	}
	query := url.Values{"mode": {"rw"}, "_pragma": {"busy_timeout(3000)", "query_only(1)"}} // leaves the journal's mode alone
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Path: filepath.ToSlash(name), RawQuery: query.Encode()}).String())
	if err != nil {
		return fmt.Errorf("sqlite: %w", err)
	}
	defer func() { _ = db.Close() }()
	if err := checkSQLite(ctx, db, name); err != nil {
		return err
	}
	var tables int
	if err := db.QueryRowContext(ctx, `SELECT COUNT(*) FROM sqlite_master WHERE name = 'goose_db_version'`).Scan(&tables); err != nil || tables == 0 {
		return err
	}
	var current int64
	if err := db.QueryRowContext(ctx, findNumber).Scan(&current); err != nil {
		return fmt.Errorf("sqlite: %w", err)
	}
	return trySchema(current)
}

func tryPostgresSchema(ctx context.Context, conn *pgx.Conn) error {
	var table *string
	if err := conn.QueryRow(ctx, `SELECT to_regclass('goose_db_version')::TEXT`).Scan(&table); err != nil || table == nil {
		return err
	}
	var current int64
	if err := conn.QueryRow(ctx, findNumber).Scan(&current); err != nil {
		return fmt.Errorf("postgres: %w", err)
	}
	return trySchema(current)
}
