package views

import (
	"slices"
	"strconv"
	"time"

	"gitlab-agent-portal/internal/i18n"
)

// FleetModel is the fleet page: every agent that the person may see, and what needs doing.
type FleetModel struct {
	Form FleetForm
	// Scan is the reading that is under way; nil when there is nothing to wait for.
	Scan *FleetScan
	// Read says that there is something to show; without it the page waits for Scan.
	Read bool
	// ReadAt is when it was read.
	ReadAt time.Time
	// RefreshURL reads everything again, CSVURL and JSONURL export what is filtered, UnfilteredURL
	// leaves no filter, VersionsURL tells the versions of the agents on screen (empty: nobody
	// may ask).
	RefreshURL, CSVURL, JSONURL, UnfilteredURL, VersionsURL string

	// Total counts all agents and Matched those that pass the filters.
	Total, Matched int
	Filtered       bool
	// AllStatuses and AnyAttention stand for all that follow them.
	AllStatuses, AnyAttention FleetFilter
	Statuses, Attention       []FleetFilter
	Columns                   []FleetColumn
	Rows                      []FleetRow
	Pager                     Pager
	Pictures                  FleetPictures

	Warnings []FleetWarning
	// MoreWarnings is how many there are beyond those listed.
	MoreWarnings int
	// Fallback is why the use of some tokens is unknown, as the catalogue names it; empty when
	// all is known.
	Fallback string
	// Projects says whether there are projects at all.
	Projects bool
}

// FleetForm is the search above the list.
type FleetForm struct {
	Search, Status, Attention, Group, Role, Sort string
	// Groups are the full paths to choose from.
	Groups []string
}

// FleetScan is a reading under way.
type FleetScan struct {
	// ProgressURL is the stream that tells how far it is, HereURL this page, to be asked for
	// again when it is done, and WaitURL the page that waits for it where there is no script.
	ProgressURL, HereURL, WaitURL string
	Done, Total                   int
}

// FleetFilter is a count that is a filter too.
type FleetFilter struct {
	// Name is a Status, a kind of attention, or empty for all of them.
	Name  string
	Count int
	// URL switches the filter on, or off when it is On.
	URL string
	On  bool
}

// FleetColumn is a column that can be sorted by.
type FleetColumn struct {
	Name string
	URL  string
	// Sorted is "ascending", "descending" or empty.
	Sorted string
}

// FleetRow is one agent of the list.
type FleetRow struct {
	ProjectID, AgentID int64
	// Group is the path before Project, the project's own, with the slash at its end.
	Group, Project, Agent string
	Status                Status
	LastContact           time.Time
	// Tokens is the number of active tokens, -1 when unknown.
	Tokens int
	// Oldest is when the oldest token was created; zero when unknown and without any.
	Oldest time.Time
	// Ref is the agent's name in a selection; empty where the person may not change it.
	Ref       string
	Attention []FleetDue
	// Act is what the person can do first; nil for nothing.
	Act *Action
}

// FleetDue is a kind of attention that an agent needs.
type FleetDue struct {
	Kind string
	// URL is where the person does something about it; empty where they cannot.
	URL string
}

// FleetWarning is a part of the fleet that could not be read.
type FleetWarning struct {
	// Kind is the reason as the catalogue names it.
	Kind string
	// ProjectID is 0 where the warning is not about one project.
	ProjectID int64
	Path      string
	RetryURL  string
}

// FleetVersions are the versions of agents on screen, ready to print, by agent.
type FleetVersions map[int64]string

// waiting reports whether the list itself is still to come.
func (m FleetModel) waiting() bool { return !m.Read && m.Scan != nil }

// selectable reports whether there is anything on the page to do something with.
func (m FleetModel) selectable() bool {
	return slices.ContainsFunc(m.Rows, func(r FleetRow) bool { return r.Ref != "" })
}

// found says how much the list holds, for people who hear the page change while they type.
func (m FleetModel) found(l *i18n.Printer) string { return l.N("fleet.found", m.Matched) }

// Title is what the filter selects.
func (f FleetFilter) title(l *i18n.Printer) string {
	switch {
	case f.Name == "":
		return l.T("fleet.all")
	case f.Name == "any":
		return l.T("fleet.any_attention")
	case isStatus(f.Name):
		return Status(f.Name).word(l)
	default:
		return l.T("attention." + f.Name)
	}
}

