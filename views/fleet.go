package views

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/fleet"
	"gitlab-agent-portal/internal/i18n"
)

// FleetModel is the fleet page: every agent that the person may see, and what needs doing.
type FleetModel struct {
	// Scopes are the choices of whose agents to show.
	Scopes []FleetScope
	// OwnOnly says that everything is no more than the person's own projects.
	OwnOnly bool
	Form    FleetForm
	// Scan is the scan that is under way; nil when there is nothing to wait for.
	Scan *FleetScan
	// Read says that there is something to show; without it the page waits for Scan.
	Read bool
	// HereURL is this list, to be asked for again, and Tag what it shows; Tag is empty for a list that is
	// still being read.
	HereURL, Tag string
	// Partial says that the list is what Scan has read so far.
	Partial bool
	// ReadAt is when it was read.
	ReadAt time.Time
	// RefreshURL reads everything again, CSVURL and JSONURL export what is filtered, UnfilteredURL
	// leaves no filter.
	RefreshURL, CSVURL, JSONURL, UnfilteredURL string
	// PrintURL is the page with all rows that match, and their times as points in time.
	PrintURL string

	// RegisterURL leads to where an agent is registered; empty for who may not.
	RegisterURL string
	// Down counts the agents that went down within a day, whatever the filters are.
	Down int
	// Charts says that the person wants to see the pictures.
	Charts bool

	// Total counts all agents and Matched those that pass the filters.
	Total, Matched int
	Filtered       bool
	// AllStatuses and AnyAttention stand for all that follow them.
	AllStatuses, AnyAttention FleetFilter
	// DownToday selects what went down within a day.
	DownToday           FleetFilter
	Statuses, Attention []FleetFilter
	Columns             []FleetColumn
	Rows                []FleetRow
	Pager               Pager
	Pictures            FleetPictures
	// Selectable counts those that match and may be selected, on all pages.
	Selectable int
	// Cleanup leads with all of them to what the filter is about; nil for nothing.
	Cleanup *Action

	Warnings []FleetWarning
	// MoreWarnings is how many there are beyond those listed.
	MoreWarnings int
	// Fallback is why the use of some tokens is unknown; FallbackNone when all is known.
	Fallback agent.Fallback
	// Projects says whether there are projects at all.
	Projects bool
}

// FleetForm is the search above the list.
type FleetForm struct {
	fleet.Query
	// Groups are the full paths to choose from.
	Groups []string
}

// FleetScan is a scan under way.
type FleetScan struct {
	// ProgressURL is the stream that tells how far it is, HereURL this page, to be asked for
	// again when it is done, and WaitURL the page that waits for it where there is no script.
	ProgressURL, HereURL, WaitURL string
	fleet.Progress
}

// FleetColumn is a column that can be sorted by.
type FleetColumn struct {
	fleet.Column
	URL string
	// Sorted is empty unless the list is sorted by the column.
	Sorted fleet.Direction
}

// FleetRow is one agent of the list.
type FleetRow struct {
	fleet.Row
	// Ref is the agent's name in a selection; empty where the person may not change it.
	Ref string
	// DueURLs are where the person does something about each of the rules that are due; empty
	// where they cannot.
	DueURLs map[agent.Rule]string
	// Act is what the person can do first; nil for nothing.
	Act *Action
	// History is the agent's past; nil where the watch does not know the agent, or there is none.
	History *FleetHistory
}

// FleetWarning is a part of the fleet that could not be read.
type FleetWarning struct {
	fleet.Warning
	RetryURL string
	// Max is how many projects are read.
	Max int
}

// waiting reports whether the list itself is still to come.
func (m FleetModel) waiting() bool { return !m.Read && m.Scan != nil }

// selectable reports whether there is anything on the page to do something with.
func (m FleetModel) selectable() bool {
	return slices.ContainsFunc(m.Rows, func(r FleetRow) bool { return r.Ref != "" })
}

// found says how much the list holds, for people who hear the page change while they type.
func (m FleetModel) found(l *i18n.Printer) string { return l.N("fleet.found", m.Matched) }

func attentionWord(l *i18n.Printer, rule agent.Rule) string { return l.T("attention." + string(rule)) }

func (c FleetColumn) title(l *i18n.Printer) string { return l.T("fleet.column." + string(c.Column)) }

// isNumber reports whether the column's cells are aligned as numbers.
func (c FleetColumn) isNumber() bool { return c.Column == fleet.ByTokens || c.Column == fleet.ByAge }

// arrow shows the direction of the order.
func (c FleetColumn) arrow() IconName {
	if c.Sorted == fleet.Ascending {
		return IconSortUp
	}
	return IconSortDown
}

// project is the project's own part of its path, and groups what comes before, with the slash at
// its end.
func (r FleetRow) project() string { return r.Project.Path[len(r.groups()):] }

func (r FleetRow) groups() string {
	return r.Project.Path[:strings.LastIndexByte(r.Project.Path, '/')+1]
}

// tokens is the number of tokens.
func (r FleetRow) tokens(l *i18n.Printer) string {
	if !r.TokensRead() {
		return l.T("common.unknown")
	}
	return strconv.Itoa(r.TokenCount)
}

// age is the age of the oldest token.
func (r FleetRow) age(l *i18n.Printer, now time.Time) string {
	age := now.Sub(r.OldestToken())
	if age < time.Hour {
		return l.T("fleet.under_hour")
	}
	return Length(l, age)
}

// ageSeconds is how long ago the fleet was read.
func (m FleetModel) ageSeconds(now time.Time) string {
	return strconv.Itoa(int(max(now.Sub(m.ReadAt), 0) / time.Second))
}

// justNow is below what age seconds are not worth counting; the script counts from there on, too.
const justNow = 10 * time.Second

// age says how long ago the fleet was read.
func (m FleetModel) age(l *i18n.Printer, now time.Time) string {
	switch age := now.Sub(m.ReadAt); {
	case age < justNow:
		return l.Ago(now, now)
	case age < time.Minute:
		return l.N("fleet.seconds_ago", int(age/time.Second))
	default:
		return l.Ago(now, m.ReadAt)
	}
}

// progressText says how far a scan is.
func progressText(l *i18n.Printer, at fleet.Progress) string {
	switch {
	case at.Waiting && at.Ahead == 0:
		return l.T("fleet.scan.next")
	case at.Waiting:
		return l.N("fleet.scan.ahead", at.Ahead)
	case at.Total == 0:
		return l.T("fleet.scan.listing")
	default:
		return l.T("fleet.scan.progress", "Done", at.Done, "Total", at.Total)
	}
}

// fallback says why something is unknown.
func (m FleetModel) fallback(l *i18n.Printer) Notice {
	return Notice{Kind: NoticeInfo, Title: l.T("fleet.fallback.title"), Text: l.T("fleet.fallback." + m.Fallback.String())}
}

// why says what went wrong.
func (w FleetWarning) why(l *i18n.Printer) string {
	if w.Lasting {
		return l.T("fleet.warning.list_too_long", "Max", w.Max)
	}
	return l.T("fleet.warning." + w.Kind.String())
}

// roles are the choices of the role filter.
func (f FleetForm) roles(l *i18n.Printer) []fleetOption {
	return []fleetOption{
		{"", l.T("fleet.role.any"), f.Role == ""},
		{string(fleet.RoleManage), l.T("projects.can_manage"), f.Role == fleet.RoleManage},
		{string(fleet.RoleRead), l.T("projects.read_only"), f.Role == fleet.RoleRead},
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
