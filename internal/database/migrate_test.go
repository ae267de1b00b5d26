package database_test

import (
	"bytes"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gitlab-agent-portal/internal/database"
	"gitlab-agent-portal/internal/database/databasetest"
	"gitlab-agent-portal/internal/database/pgtest"
)

// What earlier versions took from the addresses of refused requests leaves the projects' history.
func TestOldRowsOfTheAuditThatGitLabNeverShowedBecomeClaims(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "portal.db")
	for driver, address := range map[string]string{"sqlite": "sqlite:" + file, "pgx": pgtest.New(t).URL} {
		t.Run(driver, func(t *testing.T) {
			t.Parallel()
			raw, err := sql.Open(driver, strings.TrimPrefix(address, "sqlite:"))
			if err != nil {
				t.Fatal(err)
			}
			if err := database.MigrateTo(t.Context(), driver == "pgx", raw, 3); err != nil {
				t.Fatal(err)
			}
			_, err = raw.ExecContext(t.Context(), `INSERT INTO audit VALUES
				(1, 0, 'token_create', 'ok', 1, 'lead', 20, 'shop/payments', 5, 'prod', 7, 'first', '', '', 0),
				(2, 0, 'token_create', 'refused', 2, 'dev', 20, 'shop/payments', 5, 'prod', 0, '', '', '', 0),
				(3, 0, 'token_revoke', 'refused', 3, 'outsider', 20, '', 5, '', 7, '', '', '', 0),
				(4, 0, 'token_stored', 'unknown', 3, 'outsider', 20, '', 5, '', 7, '', '', '', 0)`)
			if err != nil {
				t.Fatal(err)
			}
			if err := raw.Close(); err != nil {
				t.Fatal(err)
			}
			db, err := database.Open(t.Context(), address, databasetest.Instance)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = db.Close() }()
			for query, want := range map[string]int{
				`SELECT COUNT(*) FROM audit WHERE project_id = 20 AND agent_id = 5 AND claimed_project_id = 0 AND times = 1`:                    2,
				`SELECT COUNT(*) FROM audit WHERE project_id = 0 AND claimed_project_id = 20 AND claimed_agent_id = 5 AND claimed_token_id = 7`: 2,
			} {
				var got int
				if err := db.Read.QueryRowContext(t.Context(), query).Scan(&got); err != nil || got != want {
					t.Errorf("%s = %d, %v, want %d", query, got, err, want)
				}
			}
		})
	}
}

// schema is what the database holds, by name.
func schema(t *testing.T, d *databasetest.Database) []string {
	t.Helper()
	query := `SELECT type || ' ' || name || ' ' || coalesce(sql, '') FROM sqlite_master WHERE name NOT LIKE '%goose%' AND name NOT LIKE 'sqlite_%' ORDER BY 1`
	if d.Postgres != nil {
		query = `SELECT table_name || ' ' || column_name || ' ' || data_type || coalesce(column_default, '') FROM information_schema.columns
				WHERE table_schema = 'public' AND table_name NOT LIKE '%goose%'
			UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename NOT LIKE '%goose%' ORDER BY 1`
	}
	rows, err := d.Raw(t).QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	var all []string
	for rows.Next() {
		var one string
		if err := rows.Scan(&one); err != nil {
			t.Fatal(err)
		}
		all = append(all, one)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

func TestMigrationsGoDownToNothingAndUpAgain(t *testing.T) {
	t.Parallel()
	for name, fresh := range databasetest.Engines() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := fresh(t)
			latest, isPostgres := int64(database.MigrationCount()), d.Postgres != nil
			before := schema(t, d)
			for version := latest - 1; version >= 0; version-- { // each alone
				if err := database.MigrateTo(t.Context(), isPostgres, d.Raw(t), version); err != nil {
					t.Fatalf("down to %d: %v", version, err)
				}
			}
			if left := schema(t, d); len(left) > 0 {
				t.Errorf("nothing should be left: %v", left)
			}
			if err := database.MigrateTo(t.Context(), isPostgres, d.Raw(t), latest); err != nil {
				t.Fatalf("up again: %v", err)
			}
			if diff := cmp.Diff(before, schema(t, d)); diff != "" {
				t.Errorf("the schema is another one (-before +after):\n%s", diff)
			}
		})
	}
}

func TestADatabaseOfANewerPortalIsRefused(t *testing.T) {
	t.Parallel()
	for name, fresh := range databasetest.Engines() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := fresh(t)
			newer := database.MigrationCount() + 2
			d.Exec(t, fmt.Sprintf(`INSERT INTO goose_db_version (version_id, is_applied) VALUES (%d, true)`, newer))
			defer d.Exec(t, fmt.Sprintf(`DELETE FROM goose_db_version WHERE version_id = %d`, newer))
			db, err := database.Open(t.Context(), d.URL, databasetest.Instance)
			if err == nil {
				_ = db.Close()
			}
			if want := fmt.Sprintf("its schema is number %d, and this version knows %d. Start the newer version again", newer, newer-2); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("Open: %v, want %q", err, want)
			}
		})
	}
}

func TestADamagedSQLiteFileIsRefused(t *testing.T) {
	t.Parallel()
	for name, damage := range map[string]func(content []byte) []byte{
		"its end is missing":      func(content []byte) []byte { return content[:len(content)/2] },
		"a page was overwritten":  func(content []byte) []byte { copy(content[4096:], bytes.Repeat([]byte{0xff}, 4096)); return content },
		"its head is another one": func(content []byte) []byte { copy(content, "MySQL"); return content },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := databasetest.SQLite(t)
			file := strings.TrimPrefix(d.URL, "sqlite:")
			content, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, damage(content), 0o600); err != nil {
				t.Fatal(err)
			}
			db, err := database.Open(t.Context(), d.URL, databasetest.Instance)
			if err == nil {
				_ = db.Close()
			}
			if err == nil || !strings.Contains(err.Error(), "the database file portal.db is damaged, or no database: restore a backup") {
				t.Errorf("Open: %v, want what is wrong and what to do", err)
			}
		})
	}
}
