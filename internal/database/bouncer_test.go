package database_test

import (
	"sync"
	"testing"

	"gitlab-agent-portal/internal/database"
	"gitlab-agent-portal/internal/database/databasetest"
	"gitlab-agent-portal/internal/database/pgtest"
)

// bounced opens a database by way of PgBouncer, as so many replicas that start together.
func bounced(t *testing.T, d *pgtest.Database, replicas int) []*database.DB {
	t.Helper()
	url := d.Bounced(t)
	all := make([]*database.DB, replicas)
	var opening sync.WaitGroup
	for i := range all {
		opening.Go(func() {
			db, err := database.Open(t.Context(), url, databasetest.Instance)
			if err != nil {
				t.Errorf("replica %d: %v", i, err)
				return
			}
			all[i] = db
		})
	}
	opening.Wait()
	if t.Failed() {
		t.FailNow()
	}
	t.Cleanup(func() {
		for _, db := range all {
			_ = db.Close()
		}
	})
	return all
}

func TestPgBouncerInTransactionModeNeedsNoSetting(t *testing.T) {
	t.Parallel()
	dbs := bounced(t, pgtest.New(t), 3) // which migrate one after the other
	var people sync.WaitGroup
	for person := range 30 {
		people.Go(func() {
			db := dbs[person%len(dbs)]
			for until := range 5 {
				_, err := db.Exec(t.Context(), `INSERT INTO allowances (person, until) VALUES ($1, $2)
					ON CONFLICT (person) DO UPDATE SET until = $2`, person, until)
				if err != nil {
					t.Errorf("a change: %v", err)
				}
				var got int
				err = db.Read.QueryRowContext(t.Context(), `SELECT until FROM allowances WHERE person = $1`, person).Scan(&got)
				if err != nil || got != until {
					t.Errorf("a look-up = %d, %v, want %d", got, err, until)
				}
			}
		})
	}
	people.Wait()
	numbers, err := dbs[0].NumbersArg([]int64{1, 2, 99})
	if err != nil {
		t.Fatal(err)
	}
	var found int
	query := `SELECT COUNT(*) FROM allowances WHERE person IN (` + dbs[0].Numbers + `)`
	if err := dbs[0].Read.QueryRowContext(t.Context(), query, numbers).Scan(&found); err != nil || found != 2 {
		t.Errorf("a list of numbers finds %d rows, %v, want 2", found, err)
	}
}
