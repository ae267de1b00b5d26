package views

import (
	"strconv"
	"time"

	"gitlab-agent-portal/internal/history"
	"gitlab-agent-portal/internal/i18n"
)

// ReportQuery says what a report is about.
type ReportQuery struct {
	// Scope and Group are those of the fleet; both may be empty.
	Scope, Group string
	// Month is YYYY-MM, as it was typed; empty for this one.
	Month string
}

// ReportModel is how the agents of a group did in a month.
type ReportModel struct {
	// Off says that there is no watch, and Reading that the projects are still being read; then the rest is empty.
	Off, Reading bool
	Query        ReportQuery
	// Wrong says what is wrong with the month; then there are no rows.
	Wrong string
	// Groups are the full paths to choose from.
	Groups []string
	// Month is when the month begins, in UTC, and Until its end, or now for the one that is not over.
	Month, Until time.Time
	// Last is the month that it is now, as addresses have it.
	Last string
	// Began is when the watch began, if that was after the month's beginning; else zero.
	Began time.Time
	// PrevURL and NextURL lead to other months; empty at the ends.
	PrevURL, NextURL, CSVURL string
	Totals                   ReportTotals
	Rows                     []ReportRow
	// More is how many agents there are beyond the rows.
	More int
	// MaxAgents is, unless 0, how many agents are looked at, of more.
	MaxAgents int
}

// ReportTotals are of all agents of a report.
type ReportTotals struct {
	history.Sums
	Agents int
	// Created and Revoked count tokens, Rotated those that took another's place, and Alerts those that opened.
	Created, Revoked, Rotated, Alerts int
	// Oldest is when the oldest token was created; zero for none.
	Oldest time.Time
}

// ReportRow is one agent of a report.
type ReportRow struct {
	AgentID, ProjectID     int64
	AgentName, ProjectPath string
	history.Sums
	Created, Revoked, Alerts int
	// Oldest is when the oldest of its present tokens was created; zero for none.
	Oldest time.Time
	// GoneAt is when the agent was deleted; zero while it is there.
	GoneAt time.Time
}

// Rotated is how many tokens took the place of others.
func (r ReportRow) Rotated() int { return min(r.Created, r.Revoked) }

// monthWord names the month with its year.
func monthWord(l *i18n.Printer, month time.Time) string {
	return l.T("report.month."+strconv.Itoa(int(month.Month())), "Year", month.Year())
}

// exports reports whether there is anything to put into a file.
func (m ReportModel) exports() bool { return m.CSVURL != "" && m.Totals.Agents > 0 }

// isOver reports whether nothing can be added to the month.
func (m ReportModel) isOver() bool { return !m.Until.Before(m.Month.AddDate(0, 1, 0)) }

// groups are the choices of the group; one that nobody offers stays while it is chosen.
func (m ReportModel) groups(l *i18n.Printer) []fleetOption {
	form := FleetForm{Groups: m.Groups}
	form.Group = m.Query.Group
	return form.groups(l)
}

// oldest is how old the oldest token is; empty for none.
func oldest(l *i18n.Printer, now, created time.Time) string {
	if created.IsZero() {
		return ""
	}
	return Length(l, max(now.Sub(created), time.Minute))
}
