package fleet

import (
	"cmp"
	"slices"
	"sort"
	"strings"
	"time"

	"gitlab-agent-portal/internal/agent"
)

// GroupBar is how the agents of one group of the first level are doing.
type GroupBar struct {
	// Group is the group's path; empty for all the groups that have no bar of their own.
	Group string
	// Status counts agents by status.
	Status map[agent.Status]int
	Total  int
}

// GroupBars counts rows by group of the first level: the largest groups, at most the given
// number of them, then all others together.
func GroupBars(rows []Row, most int) []GroupBar {
	byGroup := map[string]*GroupBar{}
	for _, row := range rows {
		top, _, _ := strings.Cut(row.Project.Group(), "/")
		bar := byGroup[top]
		if bar == nil {
			bar = &GroupBar{Group: top, Status: map[agent.Status]int{}}
			byGroup[top] = bar
		}
		bar.Status[row.Status]++
		bar.Total++
	}
	bars := make([]GroupBar, 0, len(byGroup))
	for _, bar := range byGroup {
		bars = append(bars, *bar)
	}
	slices.SortFunc(bars, func(a, b GroupBar) int {
		return cmp.Or(cmp.Compare(b.Total, a.Total), strings.Compare(a.Group, b.Group))
	})
	if len(bars) <= most {
		return bars
	}
	return append(bars[:most:most], together(bars[most:]))
}

func together(bars []GroupBar) GroupBar {
	others := GroupBar{Status: map[agent.Status]int{}}
	for _, bar := range bars {
		others.Total += bar.Total
		for status, n := range bar.Status {
			others.Status[status] += n
		}
	}
	return others
}

// AgeBar is how many tokens have an age of at least From and less than To; To is 0 for the last
// bar, which has no end.
type AgeBar struct {
	From, To time.Duration
	Tokens   int
	// TooOld says that the ages are beyond the limit.
	TooOld bool
}

// day is what people call one; where a clock is set forward or back, it is still 24 hours.
const day = 24 * time.Hour

// AgeUnit is the largest unit in which all edges of AgeBars are whole: days, hours or minutes, and
// seconds for a limit that is no number of them.
func AgeUnit(limit time.Duration) time.Duration {
	const leastBars = 4
	for _, unit := range []time.Duration{day, time.Hour, time.Minute} {
		if limit%unit == 0 && limit >= leastBars*unit {
			return unit
		}
	}
	return time.Second
}

// ageEdges divides the ages up to the limit, in whole units: evenly into about six parts where
// that is possible, and else into six that are nearly the same.
func ageEdges(limit time.Duration) []time.Duration {
	unit := AgeUnit(limit)
	units := max(int(limit/unit), 1)
	parts := min(6, units)
	for _, even := range []int{6, 7, 5, 8, 4, 9, 10, 11} {
		if units%even == 0 {
			parts = even
			break
		}
	}
	edges := make([]time.Duration, parts)
	for i := range edges {
		edges[i] = time.Duration((units*i+parts/2)/parts) * unit
	}
	return edges
}

// AgeBars counts the tokens of rows by their ages, so that the limit lies between two bars: as
// many follow as there are up to it, and one without an end.
func AgeBars(rows []Row, limit time.Duration, now time.Time) []AgeBar {
	edges := ageEdges(limit)
	parts := len(edges)
	for _, edge := range edges[:parts:parts] {
		edges = append(edges, limit+edge)
	}
	bars := make([]AgeBar, 0, len(edges)+1)
	for i, edge := range append(edges, 2*limit) {
		if i > 0 {
			bars[i-1].To = edge
		}
		bars = append(bars, AgeBar{From: edge, TooOld: i >= parts})
	}
	for _, row := range rows {
		for i := range row.Tokens {
			// A token exactly at the limit is not too old yet.
			age := max(now.Sub(row.Tokens[i].CreatedAt)-1, 0)
			bars[sort.Search(len(bars), func(i int) bool { return bars[i].From > age })-1].Tokens++
		}
	}
	return bars
}
