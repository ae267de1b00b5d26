package views

import (
	"github.com/a-h/templ"

	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/i18n"
)

// Action is where the form is sent to.
func (m *TokenFormModel) Action(u URLs) string { return u.Tokens(m.Project.ID, m.AgentID) }

// Title names the page.
func (m *TokenFormModel) Title(l *i18n.Printer) string {
	return l.T("titles.token_new", "Agent", m.AgentName)
}

// Page is the form as a page.
func (m *TokenFormModel) Page(p Page) templ.Component { return TokenFormPage(p, *m) }

// Dialog is the form as the dialog holds it.
func (m *TokenFormModel) Dialog(p Page) templ.Component { return TokenFormDialog(p, *m) }

// Wrong reports whether there is something that keeps the form from being sent on.
func (m *TokenFormModel) Wrong() bool {
	return m.Notice != nil || m.Name.Error != "" || m.Description.Error != ""
}

func (m TokenFormModel) nameField(l *i18n.Printer) FieldProps {
	return FieldProps{
		Name: "name", Label: l.Parts("tokens.form.name"), Hint: l.T("tokens.form.name.hint"), Field: m.Name,
		Max: agent.MaxTokenName, Focus: true, Missing: l.T("tokens.form.name.missing"),
	}
}

func (m TokenFormModel) descriptionField(l *i18n.Printer) FieldProps {
	return FieldProps{
		Name: "description", Label: l.Parts("tokens.form.description"), Optional: l.T("common.optional"), Field: m.Description,
		Max: agent.MaxTokenDescription, Lines: 2,
	}
}

// revokeURL returns the addresses that revoke the tokens of the agent.
func (m TokenFormModel) revokeURL(u URLs) func(token int64) string {
	plain, origin := revokeURL(u, m.Project.ID, m.AgentID), Origin{Place: m.From.Place}
	return func(token int64) string { return origin.On(plain(token)) }
}
