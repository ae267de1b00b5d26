package history

import (
	"slices"
	"time"
)

// Count is how many agents were connected at the worst moment of a while: the one at which the most were
// known not to be.
type Count struct {
	From, Until time.Time
	// At is when that moment began, or From.
	At time.Time
	// Connected are some of those whose state was Known.
	Connected, Known int
}

// step is a change of how many agents are connected, and known.
type step struct {
	at               time.Time
	connected, known int
}

// Counts divides the time from from to to into n parts of equal length, and counts the agents in each.
func Counts(records []Record, from, to time.Time, n int) []Count {
	steps := stepsOf(records, from, to)
	counts := make([]Count, n)
	var connected, known, next int
	for i := range counts {
		begin, end := part(from, to, i, n), part(from, to, i+1, n)
		for ; next < len(steps) && !steps[next].at.After(begin); next++ {
			connected, known = connected+steps[next].connected, known+steps[next].known
		}
		counts[i] = Count{begin, end, begin, connected, known}
		for next < len(steps) && steps[next].at.Before(end) {
			at := steps[next].at
			for ; next < len(steps) && steps[next].at.Equal(at); next++ {
				connected, known = connected+steps[next].connected, known+steps[next].known
			}
			counts[i].worsen(at, connected, known)
		}
	}
	return counts
}

// worsen makes c that of another moment, if more agents were missing then, or as many of more.
func (c *Count) worsen(at time.Time, connected, known int) {
	missing, before := known-connected, c.Known-c.Connected
	if missing > before || missing == before && known > c.Known {
		c.At, c.Connected, c.Known = at, connected, known
	}
}

// stepsOf are the changes of all agents in the order of their times.
func stepsOf(records []Record, from, to time.Time) []step {
	var steps []step
	for _, record := range records {
		for _, span := range record.Spans(from, to) {
			on := step{at: span.From, known: 1}
			switch span.State {
			case StateUnknown:
				continue
			case StateConnected:
				on.connected = 1
			case StateNotConnected:
			}
			steps = append(steps, on, step{span.Until, -on.connected, -1})
		}
	}
	slices.SortFunc(steps, func(a, b step) int { return a.at.Compare(b.at) })
	return steps
}

// part is where the i-th of n parts begins.
func part(from, to time.Time, i, n int) time.Time {
	if i == n {
		return to
	}
	return from.Add(to.Sub(from) / time.Duration(n) * time.Duration(i))
}
