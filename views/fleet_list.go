package views

import (
	"fmt"
	"strings"
	"time"

	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/i18n"
)

// badgesShown is how many reasons for attention a row shows on a screen: it stays one line high. Paper
// and phones show all.
const badgesShown = 2

// FleetTitle names the page of the fleet, with how many agents went down within a day: it is seen in a
// tab that nobody looks into.
func FleetTitle(l *i18n.Printer, down int) string {
	if down == 0 {
		return l.T("titles.fleet")
	}
	return fmt.Sprintf("(%d) %s", down, l.T("titles.fleet"))
}

// showsCharts reports whether the pictures stand open: by choice, and while the list is not about
// something else.
func (m FleetModel) showsCharts() bool { return m.Charts && !m.Filtered }

// downWords say for how long the agent is down, in one unit.
func (r FleetRow) downWords(l *i18n.Printer) string {
	switch {
	case r.DownFor < time.Hour:
		return l.N("fleet.down.minutes", int(r.DownFor/time.Minute))
	case r.DownFor < 48*time.Hour:
		return l.N("fleet.down.hours", int(r.DownFor/time.Hour))
	default:
		return l.N("fleet.down.days", int(r.DownFor/(24*time.Hour)))
	}
}

// due are the reasons that the row names. That a connection is lost its status says already.
func (r FleetRow) due() []agent.Rule {
	if !r.Down {
		return r.Due
	}
	var others []agent.Rule
	for _, rule := range r.Due {
		if rule != agent.Disconnected {
			others = append(others, rule)
		}
	}
	return others
}

// more are the words of the reasons for which a line has no room; empty for none.
func (r FleetRow) more(l *i18n.Printer) (count int, words string) {
	due := r.due()
	if len(due) <= badgesShown {
		return 0, ""
	}
	var rest []string
	for _, rule := range due[badgesShown:] {
		rest = append(rest, attentionWord(l, rule))
	}
	return len(rest), strings.Join(rest, l.T("fleet.due.separator"))
}

// readOnly says why the row cannot be selected.
func (r FleetRow) readOnly(l *i18n.Printer) string {
	if r.Project.Archived {
		return l.T("fleet.select.archived")
	}
	if reason := readOnlyReason(l, r.Project.Access); reason != "" {
		return reason
	}
	return l.T("fleet.select.role")
}

// scope is the scope that is shown, in words.
func (m FleetModel) scope() string {
	for _, scope := range m.Scopes {
		if scope.On && scope.Group != "" {
			return scope.Group
		}
		if scope.On {
			return scope.Text
		}
	}
	return ""
}
