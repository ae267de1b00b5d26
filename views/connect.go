package views

import (
	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/i18n"
)

// ConnectModel is what a cluster needs to connect an agent.
type ConnectModel struct {
	// Known says that GitLab's metadata could be read.
	Known bool
	// KASEnabled says that GitLab's agent server is on.
	KASEnabled bool
	// KASAddress is what the agent connects to, for example wss://kas.example.com.
	KASAddress string
	// Notices say what is wrong with the address, and what is missing for want of something.
	Notices []Notice
	// Receiver is where GitLab connects to; empty where the agent connects to GitLab, or that is not
	// known.
	Receiver string
	// ReceiverFacts say what else is known of that connection.
	ReceiverFacts []string
	// ReceiverURL leads to the form that says where GitLab is to connect to, and ReceiverDeleteURL to
	// the one that ends that; empty where the person cannot, or there is nothing to end.
	ReceiverURL, ReceiverDeleteURL string
	// Receptive says that GitLab connects to the agent.
	Receptive bool
	// Place is where the commands install the agent. The form that changes it is PlaceForm, nil
	// beside a token, which leaving the page would lose.
	Place     agent.Place
	PlaceForm *PlaceForm
	// CAFile is where the commands expect the certificate of a private authority; empty where
	// none is needed.
	CAFile string
	// Variants are the ways to install the agent; the first one is shown first.
	Variants []ConnectVariant
}

// Wrong reports whether the person chose a place that cannot be one: then there are no commands.
func (m ConnectModel) Wrong() bool { return m.PlaceForm != nil && m.PlaceForm.wrong() }

// PlaceForm lets a person say where in the cluster the agent is to be installed, or was.
type PlaceForm struct {
	// URL is the page itself, where the choice then stands in the address.
	URL string
	// Namespace, Release and Secret hold what was chosen, or the proposal.
	Namespace, Release, Secret Field
	// Reason is why the proposal is not the one of GitLab's own page.
	Reason agent.PlaceReason
	// GitLabs is what GitLab's own page proposes, and GitLabURL chooses that; empty where nothing
	// else is proposed.
	GitLabs   agent.Place
	GitLabURL string
	// Unchecked says that other agents of the same name would not have been noticed, and FleetURL
	// where to have them read.
	Unchecked bool
	FleetURL  string
}

func (m PlaceForm) wrong() bool {
	return m.Namespace.Error != "" || m.Release.Error != "" || m.Secret.Error != ""
}

// fields are the three names with their rules.
func (m PlaceForm) fields(l *i18n.Printer) []FieldProps {
	field := func(name, label, invalid string, value Field, rule agent.NameRule) FieldProps {
		return FieldProps{
			Name: name, Label: []i18n.Part{{Text: label}}, Field: value, Max: rule.Max,
			Pattern: rule.Pattern, Invalid: invalid, Missing: l.T("connect.place.missing"),
		}
	}
	dotted := l.T("connect.place.invalid")
	return []FieldProps{
		field(NamespaceParam, l.T("connect.place.namespace"), l.T("form.agent_name.characters"), m.Namespace, agent.NamespaceRule()),
		field(ReleaseParam, l.T("connect.place.release"), dotted, m.Release, agent.ReleaseRule()),
		field(SecretParam, l.T("connect.place.secret"), dotted, m.Secret, agent.SecretRule()),
	}
}

// reason says why the proposal is not the one of GitLab's own page.
func (m PlaceForm) reason(l *i18n.Printer) []i18n.Part {
	return l.Parts("connect.place.reason."+string(m.Reason), "Namespace", m.GitLabs.Namespace)
}

// ConnectVariant is one way to install an agent.
type ConnectVariant struct {
	// ID is one that connect.css knows.
	ID string
	// Name is the tool's own.
	Name string
	Text string
	// Warning is what to know before the first step; nil for nothing.
	Warning *Notice
	Steps   []Snippet
}
