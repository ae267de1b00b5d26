package fleet

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"gitlab-agent-portal/internal/agent"
)

// Column is what rows can be sorted by, as it stands in the address.
type Column string

// The columns. Each has the direction of its own that people look for first: names from A, the last
// contact from the newest, numbers, ages and urgency from the highest.
const (
	ByAgent     Column = "agent"
	ByProject   Column = "project"
	ByStatus    Column = "status"
	ByContact   Column = "contact"
	ByTokens    Column = "tokens"
	ByAge       Column = "age"
	ByAttention Column = "attention"
	ByVersion   Column = "version"
)

// Columns lists all columns as the table shows them.
func Columns() []Column {
	return []Column{ByAgent, ByProject, ByStatus, ByContact, ByTokens, ByAge, ByAttention, ByVersion}
}

// descends reports whether the column's own direction is from the highest.
func (c Column) descends() bool {
	return slices.Contains([]Column{ByContact, ByTokens, ByAge, ByAttention}, c)
}

// Sort orders rows as q asks for. Rows that are equal in the column come by project and agent,
// whatever the direction, so that an order is always the same.
func Sort(rows []Row, q Query) {
	compare := comparison(q.column())
	slices.SortStableFunc(rows, func(a, b Row) int {
		order := compare(a, b)
		if q.Reverse {
			order = -order
		}
		return cmp.Or(order, byName(a, b))
	})
}

func comparison(column Column) func(a, b Row) int {
	switch column {
	case ByAgent:
		return func(a, b Row) int { return strings.Compare(a.Name, b.Name) }
	case ByProject:
		return func(a, b Row) int { return strings.Compare(a.Project.Path, b.Project.Path) }
	case ByStatus:
		return byStatus
	case ByContact:
		return func(a, b Row) int { return b.LastContact.Compare(a.LastContact) }
	case ByTokens:
		return func(a, b Row) int { return cmp.Compare(b.TokenCount, a.TokenCount) }
	case ByAge:
		return func(a, b Row) int { return byAge(a.OldestToken(), b.OldestToken()) }
	case ByVersion:
		return byVersion
	default:
		return byUrgency
	}
}

// byUrgency puts first what is down, and of that what broke last; then what needs attention for most
// reasons, then what is not connected.
func byUrgency(a, b Row) int {
	return cmp.Or(byOutage(a, b), cmp.Compare(len(b.Due), len(a.Due)), byStatus(a, b))
}

func byOutage(a, b Row) int {
	switch {
	case a.Down && b.Down:
		return cmp.Compare(a.DownFor, b.DownFor)
	case a.Down:
		return -1
	case b.Down:
		return 1
	}
	return 0
}

// byStatus puts first the status that one should look at soonest.
func byStatus(a, b Row) int { return cmp.Compare(rank(a.Status), rank(b.Status)) }

func rank(status agent.Status) int {
	switch status {
	case agent.StatusNotConnected:
		return 0
	case agent.StatusNeverConnected:
		return 1
	case agent.StatusUnknown:
		return 2
	default:
		return 3
	}
}

// byAge puts the oldest first and what has no age last.
func byAge(a, b time.Time) int {
	if a.IsZero() != b.IsZero() {
		return cmp.Compare(zero(a), zero(b))
	}
	return a.Compare(b)
}

func zero(t time.Time) int {
	if t.IsZero() {
		return 1
	}
	return 0
}

func byName(a, b Row) int {
	return cmp.Or(strings.Compare(a.Project.Path, b.Project.Path), strings.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
}
