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

func TestAgeBarsHaveWholeEdgesForEveryLimit(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		limit time.Duration
		unit  time.Duration
		edges []int // up to the limit, in units
	}{
		{90 * day, day, []int{0, 15, 30, 45, 60, 75, 90}},
		{7 * day, day, []int{0, 1, 2, 3, 4, 5, 6, 7}},
		{5 * day, day, []int{0, 1, 2, 3, 4, 5}},
		{13 * day, day, []int{0, 2, 4, 7, 9, 11, 13}},
		{365 * day, day, []int{0, 73, 146, 219, 292, 365}},
		{72 * time.Hour, time.Hour, []int{0, 12, 24, 36, 48, 60, 72}},
		{36 * time.Hour, time.Hour, []int{0, 6, 12, 18, 24, 30, 36}},
		{day, time.Hour, []int{0, 4, 8, 12, 16, 20, 24}},
		{time.Hour, time.Minute, []int{0, 10, 20, 30, 40, 50, 60}},
		{90 * time.Minute, time.Minute, []int{0, 15, 30, 45, 60, 75, 90}},
		{90 * time.Second, time.Second, []int{0, 15, 30, 45, 60, 75, 90}},
		{time.Second, time.Second, []int{0, 1}},
	} {
		bars := fleet.AgeBars(nil, tt.limit, now())
		parts := len(tt.edges) - 1
		if unit := fleet.AgeUnit(tt.limit); unit != tt.unit || len(bars) != 2*parts+1 || bars[2*parts].From != 2*tt.limit || bars[2*parts].To != 0 {
			t.Errorf("%s: %d bars in units of %s: %+v", tt.limit, len(bars), unit, bars)
			continue
		}
		for i, bar := range bars[:parts] {
			if from, to := time.Duration(tt.edges[i])*tt.unit, time.Duration(tt.edges[i+1])*tt.unit; bar.From != from || bar.To != to || bar.TooOld {
				t.Errorf("%s: bar %d is %+v, want it from %s to %s", tt.limit, i, bar, from, to)
			}
			if next := bars[parts+i]; next.From != tt.limit+bar.From || next.To != tt.limit+bar.To || !next.TooOld {
				t.Errorf("%s: beyond the limit, bar %d is %+v", tt.limit, i, next)
			}
		}
	}
}
