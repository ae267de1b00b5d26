package views

import (
	"net/url"

	"gitlab-agent-portal/internal/i18n"
)

// gitLabURL is the agent's page in GitLab, which knows agents by name.
func (m AgentModel) gitLabURL() string {
	return m.Project.URL + "/-/cluster_agents/" + url.PathEscape(m.Name)
}

func (m AgentModel) tabName(l *i18n.Printer) string {
	switch m.Tab {
	case TabActivity:
		return l.T("activity.heading")
	case TabConnect:
		return l.T("connect.tab")
	case TabPods:
		return l.T("pods.tab")
	case TabUse:
		return l.T("use.tab")
	case TabAccess:
		return l.T("access.tab")
	case TabHistory:
		return l.T("history.heading")
	default:
		return l.T("tokens.tab")
	}
}

// rule says how the agent's status came about.
func (m AgentModel) rule(p Page) string {
	if m.SeenRevoked() {
		return p.L.T("status.not_connected.revoked")
	}
	return statusRule(p.L, m.Status(p.Now))
}

// top is the first step on the way to the page: the list that the person came from.
func (m AgentModel) top(p Page) Crumb { return topCrumb(p, m.Back) }

// topCrumb leads to the fleet that the person came from; where they did not, to the projects.
func topCrumb(p Page, back string) Crumb {
	if back != "" {
		return fleetCrumb(p, back)
	}
	return projectsCrumb(p)
}

// at is an address about the agent that goes on knowing where it is installed.
func (m AgentModel) at(address string) string { return atPlace(address, m.Place) }

// agentCrumb leads to an agent's page.
func agentCrumb(p Page, project Project, agent int64, name string) Crumb {
	return Crumb{Text: name, URL: p.U.Agent(project.ID, agent, "")}
}
