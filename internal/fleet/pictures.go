package fleet

import (
	"cmp"
	"slices"
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

// barsToLimit is into how many bars the ages up to the limit are divided; as many follow.
const barsToLimit = 6

// AgeBars counts the tokens of rows by their ages, so that the limit lies between two bars.
func AgeBars(rows []Row, limit time.Duration, now time.Time) []AgeBar {
	width := limit / barsToLimit
	bars := make([]AgeBar, 2*barsToLimit+1)
	for i := range bars {
		bars[i] = AgeBar{From: time.Duration(i) * width, To: time.Duration(i+1) * width, TooOld: i >= barsToLimit}
	}
	bars[len(bars)-1].To = 0
	for _, row := range rows {
		for i := range row.Tokens {
			// A token exactly at the limit is not too old yet.
			age := max(now.Sub(row.Tokens[i].CreatedAt)-1, 0)
			bars[min(int(age/max(width, 1)), len(bars)-1)].Tokens++
		}
	}
	return bars
}
