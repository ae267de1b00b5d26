package alerts_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gitlab-agent-portal/internal/alert"
)

func TestTheAlertsOfATimeAreCountedByAgent(t *testing.T) {
	t.Parallel()
	onEveryEngine(t, func(t *testing.T, w world) {
		t.Helper()
		w.save(t, []alert.Alert{w.about(alert.Disconnected, 1, 10)}, nil) // before the time
		w.clock.Advance(time.Hour)
		from := w.clock.Now()
		w.save(t, []alert.Alert{w.about(alert.Idle, 1, 10), w.about(alert.TooMany, 1, 10), w.about(alert.Idle, 1, 11), w.about(alert.Idle, 2, 20)}, nil)
		w.save(t, nil, []alert.Alert{w.about(alert.Idle, 1, 11)})
		w.clock.Advance(time.Hour)
		w.save(t, []alert.Alert{w.about(alert.TokenDue, 1, 10)}, nil) // after it
		got, err := w.CountOpened(t.Context(), []int64{1, 3}, from, w.clock.Now())
		if diff := cmp.Diff(map[int64]int{10: 2, 11: 1}, got); err != nil || diff != "" {
			t.Errorf("CountOpened: %v (-want +got):\n%s", err, diff)
		}
	})
}
