package views

import (
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"gitlab-agent-portal/internal/i18n"
)

// The names of the fields of a ConfigEditModel.
const (
	ConfigContentField = "content"
	ConfigBaseField    = "base"
	ConfigCommitField  = "commit"
	ConfigHomeField    = "home"
	ConfigCheckedField = "checked"
	ConfigMessageField = "message"
	ConfigProposeField = "propose"
	ConfigAddField     = "add"

	GrantListField         = "grant_list"
	GrantKindField         = "grant_kind"
	GrantPathField         = "grant_path"
	GrantNamespaceField    = "grant_namespace"
	GrantEnvironmentsField = "grant_environments"
	GrantProtectedField    = "grant_protected"
)

// ConfigEditModel is the form that changes an agent's configuration file.
type ConfigEditModel struct {
	Form
	Project   Project
	AgentID   int64
	AgentName string
	Path      string
	// Content is the file as it is to become.
	Content Field
	// Base is the file as it is, and Commit the one that changed it last; both are empty for a new file.
	Base, Commit string
	Message      Field
	// Branch is the default branch. CanPush says that the person may push to it: otherwise, and if
	// Propose is chosen, the commit goes to a branch of its own with a merge request.
	Branch           string
	CanPush, Propose bool
	Grant            GrantForm
	Check            ConfigCheckModel
}

// GrantForm is a grant that is to be written into the file.
type GrantForm struct {
	// People says that it is for people's computers and not for pipelines, Group that it is a group.
	People, Group           bool
	Path                    Field
	Namespace, Environments Field
	Protected               bool
}

// ConfigCheckModel is what a changed file would be: whom it would let in, and what is changed.
type ConfigCheckModel struct {
	File ConfigModel
	Diff []DiffLine
	// More is how many lines of the difference are not shown.
	More int
	// Sum stands for the file and what it is compared with: it is what was shown.
	Sum string
	// Draft says that this is a first look, with nothing changed yet.
	Draft bool
}

// DiffLine is a line of a difference. Old and New count from 1; 0 where the line is not.
type DiffLine struct {
	Kind     DiffKind
	Old, New int
	Text     string
}

// DiffKind is what happened to a line.
type DiffKind string

// What can happen to a line. DiffGap stands for lines that are left out.
const (
	DiffSame    DiffKind = "same"
	DiffAdded   DiffKind = "added"
	DiffRemoved DiffKind = "removed"
	DiffGap     DiffKind = "gap"
)

// sign is how differences are marked everywhere.
func (k DiffKind) sign() string {
	switch k {
	case DiffAdded:
		return "+"
	case DiffRemoved:
		return "−"
	default:
		return ""
	}
}

// word says to people who do not see the sign what happened to the line.
func (k DiffKind) word(l *i18n.Printer) string {
	switch k {
	case DiffAdded:
		return l.T("config.diff.added")
	case DiffRemoved:
		return l.T("config.diff.removed")
	default:
		return ""
	}
}

func lineNumber(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

// Action is where the form is sent to.
func (m *ConfigEditModel) Action(u URLs) string { return u.ConfigEdit(m.Project.ID, m.AgentID) }

// Title names the page.
func (m *ConfigEditModel) Title(l *i18n.Printer) string {
	return l.T("titles.config_edit", "Agent", m.AgentName)
}

// Page is the form as a page.
func (m *ConfigEditModel) Page(p Page) templ.Component { return ConfigEditPage(p, *m) }

// Dialog is the form as it takes the place of the one that was sent.
func (m *ConfigEditModel) Dialog(p Page) templ.Component { return ConfigEditForm(p, *m) }

// Wrong reports whether there is something that keeps the form from being sent on.
func (m *ConfigEditModel) Wrong() bool {
	return m.Notice != nil || m.Content.Error != "" || m.Message.Error != ""
}

// back is the tab that the form was opened from.
func (m ConfigEditModel) back(u URLs) string { return u.Agent(m.Project.ID, m.AgentID, TabAccess) }

func (m ConfigEditModel) messageField(l *i18n.Printer) FieldProps {
	return FieldProps{
		Name: ConfigMessageField, Label: l.Parts("config.message"), Field: m.Message, Max: maxCommitMessage, Missing: l.T("config.message.missing"),
	}
}

// maxCommitMessage is short of what GitLab takes.
const maxCommitMessage = 1000

func (g GrantForm) fields(l *i18n.Printer) []FieldProps {
	return []FieldProps{
		{Name: GrantNamespaceField, Label: l.Parts("config.grant.namespace"), Optional: l.T("common.optional"), Field: g.Namespace, Max: 63},
		{Name: GrantEnvironmentsField, Label: l.Parts("config.grant.environments"), Optional: l.T("common.optional"), Field: g.Environments, Max: 500},
	}
}

// ConfigDoneModel says that a change of a configuration waits in a merge request.
type ConfigDoneModel struct {
	Project   Project
	AgentID   int64
	AgentName string
	Branch    string
	// URL is the merge request in GitLab, or where it is opened if Missing says that there is none.
	URL     string
	Number  int64
	Missing bool
}

// Title names the page.
func (m *ConfigDoneModel) Title(l *i18n.Printer) string {
	return l.T("titles.config_edit", "Agent", m.AgentName)
}

// Page is the answer as a page.
func (m *ConfigDoneModel) Page(p Page) templ.Component { return ConfigDonePage(p, *m) }

// Dialog is the answer in the place of the form.
func (m *ConfigDoneModel) Dialog(p Page) templ.Component { return ConfigDoneForm(p, *m) }

// root is the top-level group, or the personal namespace, that grants have to lie in.
func (m ConfigEditModel) root() string {
	root, _, _ := strings.Cut(m.Project.Path, "/")
	return root
}

// wouldRefuse says that GitLab would take nothing of the file.
func (m ConfigModel) wouldRefuse(l *i18n.Printer) Notice {
	notice := m.refusal(l)
	notice.Text = l.T("config.check.refused")
	return notice
}
