package portal

import (
	"testing"
	"time"

	"gitlab-agent-portal/internal/database/databasetest"
	"gitlab-agent-portal/internal/tokens"
)

func TestB5SweepingEndsWhenNothingIsLeft(t *testing.T) {
	t.Parallel()
	for name, fresh := range databasetest.Engines() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := fresh(t)
			db := d.Open(t)
			now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
			asBytes := map[string]string{
				"sqlite":   `CAST('nonce ' || i || ' ' || (SELECT COUNT(*) FROM used_nonces) AS BLOB)`,
				"postgres": `convert_to('nonce ' || i || ' ' || (SELECT COUNT(*) FROM used_nonces), 'UTF8')`,
			}
			for range 20 {
				d.Exec(t, `INSERT INTO used_nonces (nonce_hash, expires_at)
					WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
					SELECT `+asBytes[name]+`, 1 FROM n`)
			}
			nonces := tokens.NewNonces(db, func() time.Time { return now })
			if err := sweepAll(t.Context(), nonces); err != nil {
				t.Fatal(err)
			}
			var left int
			if err := db.Read.QueryRowContext(t.Context(), `SELECT COUNT(*) FROM used_nonces`).Scan(&left); err != nil || left != 0 {
				t.Errorf("%d of 20,000 expired rows are left, %v", left, err)
			}
		})
	}
}
