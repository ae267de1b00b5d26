package scan

import (
	"testing"
	"time"

	"gitlab-agent-portal/internal/budget"
)

// hasCome says whether a scan may begin.
func (one *turn) hasCome() bool {
	select {
	case <-one.ready:
		return true
	default:
		return false
	}
}

func TestATurnGoesToWhoeverHasFewestScansUnderWay(t *testing.T) {
	t.Parallel()
	now := func() time.Time { return time.Date(2026, 11, 29, 9, 0, 0, 0, time.UTC) }
	turns := newTurns(budget.NewPool(1, 1), now, func(time.Duration) {})
	join := func(person int64) *turn { return turns.join(sized{person: person}, func(int) {}) }
	var early []*turn
	for person := range int64(leastAtOnce) {
		early = append(early, join(person+1))
	}
	const greedy, modest = 100, 200
	first, second, other := join(greedy), join(greedy), join(modest)
	for step, want := range []struct{ first, other, second bool }{
		{false, false, false}, {true, false, false}, {true, true, false}, {true, true, true},
	} {
		if first.hasCome() != want.first || other.hasCome() != want.other || second.hasCome() != want.second {
			t.Errorf("after %d scans have ended, begun are %v, %v, %v, want %v", step, first.hasCome(), other.hasCome(), second.hasCome(), want)
		}
		if step < 3 {
			early[step].end()
		}
	}
}
