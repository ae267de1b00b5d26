package views

import "gitlab-agent-portal/internal/i18n"

// found says how much the list holds, for people who hear the page change while they type.
func (m ProjectsModel) found(l *i18n.Printer) string {
	if m.Pager.Total > len(m.Projects) {
		return l.N("projects.found", m.Pager.Total)
	}
	return l.N("projects.found", len(m.Projects))
}
