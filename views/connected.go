package views

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"gitlab-agent-portal/internal/history"
)

// ConnectedChart is how many agents were connected over time.
type ConnectedChart struct {
	// Days is how many days until now there are, and Counts are of parts of them.
	Days   int
	Counts []history.Count
	// PerDay are the same by day; empty where only the picture is shown.
	PerDay []history.Count
	// URL leads to more of it; empty for nowhere.
	URL string
}

// The measures of the chart in units of its own coordinates.
const chartHeight = 100

// most is the largest number of agents that were known at once.
func (c ConnectedChart) most() int {
	most := 0
	for _, count := range c.Counts {
		most = max(most, count.Known)
	}
	return most
}

// isKnown reports whether anything is known of the time.
func (c ConnectedChart) isKnown() bool { return c.most() > 0 }

func (c ConnectedChart) viewBox() string {
	return "0 -4 " + strconv.Itoa(max(len(c.Counts), 1)) + " " + strconv.Itoa(chartHeight+4)
}

// y is how far from the top a number of agents is.
func (c ConnectedChart) y(agents int) int { return chartHeight - agents*chartHeight/max(c.most(), 1) }

// connected draws the agents that were connected, and known those of which that is known: what is seen of the
// second behind the first was missing.
func (c ConnectedChart) connected() string {
	return c.area(func(count history.Count) int { return count.Connected })
}

func (c ConnectedChart) known() string {
	return c.area(func(count history.Count) int { return count.Known })
}

// area draws a number over the time, as far as it is known.
func (c ConnectedChart) area(of func(history.Count) int) string {
	var d strings.Builder
	for _, one := range c.stretches(of) {
		_, _ = fmt.Fprintf(&d, "M%d %d", one.from, chartHeight)
		for _, level := range one.levels {
			_, _ = fmt.Fprintf(&d, "V%dH%d", c.y(level.agents), level.until)
		}
		_, _ = fmt.Fprintf(&d, "V%dz", chartHeight)
	}
	return d.String()
}

// line draws how many agents there were, connected or not, for those who do not see colours.
func (c ConnectedChart) line() string {
	var d strings.Builder
	for _, one := range c.stretches(func(count history.Count) int { return count.Known }) {
		_, _ = fmt.Fprintf(&d, "M%d %d", one.from, c.y(one.levels[0].agents))
		for _, level := range one.levels {
			_, _ = fmt.Fprintf(&d, "V%dH%d", c.y(level.agents), level.until)
		}
	}
	return d.String()
}

// stretch is a while of which something is known: its numbers one after the other.
type stretch struct {
	from   int
	levels []level
}

// level is a number of agents until the part of that index.
type level struct{ agents, until int }

// stretches are the known parts of a number over the time; those that are alike and side by side are one level.
func (c ConnectedChart) stretches(of func(history.Count) int) []stretch {
	var all []stretch
	isOpen := false
	for i, count := range c.Counts {
		if count.Known == 0 {
			isOpen = false
			continue
		}
		if !isOpen {
			all, isOpen = append(all, stretch{from: i}), true
		}
		last := &all[len(all)-1]
		if n := len(last.levels); n > 0 && last.levels[n-1].agents == of(count) {
			last.levels[n-1].until = i + 1
			continue
		}
		last.levels = append(last.levels, level{of(count), i + 1})
	}
	return all
}

// worst is the while in which the most agents were missing; of several, the one in which that began last.
func (c ConnectedChart) worst() history.Count {
	var worst history.Count
	for _, count := range c.Counts {
		more := (count.Known - count.Connected) - (worst.Known - worst.Connected)
		if count.Known > 0 && (worst.Known == 0 || more > 0 || more == 0 && count.At.After(count.From)) {
			worst = count
		}
	}
	return worst
}

// whole reports whether no agent was ever missing.
func (c ConnectedChart) whole() bool { worst := c.worst(); return worst.Known == worst.Connected }

// from and until are the ends of the picture.
func (c ConnectedChart) from() time.Time  { return c.Counts[0].From }
func (c ConnectedChart) until() time.Time { return c.Counts[len(c.Counts)-1].Until }
