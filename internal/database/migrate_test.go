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
