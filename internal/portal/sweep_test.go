package portal

import (
	"context"
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
			s := &server{log: newLogger(new(output), 0), metrics: newMetrics(), sweepers: []sweeper{nonces}}
			counted := 0
			s.swept = func(context.Context) error { counted++; return nil }
			s.sweepOnce(t.Context())
			var left int
			if err := db.Read.QueryRowContext(t.Context(), `SELECT COUNT(*) FROM used_nonces`).Scan(&left); err != nil || left != 0 {
				t.Errorf("%d of 20,000 expired rows are left, %v", left, err)
			}
			before := s.metrics.value(t, "portal_sweep_last_success_timestamp_seconds")
			d.Exec(t, `DROP TABLE used_nonces`)
			s.sweepOnce(t.Context())
			if counted != 1 {
				t.Errorf("what is left was counted %d times, want once: not after a sweep that failed", counted)
			}
			for metric, want := range map[string]float64{
				"portal_sweep_deleted_total": 20_000, "portal_sweep_failures_total": 1, "portal_sweep_last_success_timestamp_seconds": before,
			} {
				if got := s.metrics.value(t, metric); got != want || got == 0 {
					t.Errorf("%s is %v, want %v", metric, got, want)
				}
			}
		})
	}
}

// value is that of a counter or gauge without labels.
func (m *metrics) value(t *testing.T, name string) float64 {
	t.Helper()
	families, err := m.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		if metric := family.GetMetric(); family.GetName() == name {
			return metric[0].GetCounter().GetValue() + metric[0].GetGauge().GetValue()
		}
	}
	t.Fatalf("there is no metric %s", name)
	return 0
}
