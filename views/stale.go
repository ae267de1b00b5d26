package views

import (
	"github.com/a-h/templ"

	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/i18n"
)

// StaleModel asks whether the stale ones of a selection of agents are to be deleted.
type StaleModel struct {
	Form
	// Agents is the selection, each written as project.agent.
	Agents []string
	Rows   []StaleRow
	// Confirm is how many agents the person says they delete.
	Confirm Field
	Limits  agent.Thresholds
	// Max is how many agents of a selection the page looks at, More that more were asked for; Most is
	// how many one form deletes, Rest how many stale ones are left for the next.
	Max, Most, Rest int
	More            bool
	// Unread is the number of agents that could not be read, in full or at all, ReadOnly of stale ones
	// that the person may not change, and Fresh of those that are not stale.
	Unread, ReadOnly, Fresh int
}

// StaleRow is a stale agent.
type StaleRow struct {
	agent.Agent
	// Ref is project and agent, joined by a dot.
	Ref     string
	Project Project
	// Chosen says that it is to be deleted.
	Chosen bool
}

// Action is where the form is sent to, with the selection for the way back.
func (m *StaleModel) Action(u URLs) string { return u.Stale(m.Agents) }

// Title names the page.
func (m *StaleModel) Title(l *i18n.Printer) string { return l.T("titles.stale") }

// Page is the form as a page.
func (m *StaleModel) Page(p Page) templ.Component { return StalePage(p.in("fleet"), *m) }

// Dialog is the form alone.
func (m *StaleModel) Dialog(p Page) templ.Component { return StaleForm(p, *m) }

// rule says when an agent is stale.
func (m StaleModel) rule(l *i18n.Printer) string {
	return l.T("stale.rule", "Limit", Limit(l, m.Limits.MaxSilence), "First", Limit(l, m.Limits.NeverConnected))
}

// limits say what the list leaves out.
func (m StaleModel) limits(l *i18n.Printer) []string {
	var said []string
	if m.More {
		said = append(said, l.T("rotations.more", "Max", m.Max))
	}
	if m.Rest > 0 {
		said = append(said, l.N("stale.rest", m.Rest, "Most", m.Most))
	}
	if m.Unread > 0 {
		said = append(said, l.N("stale.unread", m.Unread))
	}
	if m.ReadOnly > 0 {
		said = append(said, l.N("unused.read_only", m.ReadOnly))
	}
	if m.Fresh > 0 {
		said = append(said, l.N("stale.fresh", m.Fresh))
	}
	return said
}

// confirm asks for the number of agents to be typed. The script cannot check it, since it changes
// with what is chosen.
func (m StaleModel) confirm(l *i18n.Printer) FieldProps {
	return FieldProps{
		Name: "confirm", Label: l.Parts("stale.confirm"), Field: m.Confirm, Max: 3, Pattern: "[0-9]+",
		Invalid: l.T("stale.confirm.invalid"), Missing: l.T("stale.confirm.invalid"),
	}
}

// contact says when the agent was last heard of.
func (m StaleRow) contact(p Page) string {
	return AgentDeleteModel{Agent: m.Agent}.contact(p)
}

// StaleResultModel says how each deletion of a list ended.
type StaleResultModel struct {
	Results []StaleResult
	// AgainURL lists what is left.
	AgainURL string
}

// StaleResult is one agent of the list.
type StaleResult struct {
	Project   Project
	AgentID   int64
	AgentName string
	// Problem says why it was not deleted; empty for one that is gone.
	Problem string
	// Lost are the environments that had it.
	Lost DependentsModel
}

// Title names the page.
func (m *StaleResultModel) Title(l *i18n.Printer) string { return l.T("titles.stale") }

// Page is the results as a page.
func (m *StaleResultModel) Page(p Page) templ.Component { return StaleResultPage(p.in("fleet"), *m) }

// Dialog is the results alone.
func (m *StaleResultModel) Dialog(p Page) templ.Component { return StaleResults(p, *m) }

func (m StaleResult) agent(l *i18n.Printer) string {
	return RotationLine{AgentID: m.AgentID, AgentName: m.AgentName}.name(l)
}

// tellsLoss reports whether the agent is gone and something is to be said of its environments.
func (m StaleResult) tellsLoss(l *i18n.Printer) bool {
	return m.Problem == "" && m.Lost.worthTelling(l)
}

// notice sums up the results.
func (m StaleResultModel) notice(l *i18n.Printer) Notice {
	failed := 0
	for _, result := range m.Results {
		if result.Problem != "" {
			failed++
		}
	}
	n := Notice{Kind: NoticeSuccess, Title: l.N("stale.deleted", len(m.Results)-failed)}
	if failed > 0 {
		n.Kind, n.Text = NoticeWarning, l.N("stale.failed", failed)
	}
	return n
}
