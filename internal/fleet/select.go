package fleet

import (
	"maps"
	"slices"
	"strings"

	"gitlab-agent-portal/internal/agent"
)

// Result is what a page of the fleet shows.
type Result struct {
	// Rows are those of the page, All those of every page, in the same order.
	Rows, All []Row
	// Page is the page that was found, which is the last one for a query beyond it; Pages is at
	// least 1.
	Page, Pages int
	Counts      Counts
	// Groups are the full paths of all groups with agents and of those above them, sorted.
	Groups []string
}

// Counts say how many agents each filter would leave, all the others staying as they are.
type Counts struct {
	// Status counts by status and by DownToday, and Statuses all of them together.
	Status   map[agent.Status]int
	Statuses int
	// Attention counts by rule, and by AnyAttention.
	Attention map[agent.Rule]int
}

// Select picks from all rows, which it leaves as they are, what q asks for.
func Select(all []Row, q Query) Result {
	matching := Filter(all, q)
	result := Result{All: matching, Pages: max(1, (len(matching)+PerPage-1)/PerPage), Counts: count(all, q), Groups: groups(all)}
	result.Page = min(max(q.Page, 1), result.Pages)
	first := (result.Page - 1) * PerPage
	result.Rows = matching[first:min(first+PerPage, len(matching))]
	return result
}

// Filter returns the rows that q asks for on all its pages, in q's order.
func Filter(all []Row, q Query) []Row {
	matching := slices.Collect(matches(all, q))
	Sort(matching, q)
	return matching
}

// matches yields the rows that pass q's filters.
func matches(all []Row, q Query) func(yield func(Row) bool) {
	words := strings.Fields(strings.ToLower(q.Search))
	return func(yield func(Row) bool) {
		for _, row := range all {
			if passes(row, q, words) && !yield(row) {
				return
			}
		}
	}
}

func passes(row Row, q Query, words []string) bool {
	return row.is(q.Status) &&
		(q.Attention == "" || row.needs(q.Attention)) &&
		(q.Group == "" || row.inGroup(q.Group)) &&
		(q.Role == "" || row.Role() == q.Role) &&
		row.holds(words)
}

func count(all []Row, q Query) Counts {
	counts := Counts{Status: map[agent.Status]int{}, Attention: map[agent.Rule]int{}}
	for row := range matches(all, q.WithStatus("")) {
		counts.Status[row.Status]++
		counts.Statuses++
		if row.is(DownToday) {
			counts.Status[DownToday]++
		}
	}
	for row := range matches(all, q.WithAttention("")) {
		for _, rule := range row.Due {
			counts.Attention[rule]++
		}
		if len(row.Due) > 0 {
			counts.Attention[AnyAttention]++
		}
	}
	return counts
}

// CountDown counts the rows that DownToday selects.
func CountDown(rows []Row) int {
	n := 0
	for _, row := range rows {
		if row.is(DownToday) {
			n++
		}
	}
	return n
}

// groups lists each group once, with those above it.
func groups(all []Row) []string {
	seen := map[string]bool{}
	for _, row := range all {
		for path := row.Project.Group(); path != "" && !seen[path]; {
			seen[path] = true
			above := strings.LastIndexByte(path, '/')
			path = path[:max(above, 0)]
		}
	}
	return slices.Sorted(maps.Keys(seen))
}
