package views

import "gitlab-agent-portal/internal/i18n"

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
