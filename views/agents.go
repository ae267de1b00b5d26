package views

import "gitlab-agent-portal/internal/i18n"

// projectsCrumb leads to the list of projects.
func projectsCrumb(p Page) Crumb {
	return Crumb{Text: p.L.T("common.projects"), URL: p.U.Projects("", 1)}
}

// crumb leads to the project's agents.
func (m Project) crumb(p Page) Crumb {
	return Crumb{Text: m.Name, URL: p.U.Agents(m.ID, 1)}
}

// why says in a sentence why a person may only read.
func (m Access) why(l *i18n.Printer) string {
	switch m.Reason {
	case ReasonArchived:
		return l.T("agents.access.archived")
	case ReasonPortal:
		return l.T("agents.access.portal")
	default:
		return l.T("agents.access.role")
	}
}

// noContact tells an agent that was never in contact from one nobody knows about.
func (m AgentRow) noContact(l *i18n.Printer) string { return noContact(l, m.Status) }

func noContact(l *i18n.Printer, s Status) string {
	if s == StatusUnknown {
		return l.T("common.unknown")
	}
	return l.T("common.never")
}
