package views

import (
	"time"

	"github.com/a-h/templ"

	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/i18n"
)

// Action is where the form is sent to.
func (m *TokenRevokeModel) Action(u URLs) string {
	return u.TokenRevoke(m.Project.ID, m.AgentID, m.Token.ID)
}

// Title names the page.
func (m *TokenRevokeModel) Title(l *i18n.Printer) string {
	return l.T("titles.token_revoke", "Token", m.Token.Name)
}

// Page is the form as a page.
func (m *TokenRevokeModel) Page(p Page) templ.Component { return TokenRevokePage(p, *m) }

// Dialog is the form as the dialog holds it.
func (m *TokenRevokeModel) Dialog(p Page) templ.Component { return TokenRevokeDialog(p, *m) }

// Wrong reports whether there is something that keeps the form from being sent on.
func (m *TokenRevokeModel) Wrong() bool { return m.Notice != nil || m.Confirm.Error != "" }

// inUse reports whether the token is in use as far as anybody can tell: what stops then is to be seen
// before anything else.
func (m TokenRevokeModel) inUse(p Page) bool {
	return m.Token.UseKnown && !m.Token.LastUsedAt.IsZero() && p.Now.Sub(m.Token.LastUsedAt) < agent.ConnectedWithin
}

// consequence says what will stop working.
func (m TokenRevokeModel) consequence(p Page) string {
	switch {
	case m.IsSilent:
		return p.L.N("tokens.revoke.silent", int(m.Silent/time.Minute))
	case !m.Token.UseKnown:
		return p.L.T("tokens.revoke.usage_unknown")
	case m.Token.LastUsedAt.IsZero():
		return p.L.T("tokens.revoke.never_used")
	default:
		return p.L.T("tokens.revoke.used", "Ago", p.L.Ago(p.Now, m.Token.LastUsedAt))
	}
}

// confirmField asks for a name to be typed before something is taken away.
func confirmField(label []i18n.Part, invalid, name string, length int, typed Field) FieldProps {
	return FieldProps{
		Name: "confirm", Label: label, Field: typed, Max: length, Focus: true,
		Exactly: name, Invalid: invalid, Missing: invalid,
	}
}
