package views

import (
	"time"

	"github.com/a-h/templ"

	"gitlab-agent-portal/internal/alert"
	"gitlab-agent-portal/internal/i18n"
)

// AlertAckModel is the form with which somebody says that they look after an alert.
type AlertAckModel struct {
	Form
	Alert alert.Alert
	// List is what the form was opened from, and leads back to.
	List AlertsQuery
	Note Field
	// For is one of AlertTerms, and Day, unless empty, a day in its place.
	For string
	Day Field
}

// MaxAlertNote is how many characters a note has at most.
const MaxAlertNote = 500

// AlertTerms are the lengths of time that an acknowledgement is offered for, by their names in the form.
func AlertTerms() []string { return []string{"1h", "8h", "24h", "168h"} }

// termText is a term in words.
func termText(l *i18n.Printer, term string) string {
	length, _ := time.ParseDuration(term) // of AlertTerms, which are lengths
	return Length(l, length)
}

// Action is where the form is sent to.
func (m *AlertAckModel) Action(u URLs) string { return u.AlertAcknowledge(m.Alert.ID, m.List) }

// Title names the page.
func (m *AlertAckModel) Title(l *i18n.Printer) string {
	return l.T("alerts.ack.title", "Alert", ackTitle(l, m.Alert))
}

// Page is the form as a page.
func (m *AlertAckModel) Page(p Page) templ.Component { return AlertAckPage(p.in("alerts"), *m) }

// Dialog is the form as the dialog holds it.
func (m *AlertAckModel) Dialog(p Page) templ.Component { return AlertAckDialog(p, *m) }

// Wrong reports whether there is something that keeps the form from being sent on.
func (m *AlertAckModel) Wrong() bool {
	return m.Notice != nil || m.Note.Error != "" || m.Day.Error != ""
}

// note is the field for what others ought to know.
func (m *AlertAckModel) note(l *i18n.Printer) FieldProps {
	return FieldProps{
		Name: "note", Label: l.Parts("alerts.ack.note"), Hint: l.T("alerts.ack.note.hint"), Field: m.Note, Max: MaxAlertNote, Lines: 2,
		Optional: l.T("common.optional"),
	}
}

// ackTitle names the alert of a form: a page of many has many alike.
func ackTitle(l *i18n.Printer, a alert.Alert) string {
	if a.Kind.OfWatch() {
		return alertKind(l, a.Kind)
	}
	return alertKind(l, a.Kind) + " · " + a.AgentName
}
