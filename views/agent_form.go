package views

import "gitlab-agent-portal/internal/i18n"

func (m AgentFormModel) nameField(l *i18n.Printer) FieldProps {
	return FieldProps{
		Name: "name", Label: l.Parts("agents.form.name"), Hint: l.T("agents.form.name.hint"), Field: m.Name,
		Max: maxAgentName, Pattern: agentNamePattern, Focus: true,
		Invalid: l.T("agents.form.name.invalid"), Missing: l.T("agents.form.name.missing"),
	}
}
