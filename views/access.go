package views

import (
	"slices"

	"gitlab-agent-portal/internal/i18n"
)

// ConfigState is what is known of an agent's configuration file.
type ConfigState string

// The states. Forbidden is for those who may not read the repository.
const (
	ConfigPresent   ConfigState = "present"
	ConfigAbsent    ConfigState = "absent"
	ConfigBroken    ConfigState = "broken"
	ConfigForbidden ConfigState = "forbidden"
	ConfigUnknown   ConfigState = "unknown"
)

// ConfigModel is an agent's configuration file.
type ConfigModel struct {
	State ConfigState
	Path  string
	// URL leads to the file in GitLab, or to where it is created; empty for neither. EditURL is the
	// portal's own editor, empty for who may not push.
	URL, EditURL string
	// Certain says that every GitLab refuses the file, Problems why, each in a sentence, and Detail
	// has the parser's own words: with ConfigBroken only.
	Certain  bool
	Problems []string
	Detail   string
	// Repeated are sentences about keys of which GitLab takes the last one only.
	Repeated []string
	// More is how many problems, or repeated keys, are not listed.
	More     int
	CI, User ConfigAccess
	// Unasked says that GitLab did not say which grants it took.
	Unasked bool
}

// ConfigAccess is whom the file lets in, or means to.
type ConfigAccess struct {
	Grants []ConfigGrant
	// More is how many grants are not listed, and MoreDropped how many of these GitLab drops.
	More, MoreDropped int
	// Limit is a sentence about how many GitLab takes; empty where there are no more.
	Limit string
	// As is a sentence about who all of them act as in the cluster; empty where each grant says so.
	As string
}

// ConfigGrantKind is what is let in.
type ConfigGrantKind string

// What can be let in. The instance has no path.
const (
	GrantGroup    ConfigGrantKind = "group"
	GrantProject  ConfigGrantKind = "project"
	GrantInstance ConfigGrantKind = "instance"
)

// ConfigGrant lets a group, a project or the instance in.
type ConfigGrant struct {
	Kind ConfigGrantKind
	Path string
	// URL is the group's or the project's page in GitLab; empty where the path cannot be one.
	URL string
	// Environments are the only ones in which it counts; none: all.
	Environments []string
	// MoreEnvironments is how many of them are not listed.
	MoreEnvironments int
	ProtectedRefs    bool
	// Notes are more words about it: the namespace, and who acts in the cluster.
	Notes   []string
	Verdict ConfigVerdict
}

// ConfigVerdict is what GitLab makes of a grant.
type ConfigVerdict struct {
	Effect ConfigEffect
	// Label is a word or two, Reason a sentence; empty where there is nothing to explain.
	Label, Reason string
	// AsFileTells says that the file grants it and GitLab says nothing of it.
	AsFileTells bool
}

// ConfigEffect is whether a grant counts.
type ConfigEffect string

// Whether a grant counts. Depends is on what the file does not tell.
const (
	EffectYes     ConfigEffect = "yes"
	EffectNo      ConfigEffect = "no"
	EffectDepends ConfigEffect = "depends"
)

func (e ConfigEffect) icon() IconName {
	switch e {
	case EffectYes:
		return IconConnected
	case EffectNo:
		return IconRefused
	default:
		return IconUnknown
	}
}

// none reports whether nobody is let in.
func (a ConfigAccess) none() bool { return len(a.Grants) == 0 }

func (g ConfigGrant) kind(l *i18n.Printer) string { return l.T("access.file." + string(g.Kind)) }

// refusal says that GitLab takes nothing of the file, and what the agent does then.
func (m ConfigModel) refusal(l *i18n.Printer) Notice {
	title := "access.file.refused_likely"
	if m.Certain {
		title = "access.file.refused"
	}
	return Notice{Kind: NoticeDanger, Title: l.T(title), Text: l.T("access.file.refused.text")}
}

func (g ConfigGrant) environments(l *i18n.Printer) string {
	names := g.Environments
	if g.MoreEnvironments > 0 {
		names = append(slices.Clone(names), l.N("access.file.more", g.MoreEnvironments))
	}
	return l.List(names)
}

// shows reports whether there is a file to lead to.
func (m ConfigModel) shows() bool { return m.State == ConfigPresent || m.State == ConfigBroken }
