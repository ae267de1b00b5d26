package views

import "gitlab-agent-portal/internal/i18n"

func (m TokenFormModel) nameField(l *i18n.Printer) FieldProps {
	return FieldProps{
		Name: "name", Label: l.Parts("tokens.form.name"), Hint: l.T("tokens.form.name.hint"), Field: m.Name,
		Max: maxTokenName, Focus: true, Missing: l.T("tokens.form.name.missing"),
	}
}

func (m TokenFormModel) descriptionField(l *i18n.Printer) FieldProps {
	return FieldProps{
		Name: "description", Label: l.Parts("tokens.form.description"), Optional: l.T("common.optional"), Field: m.Description,
		Max: maxTokenDescription, Lines: 2,
	}
}
