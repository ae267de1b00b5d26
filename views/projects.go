package views

import (
	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/i18n"
)

// heading names the list by what it is for.
func (m ProjectsModel) heading(l *i18n.Printer) string {
	if m.Register {
		return l.T("projects.register.heading")
	}
	return l.T("projects.heading")
}

// listURL is the list of all projects, for the same purpose.
func (m ProjectsModel) listURL(u URLs) string {
	if m.Register {
		return u.ProjectsToRegister("", 1)
	}
	return u.Projects("", 1)
}

// rowURL is where the name of a project leads; empty where an agent cannot be registered.
func (m ProjectsModel) rowURL(u URLs, project agent.Project) string {
	switch {
	case !m.Register:
		return u.Agents(project.ID, 1)
	case project.Access.CanManage():
		return u.AgentNew(project.ID)
	default:
		return ""
	}
}

// found says how much the list holds, for people who hear the page change while they type.
func (m ProjectsModel) found(l *i18n.Printer) string {
	if m.Pager.Total > len(m.Projects) {
		return l.N("projects.found", m.Pager.Total)
	}
	return l.N("projects.found", len(m.Projects))
}
