package fleet

import (
	"slices"
	"strings"
	"time"

	"gitlab-agent-portal/internal/agent"
)

// Row is one agent of the fleet, judged at one time.
type Row struct {
	Agent
	Status agent.Status
	// LastContact is that of agent.Agent; zero for never, and with agent.StatusUnknown.
	LastContact time.Time
	// Down says that it was in contact not long ago and is not any more, as agent.Agent.Down has it, and
	// DownFor for how long.
	Down    bool
	DownFor time.Duration
	// Due are the rules by which the agent needs attention, in their order.
	Due []agent.Rule
}

// Rows judges agents. isUnstored tells of a token, by its number, whether the audit knows it as
// unstored, and revokedUse of agents, by theirs, what agent.Agent.RevokedUse is.
func Rows(agents []Agent, isUnstored func(token int64) bool, revokedUse map[int64]time.Time, limits agent.Thresholds, now time.Time) []Row {
	rows := make([]Row, len(agents))
	for i, a := range agents {
		if used, ok := revokedUse[a.ID]; ok {
			a.RevokedUse = used
		}
		unstored := slices.ContainsFunc(a.Tokens, func(t agent.Token) bool { return isUnstored(t.ID) })
		rows[i] = Row{Agent: a, Status: a.Status(now), LastContact: a.LastContact(), Down: a.Down(now), Due: a.Attention(unstored, limits, now)}
		if rows[i].Down {
			rows[i].DownFor = now.Sub(rows[i].LastContact)
		}
	}
	return rows
}

// Role is what the person may do in the agent's project.
func (r Row) Role() Role {
	if r.Project.Access.CanManage() {
		return RoleManage
	}
	return RoleRead
}

// inGroup reports whether the project is in the group or in one below it.
func (r Row) inGroup(group string) bool {
	own := r.Project.Group()
	return own == group || strings.HasPrefix(own, group+"/")
}

// downToday is how long ago the last contact of what DownToday selects may be.
const downToday = 24 * time.Hour

// is reports whether the row has the status, or is down since yesterday at most for DownToday.
func (r Row) is(status agent.Status) bool {
	return status == "" || r.Status == status || status == DownToday && r.Down && r.DownFor <= downToday
}

// needs reports whether the row needs attention by the rule, or by any.
func (r Row) needs(rule agent.Rule) bool {
	return rule == AnyAttention && len(r.Due) > 0 || slices.Contains(r.Due, rule)
}

// holds reports whether each of the words is in one of the row's names. The words are in lower
// case.
func (r Row) holds(words []string) bool {
	for _, word := range words {
		if !r.isNamed(word) {
			return false
		}
	}
	return true
}

func (r Row) isNamed(word string) bool {
	if strings.Contains(strings.ToLower(r.Name), word) || strings.Contains(strings.ToLower(r.Project.Path), word) {
		return true
	}
	for i := range r.Tokens {
		if strings.Contains(strings.ToLower(r.Tokens[i].Name), word) {
			return true
		}
	}
	return false
}
