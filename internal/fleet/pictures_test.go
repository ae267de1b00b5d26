package fleet_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/fleet"
)

func TestGroupBarsCountByTheFirstLevel(t *testing.T) {
	t.Parallel()
	want := []fleet.GroupBar{
		{Group: "data", Total: 3, Status: map[agent.Status]int{"never_connected": 1, "connected": 1, "unknown": 1}},
		{Group: "shop", Total: 2, Status: map[agent.Status]int{"connected": 1, "not_connected": 1}},
		{Group: "shopping", Total: 1, Status: map[agent.Status]int{"connected": 1}},
	}
	if diff := cmp.Diff(want, fleet.GroupBars(rows(), 3)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	want = []fleet.GroupBar{want[0], {Total: 3, Status: map[agent.Status]int{"connected": 2, "not_connected": 1}}}
	if diff := cmp.Diff(want, fleet.GroupBars(rows(), 1)); diff != "" {
		t.Errorf("the largest alone (-want +got):\n%s", diff)
	}
}

func TestAgeBarsMeetAtTheLimit(t *testing.T) {
	t.Parallel()
	aged := func(ages ...time.Duration) []fleet.Row {
		a := one(1, "shop", "a")
		a.Tokens = nil
		for _, age := range ages {
			a.Tokens = append(a.Tokens, agent.Token{CreatedAt: now().Add(-age)})
		}
		return judged([]fleet.Agent{a})
	}
	bars := fleet.AgeBars(aged(-day, 0, 14*day, 90*day, 90*day+time.Second, 179*day, 5000*day), 90*day, now())
	var counts []int
	sum := 0
	for i, bar := range bars {
		counts = append(counts, bar.Tokens)
		sum += bar.Tokens
		if bar.TooOld != (bar.From >= 90*day) || i > 0 && bar.From != bars[i-1].To {
			t.Errorf("bar %d: %+v", i, bar)
		}
	}
	if want := []int{3, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 1, 1}; !slices.Equal(counts, want) || sum != 7 {
		t.Errorf("the bars hold %v, want %v", counts, want)
	}
	for _, bar := range fleet.AgeBars(nil, time.Nanosecond, now()) {
		if bar.Tokens != 0 {
			t.Errorf("no token, and a bar of %d", bar.Tokens)
		}
	}
}
