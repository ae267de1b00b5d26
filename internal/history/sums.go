package history

import (
	"math"
	"time"
)

// Share is a part of a whole in hundredths of a per cent: 10,000 is all of it.
type Share int

// Whole is all of it.
const Whole Share = 10_000

// Sums are how long each state lasted altogether.
type Sums struct {
	Connected, NotConnected, Unknown time.Duration
	// Outages counts the spans that were not connected.
	Outages int
}

// Sum adds spans up.
func Sum(spans []Span) Sums {
	var sums Sums
	for _, span := range spans {
		switch span.State {
		case StateConnected:
			sums.Connected += span.Length()
		case StateNotConnected:
			sums.NotConnected += span.Length()
			sums.Outages++
		default:
			sums.Unknown += span.Length()
		}
	}
	return sums
}

// Plus are both sums together.
func (s Sums) Plus(other Sums) Sums {
	return Sums{s.Connected + other.Connected, s.NotConnected + other.NotConnected, s.Unknown + other.Unknown, s.Outages + other.Outages}
}

// Availability is the part of the known time that was connected; nil when nothing is known. It is rounded,
// but is the whole only without any outage, and nothing only without any contact.
func (s Sums) Availability() *Share {
	known := s.Connected + s.NotConnected
	if known == 0 {
		return nil
	}
	share := Share(math.Round(float64(Whole) * (float64(s.Connected) / float64(known))))
	if s.NotConnected > 0 {
		share = min(share, Whole-1)
	}
	if s.Connected > 0 {
		share = max(share, 1)
	}
	return &share
}

// Cells divides the time from from to to into n parts of equal length, and says of each the worst that the
// spans know of it: not connected if there was an outage, connected if there was contact and no outage. It is
// for pictures, in which an outage of minutes has to be seen.
func Cells(spans []Span, from, to time.Time, n int) []State {
	cells := make([]State, n)
	length := to.Sub(from) / time.Duration(n)
	if length <= 0 {
		return cells
	}
	for _, span := range spans {
		first, last := int(span.From.Sub(from)/length), int((span.Until.Sub(from)-1)/length)
		for i := max(first, 0); i <= min(last, n-1); i++ {
			cells[i] = max(cells[i], span.State)
		}
	}
	return cells
}
