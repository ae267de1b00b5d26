package views

import (
	"slices"

	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/i18n"
)

// projectsCrumb leads to the list of projects.
func projectsCrumb(p Page) Crumb {
	return Crumb{Text: p.L.T("common.projects"), URL: p.U.Projects("", 1)}
}

// fleetCrumb leads to the fleet, as it was filtered.
func fleetCrumb(p Page, address string) Crumb {
	return Crumb{Text: p.L.T("fleet.heading"), URL: address}
}

// crumb leads to the project's agents.
func (m Project) crumb(p Page) Crumb {
	return Crumb{Text: m.Name, URL: p.U.Agents(m.ID, 1)}
}

// canManage reports whether changes are offered.
func (m Project) canManage() bool { return m.Access.CanManage() }

// membersURL is GitLab's page with the project's members, where a Maintainer is found.
func (m Project) membersURL() string { return m.URL + "/-/project_members" }

// why says in a sentence why a person may only read.
func (m Project) why(l *i18n.Printer) string { return l.T("agents.access." + string(m.Access)) }

// readOnlyReason says in a list why a project takes no changes; empty where the role alone is not
// enough, which is what most of them have.
func readOnlyReason(l *i18n.Printer, access agent.Access) string {
	switch access {
	case agent.AccessAncestor, agent.AccessDeletion, agent.AccessFrozen, agent.AccessInfrastructure, agent.AccessRepository:
		return l.T("agents.access." + string(access))
	default:
		return ""
	}
}

// partial reports whether status, tokens and creators could not all be read.
func (m AgentsModel) partial() bool {
	return slices.ContainsFunc(m.Agents, func(a agent.Agent) bool { return !a.UseKnown() })
}

// noContact tells an agent that was never in contact from one nobody knows about.
func noContact(l *i18n.Printer, s agent.Status) string {
	if s == agent.StatusUnknown {
		return l.T("common.unknown")
	}
	return l.T("common.never")
}

// personName is what a person is called who made an agent or a token, or the number that GitLab
// knows them by; empty when GitLab forgot.
func personName(l *i18n.Printer, person agent.Person) string {
	if person.Name == "" && person.ID != 0 {
		return l.T("people.numbered", "Number", person.ID)
	}
	return person.Name
}
