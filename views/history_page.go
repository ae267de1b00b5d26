package views

import (
	"gitlab-agent-portal/internal/history"
	"gitlab-agent-portal/internal/i18n"
)

// HistoryPageModel is the past of all agents of a person's projects.
type HistoryPageModel struct {
	// Off says that there is no watch, and Reading that the projects are still being read; then the rest is empty.
	Off, Reading bool
	// Periods are the lengths of time to choose from.
	Periods []TabLink
	// Days is the one that is shown.
	Days int
	// Group is the path of the group whose agents are shown; empty for all.
	Group     string
	Connected ConnectedChart
	Total     history.Sums
	// Worst are the agents with the lowest availability, the lowest first, and Agents is how many there are.
	Worst  []HistoryRow
	Agents int
	// MaxAgents is, unless 0, how many agents are looked at, of more.
	MaxAgents int
	// ReportURL leads to the report of this month.
	ReportURL string
}

// HistoryRow is one agent of that page.
type HistoryRow struct {
	AgentName, ProjectPath string
	AgentURL, ProjectURL   string
	Strip                  HistoryStrip
	history.Sums
}

// heading names the group, if it is about one.
func (m HistoryPageModel) heading(l *i18n.Printer) []i18n.Part {
	if m.Group == "" {
		return l.Parts("history.heading")
	}
	return l.Parts("history.heading_of", "Group", m.Group)
}
