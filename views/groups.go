package views

import "gitlab-agent-portal/internal/i18n"

// FleetScope is a choice of which projects' agents the fleet shows.
type FleetScope struct {
	Text, URL string
	On        bool
	// Group is the full path of the group that was chosen; empty for none.
	Group string
}

// GroupsModel is the list of groups, to choose one from.
type GroupsModel struct {
	Query  string
	Groups []GroupRow
	Pager  Pager
}

// GroupRow is one group of the list.
type GroupRow struct {
	// Name is its own, Path the full one with the groups above, and URL shows its agents.
	Name, Path, URL string
}

// found says how much the list holds, for people who hear the page change while they type.
func (m GroupsModel) found(l *i18n.Printer) string {
	return l.N("groups.found", max(m.Pager.Total, len(m.Groups)))
}
