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

// known reports whether anything is known of the time.
func (c ConnectedChart) known() bool { return c.most() > 0 }

func (c ConnectedChart) viewBox() string {
	return "0 -4 " + strconv.Itoa(max(len(c.Counts), 1)) + " " + strconv.Itoa(chartHeight+4)
}

// y is how far from the top a number of agents is.
func (c ConnectedChart) y(agents int) int { return chartHeight - agents*chartHeight/max(c.most(), 1) }

// area draws the agents that were connected, as far as that is known.
func (c ConnectedChart) area() string {
	var d strings.Builder
	open := false
	for i, count := range c.Counts {
		switch {
		case count.Known == 0 && open:
			_, _ = fmt.Fprintf(&d, "V%dz", chartHeight)
			open = false
		case count.Known > 0 && !open:
			_, _ = fmt.Fprintf(&d, "M%d %dV%d", i, chartHeight, c.y(count.Connected))
			open = true
		case count.Known > 0 && count.Connected != c.Counts[i-1].Connected:
			_, _ = fmt.Fprintf(&d, "V%d", c.y(count.Connected))
		}
		if open {
			_, _ = fmt.Fprintf(&d, "H%d", i+1)
		}
	}
	if open {
		_, _ = fmt.Fprintf(&d, "V%dz", chartHeight)
	}
	return d.String()
}

// line draws how many agents there were, connected or not: what is below it and above the area was missing.
func (c ConnectedChart) line() string {
	var d strings.Builder
	for i, count := range c.Counts {
		switch {
		case count.Known == 0:
			continue
		case i == 0 || c.Counts[i-1].Known == 0:
			_, _ = fmt.Fprintf(&d, "M%d %d", i, c.y(count.Known))
		case count.Known != c.Counts[i-1].Known:
			_, _ = fmt.Fprintf(&d, "V%d", c.y(count.Known))
		}
		_, _ = fmt.Fprintf(&d, "H%d", i+1)
	}
	return d.String()
}

// worst is the while in which the most agents were missing; the last one of several.
func (c ConnectedChart) worst() history.Count {
	var worst history.Count
	for _, count := range c.Counts {
		if count.Known > 0 && count.Known-count.Connected >= worst.Known-worst.Connected {
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