func isStatus(name string) bool {
	for _, status := range Statuses() {
		if string(status) == name {
			return true
		}
	}
	return false
}

// icon goes with the words.
func (f FleetFilter) icon() IconName {
	if isStatus(f.Name) {
		return Status(f.Name).icon()
	}
	return IconWarning
}

// shown reports whether a filter is worth its place: one that no agent passes is left out, unless it
// is on and has to be taken back.
func (f FleetFilter) shown() bool { return f.Count > 0 || f.On }

func (c FleetColumn) title(l *i18n.Printer) string { return l.T("fleet.column." + c.Name) }

// isNumber reports whether the column's cells are aligned as numbers.
func (c FleetColumn) isNumber() bool { return c.Name == "tokens" || c.Name == "age" }

// arrow shows the direction of the order.
func (c FleetColumn) arrow() IconName {
	if c.Sorted == "ascending" {
		return IconSortUp
	}
	return IconSortDown
}

// noContact tells an agent that was never in contact from one nobody knows about.
func (r FleetRow) noContact(l *i18n.Printer) string { return noContact(l, r.Status) }

// tokens is the number of tokens.
func (r FleetRow) tokens(l *i18n.Printer) string {
	if r.Tokens < 0 {
		return l.T("common.unknown")
	}
	return strconv.Itoa(r.Tokens)
}

// age is the age of the oldest token.
func (r FleetRow) age(l *i18n.Printer, now time.Time) string {
	age := now.Sub(r.Oldest)
	if age < time.Hour {
		return l.T("fleet.under_hour")
	}
	return Length(l, age)
}

// Length is a stretch of time in whole days, or in hours where it is less than two.
func Length(l *i18n.Printer, d time.Duration) string {
	const day = 24 * time.Hour
	if d < 2*day && d%day != 0 {
		return l.N("fleet.hours", int(max(d, 0)/time.Hour))
	}
	return l.N("fleet.days", int(max(d, 0)/day))
}

// ageSeconds is how long ago the fleet was read.
func (m FleetModel) ageSeconds(now time.Time) string {
	return strconv.Itoa(int(max(now.Sub(m.ReadAt), 0) / time.Second))
}

// age says how long ago the fleet was read.
func (m FleetModel) age(l *i18n.Printer, now time.Time) string {
	if age := now.Sub(m.ReadAt); age >= time.Second && age < time.Minute {
		return l.N("fleet.seconds_ago", int(age/time.Second))
	}
	return l.Ago(now, m.ReadAt)
}

// text says how far a reading is.
func (s FleetScan) text(l *i18n.Printer) string {
	if s.Total == 0 {
		return l.T("fleet.scan.listing")
	}
	return l.T("fleet.scan.progress", "Done", s.Done, "Total", s.Total)
}

// notice says why something is unknown.
func (m FleetModel) fallback(l *i18n.Printer) Notice {
	return Notice{Kind: NoticeInfo, Title: l.T("fleet.fallback.title"), Text: l.T("fleet.fallback." + m.Fallback)}
}

// why says what went wrong.
func (w FleetWarning) why(l *i18n.Printer) string { return l.T("fleet.warning." + w.Kind) }

// roles are the choices of the role filter.
func (f FleetForm) roles(l *i18n.Printer) []fleetOption {
	return []fleetOption{
		{"", l.T("fleet.role.any"), f.Role == ""},
		{"manage", l.T("projects.can_manage"), f.Role == "manage"},
		{"read", l.T("projects.read_only"), f.Role == "read"},
	}
}

// fleetOption is one choice of a filter.
type fleetOption struct {
	value, text string
	chosen      bool
}

// groups are the choices of the group filter; one that nobody offers stays while it is chosen.
func (f FleetForm) groups(l *i18n.Printer) []fleetOption {
	options := []fleetOption{{"", l.T("fleet.group.any"), f.Group == ""}}
	known := f.Group == ""
	for _, path := range f.Groups {
		options = append(options, fleetOption{path, path, path == f.Group})
		known = known || path == f.Group
	}
	if !known {
		options = append(options, fleetOption{f.Group, f.Group, true})
	}
	return options
}

// selectID is the id of the box that selects an agent. With it a list that is read again while
// somebody selects keeps what they selected.
func selectID(agent int64) string { return "s" + itoa(agent) }

// versionID is the id of the cell that an agent's version comes into.
func versionID(agent int64) string { return "v" + itoa(agent) }
