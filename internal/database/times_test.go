package database_test

import (
	"testing"
	"time"

	"gitlab-agent-portal/internal/database"
)

func TestATimeComesBackAsItWasStored(t *testing.T) {
	t.Parallel()
	for _, want := range []time.Time{{}, time.Date(2026, 11, 24, 9, 0, 0, 123_000, time.UTC)} {
		if got := database.TimeOrZero(database.MicroOrZero(want)); got != want {
			t.Errorf("%v comes back as %v", want, got)
		}
	}
	if got := database.MicroOrZero(time.Time{}); got != 0 {
		t.Errorf("none is stored as %d, want 0", got)
	}
}
