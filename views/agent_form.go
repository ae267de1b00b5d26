package views

import (
	"github.com/a-h/templ"

	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/i18n"
)

// Action is where the form is sent to.
func (m *AgentFormModel) Action(u URLs) string { return u.Agents(m.Project.ID, 1) }

// Title names the page.
func (m *AgentFormModel) Title(l *i18n.Printer) string {
	return l.T("titles.agent_new", "Project", m.Project.Name)
}

// Page is the form as a page.
func (m *AgentFormModel) Page(p Page) templ.Component { return AgentFormPage(p, *m) }

// Dialog is the form as the dialog holds it.
func (m *AgentFormModel) Dialog(p Page) templ.Component { return AgentFormDialog(p, *m) }

// Wrong reports whether there is something that keeps the form from being sent on.
func (m *AgentFormModel) Wrong() bool { return m.Notice != nil || m.Name.Error != "" }

func (m AgentFormModel) nameField(l *i18n.Printer) FieldProps {
	return FieldProps{
		Name: "name", Label: l.Parts("agents.form.name"), Hint: l.T("agents.form.name.hint"), Field: m.Name,
		Max: agent.MaxName, Pattern: agent.NamePattern, Focus: true,
		Invalid: l.T("agents.form.name.invalid"), Missing: l.T("agents.form.name.missing"),
	}
}
