package views

import (
	"time"

	"github.com/a-h/templ"

	"gitlab-agent-portal/internal/i18n"
)

// TokenGoneModel says that a token was revoked by somebody already.
type TokenGoneModel struct {
	// Agent is the agent as it is now.
	Agent AgentModel
	// Name is the token's, and By the username of who revoked it, at At; any of them may not be known.
	Name, By string
	At       time.Time
	// From is the page that the form was opened from.
	From Origin
}

// Title names the page.
func (m *TokenGoneModel) Title(l *i18n.Printer) string {
	return l.T("titles.token_revoke", "Token", m.Name)
}

// Page is the news as a page.
func (m *TokenGoneModel) Page(p Page) templ.Component { return TokenGonePage(p, *m) }

// Dialog is the news as the dialog holds it.
func (m *TokenGoneModel) Dialog(p Page) templ.Component { return TokenGoneDialog(p, *m) }

// by says who it was, as far as that is known.
func (m TokenGoneModel) by(l *i18n.Printer) []i18n.Part {
	if m.By == "" {
		return l.Parts("tokens.gone.somebody", "Token", m.Name)
	}
	return l.Parts("tokens.gone.by", "Token", m.Name, "Person", "@"+m.By)
}
