package database_test

import (
	"database/sql"
	"path/filepath"
	"strings"
	"testing"

	"gitlab-agent-portal/internal/database"
	"gitlab-agent-portal/internal/database/databasetest"
	"gitlab-agent-portal/internal/database/pgtest"
)

func TestN1AnInstanceKeepsItsNumber(t *testing.T) {
	t.Parallel()
	for name, fresh := range databasetest.Engines() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := fresh(t)
			numbers := map[string]int64{}
			for _, instance := range []string{"one", "another", "one", "another"} {
				db, err := database.Open(t.Context(), d.URL, instance)
				if err != nil {
					t.Fatal(err)
				}
				if before, known := numbers[instance]; known && before != db.Instance.Number {
					t.Errorf("%s is number %d, and was %d", instance, db.Instance.Number, before)
				}
				numbers[instance] = db.Instance.Number
				if db.Instance.Fingerprint != instance {
					t.Errorf("the fingerprint is %q, want %q", db.Instance.Fingerprint, instance)
				}
				if err := db.Close(); err != nil {
					t.Fatal(err)
				}
			}
			if numbers["one"] == numbers["another"] {
				t.Errorf("two instances have the number %d", numbers["one"])
			}
		})
	}
}

// Who upgrades has changed nothing: what is there belongs to the instance that is configured.
func TestN1RowsFromBeforeBelongToTheFirstInstance(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "portal.db")
	for driver, address := range map[string]string{"sqlite": "sqlite:" + file, "pgx": pgtest.New(t).URL} {
		t.Run(driver, func(t *testing.T) {
			t.Parallel()
			raw, err := sql.Open(driver, strings.TrimPrefix(address, "sqlite:"))
			if err != nil {
				t.Fatal(err)
			}
			if err := database.MigrateTo(t.Context(), driver == "pgx", raw, 6); err != nil {
				t.Fatal(err)
			}
			for _, insert := range []string{
				`INSERT INTO readings VALUES (7, 1, 60, 30)`, `INSERT INTO contacts VALUES (5, 7, 30)`,
				`INSERT INTO audit VALUES (1, 0, 'token_create', 'ok', 1, 'lead', 20, 'shop/payments', 5, 'prod', 7, 'first', '', '', 0, 0, 0, 0, 1, 0, '', 0)`,
			} {
				if _, err := raw.ExecContext(t.Context(), insert); err != nil {
					t.Fatal(err)
				}
			}
			if err := raw.Close(); err != nil {
				t.Fatal(err)
			}
			db, err := database.Open(t.Context(), address, "the configured one")
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = db.Close() }()
			var reading, contact, audited int64
			row := db.Read.QueryRowContext(t.Context(), `SELECT readings.instance, contacts.instance, audit.instance FROM readings
				JOIN contacts ON readings.token_id = contacts.token_id JOIN audit ON audit.token_id = contacts.token_id WHERE contacts.agent_id = 5 AND minute = 1 AND read_at = 60 AND readings.used_at = 30`)
			if err := row.Scan(&reading, &contact, &audited); err != nil {
				t.Fatal(err)
			}
			if want := db.Instance.Number; reading != want || contact != want || audited != want {
				t.Errorf("the rows from before belong to %d, %d and %d, want %d", reading, contact, audited, want)
			}
		})
	}
}
