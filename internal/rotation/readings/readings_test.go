package readings_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
	"gitlab-agent-portal/internal/database/databasetest"
	"gitlab-agent-portal/internal/rotation"
	"gitlab-agent-portal/internal/rotation/readings"
)

// openNew opens the readings of a database.
func openNew(t *testing.T, d *databasetest.Database) (*readings.Store, *gitlabtest.Clock) {
	t.Helper()
	c := gitlabtest.NewClock(time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC))
	return readings.New(d.Open(t), c.Now), c
}

// note keeps readings that must not fail.
func note(t *testing.T, s *readings.Store, noted ...rotation.Reading) {
	t.Helper()
	if err := s.Note(t.Context(), noted); err != nil {
		t.Fatalf("Note: %v", err)
	}
}

// kept is what the store keeps of the tokens.
func kept(t *testing.T, s *readings.Store, tokens ...int64) []rotation.Reading {
	t.Helper()
	got, err := s.Of(t.Context(), tokens)
	if err != nil {
		t.Fatalf("Of: %v", err)
	}
	return got
}

func TestATokenHasOneReadingAMinuteUnlessItsValueChanged(t *testing.T) {
	t.Parallel()
	for name, fresh := range databasetest.Engines() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, clock := openNew(t, fresh(t))
			start := clock.Now()
			used := start.Add(-time.Hour)
			at := func(seconds int, token int64, lastUsed time.Time) rotation.Reading {
				return rotation.Reading{TokenID: token, At: start.Add(time.Duration(seconds) * time.Second), LastUsedAt: lastUsed}
			}
			note(t, s)
			note(t, s, at(0, 7, used), at(0, 8, time.Time{}))
			note(t, s, at(15, 7, used), at(15, 8, time.Time{})) // says nothing new
			note(t, s, at(30, 7, used), at(30, 8, start))       // the second is used now
			note(t, s, at(60, 7, used), at(60, 8, start))
			note(t, s, at(60, 9, used)) // another agent's
			want := []rotation.Reading{at(0, 7, used), at(30, 8, start), at(60, 7, used), at(60, 8, start)}
			if diff := cmp.Diff(want, kept(t, s, 7, 8)); diff != "" {
				t.Errorf("readings (-want +got):\n%s", diff)
			}
			if got := kept(t, s); got != nil {
				t.Errorf("readings of no token: %v", got)
			}
		})
	}
}

func TestReadingsOfManyTokensAreBounded(t *testing.T) {
	t.Parallel()
	for name, fresh := range databasetest.Engines() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, clock := openNew(t, fresh(t))
			var many []rotation.Reading
			var ids []int64
			for i := range int64(1100) {
				many, ids = append(many, rotation.Reading{TokenID: i + 1, At: clock.Now()}), append(ids, i+1)
			}
			note(t, s, many...)
			if got := kept(t, s, ids...); len(got) != 1000 {
				t.Errorf("kept %d readings, want 1000", len(got))
			}
		})
	}
}

func TestSweepForgetsOldReadings(t *testing.T) {
	t.Parallel()
	for name, fresh := range databasetest.Engines() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, clock := openNew(t, fresh(t))
			note(t, s, rotation.Reading{TokenID: 7, At: clock.Now()})
			clock.Advance(time.Hour)
			younger := rotation.Reading{TokenID: 7, At: clock.Now()}
			note(t, s, younger)
			clock.Advance(71 * time.Hour)
			if got, err := s.Sweep(t.Context()); got != 1 || err != nil {
				t.Errorf("Sweep = %d, %v, want 1", got, err)
			}
			if diff := cmp.Diff([]rotation.Reading{younger}, kept(t, s, 7)); diff != "" {
				t.Errorf("left (-want +got):\n%s", diff)
			}
		})
	}
}

// Without an order of its own, the second of two requests holds the row that the first needs next.
func TestReadingsOfTheSameTokensInOppositeOrdersDoNotDeadlock(t *testing.T) {
	t.Parallel()
	d := databasetest.Postgres(t)
	s, clock := openNew(t, d)
	db := d.Raw(t)
	first, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = first.Rollback() }()
	noteFirst := func(token int64) {
		if _, err := first.ExecContext(t.Context(), `INSERT INTO readings VALUES (1, $1, $2, 0, 0)`, token, clock.Now().Unix()/60); err != nil {
			t.Fatalf("noting token %d: %v", token, err)
		}
	}
	noteFirst(7)
	second := make(chan error, 1)
	go func() {
		second <- s.Note(t.Context(), []rotation.Reading{{TokenID: 8, At: clock.Now()}, {TokenID: 7, At: clock.Now()}})
	}()
	databasetest.Await(t, db, `SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`)
	noteFirst(8)
	if err := first.Commit(); err != nil {
		t.Fatal(err)
	}
	if err := <-second; err != nil {
		t.Errorf("the second Note: %v", err)
	}
}
