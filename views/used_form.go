package views

import (
	"github.com/a-h/templ"

	"gitlab-agent-portal/internal/i18n"
)

// Title names the page.
func (m *UsedFormModel) Title(l *i18n.Printer) string { return l.T("titles.form_used") }

// Page is the answer as a page.
func (m *UsedFormModel) Page(p Page) templ.Component { return UsedFormPage(p, *m) }

// Dialog is the answer as the dialog holds it.
func (m *UsedFormModel) Dialog(p Page) templ.Component { return UsedFormDialog(p, *m) }
