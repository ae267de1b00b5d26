package database_test

import (
	"context"
	"errors"
	"io"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"gitlab-agent-portal/internal/database"
	"gitlab-agent-portal/internal/database/databasetest"
	"gitlab-agent-portal/internal/database/pgtest"
)

const write = `INSERT INTO allowances (person, until) VALUES (1, 1) ON CONFLICT (person) DO UPDATE SET until = 2`

// inTime is longer than any statement may take, and shorter than anybody should wait.
const inTime = 6 * time.Second

func TestADatabaseThatCannotBeUsedIsKnownAsSuch(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		engine func(testing.TB) *databasetest.Database
		spoil  func(t *testing.T, d *databasetest.Database, db *database.DB)
	}{
		{"PostgreSQL is down", databasetest.Postgres, func(t *testing.T, d *databasetest.Database, _ *database.DB) {
			t.Helper()
			d.Postgres.Stop(t)
			t.Cleanup(func() { d.Postgres.Start(t) })
		}},
		{"PostgreSQL takes no changes", databasetest.Postgres, func(t *testing.T, _ *databasetest.Database, db *database.DB) {
			t.Helper()
			everywhere(t, db, `SET default_transaction_read_only = on`)
		}},
		{"somebody has locked PostgreSQL's table", databasetest.Postgres, func(t *testing.T, d *databasetest.Database, _ *database.DB) {
			t.Helper()
			hold(t, d, `LOCK TABLE allowances, audit_numbers IN ACCESS EXCLUSIVE MODE`)
		}},
		{"all connections are in use", databasetest.Postgres, func(t *testing.T, _ *databasetest.Database, db *database.DB) {
			t.Helper()
			for range db.Write.Stats().MaxOpenConnections {
				conn, err := db.Write.Conn(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { _ = conn.Close() })
			}
		}},
		{"SQLite's file takes no changes", databasetest.SQLite, func(t *testing.T, _ *databasetest.Database, db *database.DB) {
			t.Helper()
			everywhere(t, db, `PRAGMA query_only = 1`)
		}},
		{"somebody has locked SQLite's file", databasetest.SQLite, func(t *testing.T, d *databasetest.Database, _ *database.DB) {
			t.Helper()
			hold(t, d, `UPDATE audit_numbers SET last = last`)
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := tt.engine(t)
			db := d.Open(t)
			tt.spoil(t, d, db)
			began := time.Now()
			if err := db.Ping(t.Context()); err == nil || time.Since(began) > inTime/2 {
				t.Errorf("the probe after %v: %v, want an error within 2 seconds", time.Since(began), err)
			}
			began = time.Now()
			if _, err := db.Exec(t.Context(), write); !database.Unavailable(err) || time.Since(began) > inTime {
				t.Errorf("a change after %v: %v, want in time that the database cannot be used", time.Since(began), err)
			}
		})
	}
}

func TestAFullSQLiteFileIsKnownAsSuch(t *testing.T) {
	t.Parallel()
	db := databasetest.SQLite(t).Open(t)
	everywhere(t, db, `PRAGMA max_page_count = 1`)
	_, err := db.Exec(t.Context(), `INSERT INTO used_nonces (nonce_hash, expires_at) VALUES (zeroblob(100000), 1)`)
	if !database.Unavailable(err) {
		t.Errorf("a change without room: %v, want that the database cannot be used", err)
	}
}

// everywhere runs a statement on every connection of the pool for changes.
func everywhere(t *testing.T, db *database.DB, statement string) {
	t.Helper()
	for range db.Write.Stats().MaxOpenConnections {
		conn, err := db.Write.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close() }()
		if _, err := conn.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
}

// hold runs a statement in a transaction that stays open until the test ends.
func hold(t *testing.T, d *databasetest.Database, statement string) {
	t.Helper()
	tx, err := d.Raw(t).BeginTx(context.WithoutCancel(t.Context()), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tx.Rollback() })
	if _, err := tx.ExecContext(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
}

func TestAStatementEndsInTimeAlsoWhereTheServerSaysNothing(t *testing.T) {
	t.Parallel()
	proxy := pgtest.New(t).Proxy(t)
	db, err := database.Open(t.Context(), proxy.URL, databasetest.Instance)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	tx, err := db.Write.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	proxy.Stall()
	t.Cleanup(proxy.Resume)
	statements := map[string]func(ctx context.Context) error{
		"a change":               func(ctx context.Context) error { _, err := db.Exec(ctx, write); return err },
		"one of a transaction's": func(ctx context.Context) error { _, err := tx.ExecContext(ctx, write); return err },
		"a look-up": func(ctx context.Context) error {
			return db.Read.QueryRowContext(ctx, `SELECT 1`).Scan(new(int))
		},
		"many rows": func(ctx context.Context) error {
			rows, err := db.Reports.QueryContext(ctx, `SELECT 1`)
			if err == nil {
				err = errors.Join(rows.Err(), rows.Close())
			}
			return err
		},
		"a transaction": func(ctx context.Context) error { _, err := db.Write.BeginTx(ctx, nil); return err },
	}
	var all sync.WaitGroup
	for name, run := range statements {
		all.Go(func() { // at once: the transaction's time goes on
			began := time.Now()
			if err := run(t.Context()); !database.Unavailable(err) || time.Since(began) > inTime {
				t.Errorf("%s after %v: %v, want in time that the database cannot be used", name, time.Since(began), err)
			}
		})
	}
	all.Wait()
}

func TestWhatIsNoFaultOfTheDatabaseIsNotTakenForOne(t *testing.T) {
	t.Parallel()
	for err, want := range map[error]bool{
		&pgconn.PgError{Code: "53300"}: true, &pgconn.PgError{Code: "53100"}: true, &pgconn.PgError{Code: "57P01"}: true, &pgconn.PgError{Code: "08P01"}: true,
		io.ErrUnexpectedEOF: true, &pgconn.PgError{Code: "23505"}: false, &pgconn.PgError{Code: "42601"}: false, &pgconn.PgError{}: false,
		context.DeadlineExceeded: false, context.Canceled: false, errors.ErrUnsupported: false,
	} {
		if got := database.Unavailable(err); got != want {
			t.Errorf("Unavailable(%v) = %v, want %v", err, got, want)
		}
	}
	db := databasetest.SQLite(t).Open(t)
	if _, err := db.Exec(t.Context(), `INSERT INTO allowances (person, until) VALUES (1, NULL)`); err == nil || database.Unavailable(err) {
		t.Errorf("a row that is none: %v, want an error that is not the database's", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := db.Exec(ctx, write); !errors.Is(err, context.Canceled) || database.Unavailable(err) {
		t.Errorf("a request that was given up: %v", err)
	}
}
