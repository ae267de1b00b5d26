package views

import (
	"github.com/a-h/templ"

	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/i18n"
)

// AgentDeleteModel asks whether an agent is to be deleted.
type AgentDeleteModel struct {
	Form
	agent.Agent
	Project Project
	Confirm Field
	// From is what the form was opened from, and leads back to.
	From Origin
}

// AgentDeletedModel says that an agent is gone and what is left in the cluster.
type AgentDeletedModel struct {
	Project   Project
	AgentName string
	// Lost are the environments that had the agent.
	Lost DependentsModel
	// Steps remove what GitLab does not: the release, its secret and its namespace.
	Steps []Snippet
}

// Action is where the form is sent to.
func (m *AgentDeleteModel) Action(u URLs) string { return u.AgentDelete(m.Project.ID, m.ID) }

// Title names the page.
func (m *AgentDeleteModel) Title(l *i18n.Printer) string {
	return l.T("titles.agent_delete", "Agent", m.Name)
}

// Page is the form as a page.
func (m *AgentDeleteModel) Page(p Page) templ.Component { return AgentDeletePage(p, *m) }

// Dialog is the form as the dialog holds it.
func (m *AgentDeleteModel) Dialog(p Page) templ.Component { return AgentDeleteDialog(p, *m) }

// Wrong reports whether there is something that keeps the form from being sent on.
func (m *AgentDeleteModel) Wrong() bool { return m.Notice != nil || m.Confirm.Error != "" }

// contact says when the agent was last heard of.
func (m AgentDeleteModel) contact(p Page) string {
	switch last := m.LastContact(); {
	case m.SeenRevoked():
		return p.L.T("agents.delete.contact_revoked", "Ago", p.L.Ago(p.Now, last))
	case !last.IsZero():
		return p.L.T("agents.delete.contact", "Ago", p.L.Ago(p.Now, last))
	case m.Status(p.Now) == agent.StatusUnknown:
		return p.L.T("agents.delete.contact_unknown")
	default:
		return p.L.T("agents.delete.contact_never")
	}
}

// consequence says what GitLab takes away with the agent.
func (m AgentDeleteModel) consequence(l *i18n.Printer) string {
	switch {
	case !m.UseKnown():
		return l.T("agents.delete.tokens_unknown")
	case len(m.Tokens) == 0:
		return l.T("agents.delete.no_tokens")
	default:
		return l.N("agents.delete.tokens", len(m.Tokens))
	}
}
