package views

import "gitlab-agent-portal/internal/i18n"

// UseModel is how people and pipelines use the cluster of an agent, as far as its configuration lets
// them.
type UseModel struct {
	// Known says that GitLab's metadata could be read, KASEnabled that its agent server is on.
	Known, KASEnabled bool
	// ProxyURL is where kubectl reaches the cluster through GitLab; empty where GitLab does not say.
	ProxyURL string
	// TokenForm is what GitLab takes there for a personal access token.
	TokenForm string
	// CAFile is where the commands expect the certificate of a private authority; empty where none
	// is needed.
	CAFile string
	// Context is what jobs call the cluster.
	Context string

	Config ConfigModel
	People UsePart
	// Pipelines are those of other projects: those of the agent's own may always use it.
	Pipelines UsePart
}

// UsePart is what one kind of access needs.
type UsePart struct {
	Steps []Snippet
	// Grant is what to write into the configuration file, where Granted is GrantedNobody; nil where
	// nothing can be granted.
	Grant *Snippet
	// Granted says whether the configuration lets anybody in.
	Granted Granted
}

// Granted is whether an agent's configuration lets anybody in. Its text is its name in catalogues.
type Granted string

// Whether anybody is let in.
const (
	GrantedSome    Granted = "some"
	GrantedNobody  Granted = "nobody"
	GrantedDepends Granted = "depends" // on an administrator
	GrantedUnknown Granted = "unknown"
)

// GrantedBy is what a configuration file says of one of its lists. One that GitLab refuses leaves in
// force what was there before, which nobody can see.
func GrantedBy(config ConfigModel, access ConfigAccess) Granted {
	switch config.State {
	case ConfigAbsent:
		return GrantedNobody
	case ConfigPresent:
		return access.granted()
	default:
		return GrantedUnknown
	}
}

func (a ConfigAccess) granted() Granted {
	best := GrantedNobody
	if a.More > a.MoreDropped {
		return GrantedSome
	}
	for _, grant := range a.Grants {
		switch grant.Verdict.Effect {
		case EffectYes:
			return GrantedSome
		case EffectDepends:
			if grant.Verdict.AsFileTells {
				return GrantedSome
			}
			best = GrantedDepends
		case EffectNo:
		}
	}
	return best
}

// shows reports whether the steps are of use to anybody.
func (u UsePart) shows() bool { return u.Granted != GrantedNobody }

// doubt says why it is not certain that anybody is let in; nil where it is.
func (u UsePart) doubt(l *i18n.Printer, what string) *Notice {
	if u.Granted == GrantedSome || u.Granted == GrantedNobody {
		return nil
	}
	return &Notice{Kind: NoticeWarning, Title: l.T("use." + what + "." + string(u.Granted)), Text: l.T("use." + string(u.Granted) + ".text")}
}

// trouble says what keeps everybody from using it now.
func (m UseModel) trouble(l *i18n.Printer) *Notice {
	switch {
	case !m.Known:
		return &Notice{Kind: NoticeWarning, Title: l.T("use.kas_unknown.title"), Text: l.T("use.kas_unknown.text")}
	case !m.KASEnabled:
		return &Notice{Kind: NoticeWarning, Title: l.T("connect.kas_off.title"), Text: l.T("use.kas_off.text")}
	default:
		return nil
	}
}
