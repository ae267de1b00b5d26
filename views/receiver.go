package views

import (
	"github.com/a-h/templ"

	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/i18n"
)

// What GitLab takes of an address and of a name, and more than any chain of certificates.
const (
	MaxReceiverURL = 2048
	MaxTLSHost     = 255
	maxPEM         = 16 << 10
)

// ReceiverFormModel is the form that says how GitLab is to reach an agent.
type ReceiverFormModel struct {
	Form
	Project   Project
	AgentID   int64
	AgentName string
	// Address, TLSHost, CACert and ClientCert hold what was typed. The value of ClientKey is always
	// empty: it is a secret.
	Address, TLSHost, CACert, ClientCert, ClientKey Field
	// Unavailable says that the instance knows no receptive agents; the form is then replaced by an
	// explanation.
	Unavailable bool
	// Current is the address that the agent has already, which stands in the form's place; empty for none.
	Current string
	// From is the page that the form leads back to.
	From Origin
}

// Action is where the form is sent to.
func (m *ReceiverFormModel) Action(u URLs) string { return u.Receiver(m.Project.ID, m.AgentID) }

// Title names the page.
func (m *ReceiverFormModel) Title(l *i18n.Printer) string {
	return l.T("titles.receiver", "Agent", m.AgentName)
}

// Page is the form as a page.
func (m *ReceiverFormModel) Page(p Page) templ.Component { return ReceiverFormPage(p, *m) }

// Dialog is the form as the dialog holds it.
func (m *ReceiverFormModel) Dialog(p Page) templ.Component { return ReceiverFormDialog(p, *m) }

// Wrong reports whether there is something that keeps the form from being sent on.
func (m *ReceiverFormModel) Wrong() bool {
	for _, field := range []Field{m.Address, m.TLSHost, m.CACert, m.ClientCert, m.ClientKey} {
		if field.Error != "" {
			return true
		}
	}
	return m.Notice != nil
}

// Back is the agent's page on which the address stands.
func (m *ReceiverFormModel) Back(u URLs) string {
	return receiverPage(u, m.Project.ID, m.AgentID, m.From)
}

func receiverPage(u URLs, project, agent int64, from Origin) string {
	return atPlace(u.Agent(project, agent, TabConnect), from.Place)
}

// fields are those that everybody fills in, and certificates those that few do.
func (m ReceiverFormModel) fields(l *i18n.Printer) []FieldProps {
	return []FieldProps{
		{
			Name: "url", Label: l.Parts("receiver.url"), Hint: l.T("receiver.url.hint"), Field: m.Address, Max: MaxReceiverURL, Focus: true,
			Pattern: `grpcs?://[^\/?#@]+\/?`, Invalid: l.T("receiver.url.invalid"), Missing: l.T("receiver.url.empty"),
		},
		{
			Name: "tls_host", Label: l.Parts("receiver.tls_host"), Hint: l.T("receiver.tls_host.hint"), Field: m.TLSHost, Max: MaxTLSHost,
			Optional: l.T("common.optional"),
		},
	}
}

func (m ReceiverFormModel) certificates(l *i18n.Printer) []FieldProps {
	field := func(name string, value Field) FieldProps {
		return FieldProps{
			Name: name, Label: l.Parts("receiver." + name), Hint: l.T("receiver." + name + ".hint"), Field: value, Max: maxPEM, Lines: 3,
			Optional: l.T("common.optional"),
		}
	}
	return []FieldProps{field("ca_cert", m.CACert), field("client_cert", m.ClientCert), field("client_key", Field{Error: m.ClientKey.Error})}
}

// opensCertificates reports whether the fields of certificates are open from the start.
func (m ReceiverFormModel) opensCertificates() bool {
	return m.CACert != Field{} || m.ClientCert != Field{} || m.ClientKey.Error != ""
}

// ReceiverDeleteModel asks whether GitLab is to forget how it reaches an agent.
type ReceiverDeleteModel struct {
	Form
	Project   Project
	AgentID   int64
	AgentName string
	// Address is where GitLab reaches the agent.
	Address string
	// Gone says that there is no address to forget.
	Gone    bool
	Confirm Field
	// From is the page that the form leads back to.
	From Origin
}

// Action is where the form is sent to.
func (m *ReceiverDeleteModel) Action(u URLs) string { return u.ReceiverDelete(m.Project.ID, m.AgentID) }

// Title names the page.
func (m *ReceiverDeleteModel) Title(l *i18n.Printer) string {
	return l.T("titles.receiver_delete", "Agent", m.AgentName)
}

// Page is the form as a page.
func (m *ReceiverDeleteModel) Page(p Page) templ.Component { return ReceiverDeletePage(p, *m) }

// Dialog is the form as the dialog holds it.
func (m *ReceiverDeleteModel) Dialog(p Page) templ.Component { return ReceiverDeleteDialog(p, *m) }

// Wrong reports whether there is something that keeps the form from being sent on.
func (m *ReceiverDeleteModel) Wrong() bool { return m.Notice != nil || m.Confirm.Error != "" }

// Back is the agent's page on which the address stands.
func (m *ReceiverDeleteModel) Back(u URLs) string {
	return receiverPage(u, m.Project.ID, m.AgentID, m.From)
}

func (m ReceiverDeleteModel) confirm(l *i18n.Printer) FieldProps {
	return confirmField(l.Parts("agents.delete.confirm", "Agent", m.AgentName), l.T("agents.delete.confirm.invalid"), m.AgentName, agent.MaxName, m.Confirm)
}
