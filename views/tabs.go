package views

import "gitlab-agent-portal/internal/i18n"

// Tab is one part of a page. Where it Counts, Count says of how many things it consists.
type Tab struct {
	Text, URL string
	Counts    bool
	Count     int
	Current   bool
}

// Title tells the page from its other tabs, and from those of agents with the same name.
func (m AgentModel) Title(l *i18n.Printer) string {
	title := m.Name + " · " + m.Project.Name
	if m.Tab == "activity" || m.Tab == "connect" {
		return m.tabName(l) + " · " + title
	}
	return title
}

// tabs are the parts of an agent's page.
func (m AgentModel) tabs(p Page) []Tab {
	tab := func(name, text string) Tab {
		return Tab{Text: text, URL: p.U.Agent(m.Project.ID, m.ID, name), Current: m.Tab == name}
	}
	tokens := tab("", p.L.T("tokens.tab"))
	tokens.Counts, tokens.Count = true, len(m.Tokens)
	tokens.Current = m.Tab != "activity" && m.Tab != "connect"
	return []Tab{tokens, tab("activity", p.L.T("activity.heading")), tab("connect", p.L.T("connect.tab"))}
}
