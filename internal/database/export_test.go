package database

import (
	"context"
	"database/sql"
	"io/fs"

	"github.com/pressly/goose/v3"
)

// MigrationCount is the number of schema versions that Open applies.
func MigrationCount() int {
	entries, err := migrationFiles.ReadDir("migrations")
	if err != nil {
		panic(err)
	}
	return len(entries)
}

// MigrateTo brings the schema of a database to a version, upwards or downwards.
func MigrateTo(ctx context.Context, isPostgres bool, db *sql.DB, version int64) error {
	dialect := goose.DialectSQLite3
	if isPostgres {
		dialect = goose.DialectPostgres
	}
	files, err := fs.Sub(migrationFiles, "migrations")
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(dialect, db, files, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return err
	}
	current, err := provider.GetDBVersion(ctx)
	if err != nil {
		return err
	}
	if version < current {
		_, err = provider.DownTo(ctx, version)
	} else {
		_, err = provider.UpTo(ctx, version)
	}
	return err
}

// MaxConnections is how many connections the pools open at most.
func (d *DB) MaxConnections() int {
	return d.Read.Stats().MaxOpenConnections + d.Reports.Stats().MaxOpenConnections
}
