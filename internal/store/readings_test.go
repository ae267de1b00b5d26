package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gitlab-agent-portal/internal/store"
)

// note keeps readings that must not fail.
func note(t *testing.T, s *store.Store, readings ...store.Reading) {
	t.Helper()
	if err := s.NoteReadings(t.Context(), readings); err != nil {
		t.Fatalf("NoteReadings: %v", err)
	}
}

// readings is what the store keeps of the tokens.
func readings(t *testing.T, s *store.Store, tokens ...int64) []store.Reading {
	t.Helper()
	got, err := s.Readings(t.Context(), tokens)
	if err != nil {
		t.Fatalf("Readings: %v", err)
	}
	return got
}

func TestATokenHasOneReadingAMinuteUnlessItsValueChanged(t *testing.T) {
	t.Parallel()
	for name, fresh := range engines {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, clock := openNew(t, fresh(t))
			start := clock.Now()
			used := start.Add(-time.Hour)
			at := func(seconds int, token int64, lastUsed time.Time) store.Reading {
				return store.Reading{TokenID: token, At: start.Add(time.Duration(seconds) * time.Second), LastUsedAt: lastUsed}
			}
			note(t, s)
			note(t, s, at(0, 7, used), at(0, 8, time.Time{}))
			note(t, s, at(15, 7, used), at(15, 8, time.Time{})) // says nothing new
			note(t, s, at(30, 7, used), at(30, 8, start))       // the second is used now
			note(t, s, at(60, 7, used), at(60, 8, start))
			note(t, s, at(60, 9, used)) // another agent's
			want := []store.Reading{at(0, 7, used), at(30, 8, start), at(60, 7, used), at(60, 8, start)}
			if diff := cmp.Diff(want, readings(t, s, 7, 8)); diff != "" {
				t.Errorf("readings (-want +got):\n%s", diff)
			}
			if got := readings(t, s); got != nil {
				t.Errorf("readings of no token: %v", got)
			}
		})
	}
}

func TestReadingsOfManyTokensAreBounded(t *testing.T) {
	t.Parallel()
	for name, fresh := range engines {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, clock := openNew(t, fresh(t))
			var many []store.Reading
			var ids []int64
			for i := range int64(1100) {
				many, ids = append(many, store.Reading{TokenID: i + 1, At: clock.Now()}), append(ids, i+1)
			}
			note(t, s, many...)
			if got := readings(t, s, ids...); len(got) != 1000 {
				t.Errorf("kept %d readings, want 1000", len(got))
			}
		})
	}
}

func TestSweepForgetsOldReadings(t *testing.T) {
	t.Parallel()
	for name, fresh := range engines {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, clock := openNew(t, fresh(t))
			note(t, s, store.Reading{TokenID: 7, At: clock.Now()})
			clock.advance(time.Hour)
			kept := store.Reading{TokenID: 7, At: clock.Now()}
			note(t, s, kept)
			clock.advance(71 * time.Hour)
			if got, err := s.Sweep(t.Context()); got != 1 || err != nil {
				t.Errorf("Sweep = %d, %v, want 1", got, err)
			}
			if diff := cmp.Diff([]store.Reading{kept}, readings(t, s, 7)); diff != "" {
				t.Errorf("left (-want +got):\n%s", diff)
			}
		})
	}
}
