package views

import (
	"slices"

	"gitlab-agent-portal/internal/i18n"
)

// Tab is a part of an agent's page, by its name in addresses.
type Tab string

// The tabs of an agent's page.
const (
	TabTokens   Tab = "tokens"
	TabActivity Tab = "activity"
	TabConnect  Tab = "connect"
	TabPods     Tab = "pods"
	TabUse      Tab = "use"
	TabAccess   Tab = "access"
	TabHistory  Tab = "history" // only where there is a watch
)

// ParseTab is the tab of that name; an unknown one is the first.
func ParseTab(name string) Tab {
	switch tab := Tab(name); tab {
	case TabActivity, TabConnect, TabPods, TabUse, TabAccess, TabHistory:
		return tab
	default:
		return TabTokens
	}
}

// TabLink leads to one part of a page. Where it Counts, Count says of how many things it consists.
type TabLink struct {
	Text, URL string
	Counts    bool
	Count     int
	Current   bool
}

// Title tells the page from its other tabs, and from those of agents with the same name.
func (m AgentModel) Title(l *i18n.Printer) string {
	title := m.Name + " · " + m.Project.Name
	if m.Tab != TabTokens {
		return m.tabName(l) + " · " + title
	}
	return title
}

// tabs are the parts of an agent's page.
func (m AgentModel) tabs(p Page) []TabLink {
	link := func(tab Tab, text string) TabLink {
		return TabLink{Text: text, URL: m.at(p.U.Agent(m.Project.ID, m.ID, tab)), Current: m.Tab == tab}
	}
	tokens := link(TabTokens, p.L.T("tokens.tab"))
	tokens.Counts, tokens.Count = true, len(m.Tokens)
	list := []TabLink{
		tokens, link(TabPods, p.L.T("pods.tab")), link(TabActivity, p.L.T("activity.heading")), link(TabAccess, p.L.T("access.tab")),
		link(TabConnect, p.L.T("connect.tab")), link(TabUse, p.L.T("use.tab")),
	}
	if p.Watched {
		list = slices.Insert(list, 3, link(TabHistory, p.L.T("history.heading")))
	}
	return list
}
