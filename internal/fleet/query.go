package fleet

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"gitlab-agent-portal/internal/agent"
)

// PerPage is how many agents a page lists.
const PerPage = 50

// maxText bounds what is searched for and the path of a group: more than any path of GitLab's.
const maxText = 255

// Role is what a person may do in a project.
type Role string

// The roles. The zero value stands for both.
const (
	RoleManage Role = "manage"
	RoleRead   Role = "read"
)

// AnyAttention stands for all rules: it selects the agents that need attention for whatever
// reason.
const AnyAttention agent.Rule = "any"

// DownToday stands among the statuses for what went down within 24 hours: last night's outage.
const DownToday agent.Status = "down_24h"

// Query is what the address of the fleet page asks for. The zero value asks for everything.
type Query struct {
	// Scope is of which projects the agents are; it filters nothing.
	Scope agent.Scope
	// Search holds words, each of which must be in the name of the agent, of its project or of
	// one of its tokens.
	Search string
	// Status is empty for all of them, or DownToday.
	Status agent.Status
	// Attention is a rule, AnyAttention, or empty for agents that need none too.
	Attention agent.Rule
	// Group is the full path of a group, whose subgroups count too; or empty.
	Group string
	Role  Role
	// Sort is the column to sort by; empty for Attention, the order of urgency.
	Sort Column
	// Reverse turns the column's own direction around.
	Reverse bool
	// Page counts from 1; 0 is the first page too.
	Page int
}

// Parse reads a query string. A value that makes no sense is as good as none.
func Parse(values url.Values) Query {
	get := func(name string) string { return text(values.Get(name)) }
	q := Query{
		Scope:     agent.ParseScope(strings.TrimSpace(strings.ToValidUTF8(values.Get("scope"), ""))),
		Search:    get("q"),
		Status:    oneOf(agent.Status(get("status")), append(agent.Statuses(), DownToday)),
		Attention: oneOf(agent.Rule(get("attention")), append(agent.Rules(), AnyAttention)),
		Group:     strings.TrimFunc(get("group"), func(r rune) bool { return r == '/' || unicode.IsSpace(r) }),
		Role:      oneOf(Role(get("role")), []Role{RoleManage, RoleRead}),
	}
	column, reverse := strings.CutPrefix(get("sort"), "-")
	if q.Sort = oneOf(Column(column), Columns()); q.Sort != "" {
		q.Reverse = reverse
	}
	if number, err := strconv.Atoi(values.Get("page")); err == nil && number > 0 {
		q.Page = number
	}
	return q
}

// text is a value without what surrounds it, valid and bounded.
func text(value string) string {
	value = strings.TrimSpace(strings.ToValidUTF8(value, ""))
	for len(value) > maxText {
		_, size := utf8.DecodeLastRuneInString(value)
		value = value[:len(value)-size]
	}
	return strings.TrimSpace(value) // the cut may have come after a space
}

// oneOf is value if it is among the allowed ones, and nothing otherwise.
func oneOf[T ~string](value T, allowed []T) T {
	if slices.Contains(allowed, value) {
		return value
	}
	return ""
}

// Values are the parameters of q by name, without those that say nothing: a list has one
// address.
func (q Query) Values() url.Values {
	values := url.Values{}
	set := func(name, value string) {
		if value != "" {
			values.Set(name, value)
		}
	}
	set("scope", string(q.Scope))
	set("q", q.Search)
	set("status", string(q.Status))
	set("attention", string(q.Attention))
	set("group", q.Group)
	set("role", string(q.Role))
	set("sort", q.SortValue())
	if q.Page > 1 {
		set("page", strconv.Itoa(q.Page))
	}
	return values
}

// SortValue is the order as it stands in the address; empty for the order of urgency.
func (q Query) SortValue() string {
	switch {
	case q.Reverse:
		return "-" + string(q.column())
	case q.column() == ByAttention:
		return ""
	default:
		return string(q.Sort)
	}
}

func (q Query) column() Column { return cmp.Or(q.Sort, ByAttention) }

// Filtered reports whether q leaves anything out.
func (q Query) Filtered() bool {
	return q.Search != "" || q.Status != "" || q.Attention != "" || q.Group != "" || q.Role != ""
}

// Unfiltered is everything, in q's order.
func (q Query) Unfiltered() Query { return Query{Scope: q.Scope, Sort: q.Sort, Reverse: q.Reverse} }

// In is q in another scope, where its group may not be.
func (q Query) In(scope agent.Scope) Query {
	q.Scope, q.Group, q.Page = scope, "", 0
	return q
}

// WithStatus is q for one status, from the first page; as all that follow.
func (q Query) WithStatus(status agent.Status) Query {
	q.Status, q.Page = status, 0
	return q
}

// WithAttention is q for one rule.
func (q Query) WithAttention(rule agent.Rule) Query {
	q.Attention, q.Page = rule, 0
	return q
}

// WithGroup is q for one group.
func (q Query) WithGroup(path string) Query {
	q.Group, q.Page = path, 0
	return q
}

// SortedBy is q sorted by column, the other way round when it already is.
func (q Query) SortedBy(column Column) Query {
	q.Reverse = q.column() == column && !q.Reverse
	q.Sort, q.Page = column, 0
	return q
}

// OnPage is q with another page.
func (q Query) OnPage(page int) Query {
	q.Page = page
	return q
}

// Direction is how a column is sorted, in the words of aria-sort.
type Direction string

// The directions.
const (
	Ascending  Direction = "ascending"
	Descending Direction = "descending"
)

// Direction is how q sorts by column; empty when it sorts by another.
func (q Query) Direction(column Column) Direction {
	if q.column() != column {
		return ""
	}
	if column.descends() != q.Reverse {
		return Descending
	}
	return Ascending
}
