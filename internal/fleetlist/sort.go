package fleetlist

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"gitlab-agent-portal/internal/agentstatus"
)

// Column is what rows can be sorted by, as it stands in the address.
type Column string

// The columns. Each has the direction of its own that people look for first: names from A,
// times from the longest ago, numbers and urgency from the highest.
const (
	ByAgent     Column = "agent"
	ByProject   Column = "project"
	ByStatus    Column = "status"
	ByContact   Column = "contact"
	ByTokens    Column = "tokens"
	ByAge       Column = "age"
	ByAttention Column = "attention"
)

// Columns lists all columns as the table shows them.
func Columns() []Column {
	return []Column{ByAgent, ByProject, ByStatus, ByContact, ByTokens, ByAge, ByAttention}
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
		return func(a, b Row) int { return strings.Compare(a.Agent, b.Agent) }
	case ByProject:
		return func(a, b Row) int { return strings.Compare(a.Path, b.Path) }
	case ByStatus:
		return func(a, b Row) int { return cmp.Compare(worry(a.Status), worry(b.Status)) }
	case ByContact:
		return func(a, b Row) int { return a.LastContact.Compare(b.LastContact) }
	case ByTokens:
		return func(a, b Row) int { return cmp.Compare(b.Count, a.Count) }
	case ByAge:
		return func(a, b Row) int { return compareAges(a.Oldest(), b.Oldest()) }
	default:
		return byUrgency
	}
}

// byUrgency puts first what needs attention for most reasons, then what is not connected.
func byUrgency(a, b Row) int {
	return cmp.Or(
		cmp.Compare(b.urgency(), a.urgency()),
		cmp.Compare(worry(a.Status), worry(b.Status)),
	)
}

// worry orders the statuses by how soon one should look.
func worry(status agentstatus.Status) int {
	order := []agentstatus.Status{agentstatus.NotConnected, agentstatus.NeverConnected, agentstatus.Unknown, agentstatus.Connected}
	return slices.Index(order, status)
}

// compareAges puts the oldest first and what has no age last.
func compareAges(a, b time.Time) int {
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
	return cmp.Or(strings.Compare(a.Path, b.Path), strings.Compare(a.Agent, b.Agent), cmp.Compare(a.AgentID, b.AgentID))
}
