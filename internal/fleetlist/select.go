package fleetlist

import (
	"slices"
	"strings"
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
	// Status counts by the names of the statuses, and Statuses all of them together.
	Status   map[string]int
	Statuses int
	// Attention counts by the names of the kinds, and by AnyAttention.
	Attention map[string]int
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
	return (q.Status == "" || row.Status.String() == q.Status) &&
		(q.Attention == "" || row.needs(q.Attention)) &&
		(q.Group == "" || row.inGroup(q.Group)) &&
		(q.Role == "" || row.role() == q.Role) &&
		row.holds(words)
}

func count(all []Row, q Query) Counts {
	counts := Counts{Status: map[string]int{}, Attention: map[string]int{}}
	for row := range matches(all, q.WithStatus("")) {
		counts.Status[row.Status.String()]++
		counts.Statuses++
	}
	for row := range matches(all, q.WithAttention("")) {
		due := row.Due()
		for _, kind := range due {
			counts.Attention[kind]++
		}
		if len(due) > 0 {
			counts.Attention[AnyAttention]++
		}
	}
	return counts
}

// groups lists each group once, with those above it.
func groups(all []Row) []string {
	seen := map[string]bool{}
	for _, row := range all {
		for path := row.Group; path != "" && !seen[path]; {
			seen[path] = true
			above := strings.LastIndexByte(path, '/')
			path = path[:max(above, 0)]
		}
	}
	return sortedKeys(seen)
}

func sortedKeys(set map[string]bool) []string {
	keys := make([]string, 0, len(set))
	for key := range set {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
