package views

import (
	"github.com/a-h/templ"

	"gitlab-agent-portal/internal/i18n"
)

// Title names the page.
func (m *OutcomeModel) Title(l *i18n.Printer) string { return l.T("titles.outcome_unknown") }

// Page is the answer as a page.
func (m *OutcomeModel) Page(p Page) templ.Component { return OutcomePage(p, *m) }

// Dialog is the answer as the dialog holds it.
func (m *OutcomeModel) Dialog(p Page) templ.Component { return OutcomeDialog(p, *m) }

// revokeURL returns the addresses that revoke the tokens that were found.
func (m OutcomeModel) revokeURL(u URLs) func(token int64) string {
	plain := revokeURL(u, m.Project.ID, m.AgentID)
	return func(token int64) string { return m.From.On(plain(token)) }
}

// found says what a look at GitLab afterwards brought to light.
func (m OutcomeModel) found(l *i18n.Printer) string {
	switch {
	case m.AgentID == 0:
		return l.T("tokens.outcome.agent")
	case !m.Checked:
		return l.T("tokens.outcome.unchecked")
	case len(m.Candidates) == 0:
		return l.T("tokens.outcome.none")
	case len(m.Candidates) == 1:
		return l.T("tokens.outcome.one")
	default:
		return l.T("tokens.outcome.several")
	}
}

func (m OutcomeModel) crumbs(p Page) []Crumb {
	crumbs := []Crumb{projectsCrumb(p), m.Project.crumb(p)}
	if m.AgentID != 0 {
		crumbs = append(crumbs, agentCrumb(p, m.Project, m.AgentID, m.AgentName))
	}
	return crumbs
}
