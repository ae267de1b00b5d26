package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

// Times of the PostgreSQL pools.
const (
	postgresConnectTimeout  = 5 * time.Second
	postgresMaxConnLifetime = 30 * time.Minute
)

func openPostgres(ctx context.Context, url string) (*DB, error) {
	cfg, err := parsePostgresURL(url)
	if err != nil {
		return nil, err
	}
	db := postgresPool(cfg.conn, cfg.sizes.work)
	if err := migratePostgres(ctx, cfg, db); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	reports := postgresPool(cfg.conn, cfg.sizes.reports)
	return &DB{
		Read: &Pool{db}, Write: &Pool{db}, Reports: &Pool{reports},
		Now:        `CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)`,
		ForUpdate:  ` FOR UPDATE`,
		SkipLocked: ` FOR UPDATE SKIP LOCKED`,
		Numbers:    `SELECT unnest($1::BIGINT[])`,
		numbersArg: func(numbers []int64) (any, error) { return numbers, nil },
		ForEach:    ` CROSS JOIN LATERAL (%s) AS each_id (value)`,
		IndexedBy:  `%.0s`,
		close:      func() error { return errors.Join(reports.Close(), db.Close()) },
	}, nil
}

// IsExposed reports whether the connection to the database that url names may cross a network
// without TLS, as PostgreSQL's sslmode allows unless it is require, verify-ca or verify-full
// (https://www.postgresql.org/docs/current/libpq-ssl.html). A url that CheckURL refuses is not exposed.
func IsExposed(url string) bool {
	if strings.HasPrefix(url, "sqlite:") {
		return false
	}
	cfg, err := parsePostgresURL(url)
	if err != nil {
		return false
	}
	tries := append([]*pgconn.FallbackConfig{{Host: cfg.conn.Host, Port: cfg.conn.Port, TLSConfig: cfg.conn.TLSConfig}}, cfg.conn.Fallbacks...)
	return slices.ContainsFunc(tries, func(try *pgconn.FallbackConfig) bool {
		network, _ := pgconn.NetworkAddress(try.Host, try.Port)
		return try.TLSConfig == nil && network != "unix" && !isThisMachine(try.Host)
	})
}

func isThisMachine(host string) bool {
	address, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && address.IsLoopback()
}

func postgresPool(cfg *pgx.ConnConfig, size int) *sql.DB {
	db := stdlib.OpenDB(*cfg)
	db.SetMaxOpenConns(size)
	db.SetMaxIdleConns(size)
	db.SetConnMaxIdleTime(postgresConnectTimeout * 12)
	db.SetConnMaxLifetime(postgresMaxConnLifetime)
	return db
}

// migrateWait is how long a replica waits for another one that migrates.
const migrateWait = time.Minute

// migratePostgres lets one replica migrate while others that start at the same time wait. The lock is
// one of a transaction: a lock of a session is lost behind a pooler, which knows no sessions. So it
// is held on a connection of its own.
func migratePostgres(ctx context.Context, cfg *postgresConfig, db *sql.DB) error {
	if err := db.PingContext(ctx); err != nil {
		return fmt.Errorf("postgres: %w", err) // names host, user and database, not the password
	}
	locker := postgresPool(cfg.conn, 1)
	defer func() { _ = locker.Close() }()
	tx, err := locker.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("postgres: %w", err)
	}
	defer func() { _ = tx.Rollback() }() // ends the lock
	if err := waitAtMost(ctx, tx, migrateWait); err != nil {
		return fmt.Errorf("postgres: %w", err)
	}
	// The number is the one by which earlier versions locked, which may start at the same time.
	if _, err := tx.ExecContext(ctx, `SELECT pg_advisory_xact_lock($1)`, lock.DefaultLockID); err != nil {
		return fmt.Errorf("wait for another portal that brings the database up to date: %w", err)
	}
	return nameRight(migrate(ctx, goose.DialectPostgres, db))
}

// waitAtMost bounds how long a transaction waits for a lock, and lets it be idle for as long as it likes:
// a server-wide limit would end the lock while what it guards still goes on.
func waitAtMost(ctx context.Context, tx *sql.Tx, wait time.Duration) error {
	_, err := tx.ExecContext(ctx, `SELECT set_config('lock_timeout', $1, true),
		set_config('idle_in_transaction_session_timeout', '0', true)`,
		strconv.FormatInt(wait.Milliseconds(), 10))
	return err
}
