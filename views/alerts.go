package views

import (
	"strconv"
	"time"

	"gitlab-agent-portal/internal/alert"
	"gitlab-agent-portal/internal/fleet"
	"gitlab-agent-portal/internal/i18n"
)

// AlertsResolved is the value of AlertsQuery.State for alerts that are over.
const AlertsResolved = "resolved"

// AlertsQuery is what the list of alerts is narrowed down to, as the address has it.
type AlertsQuery struct {
	// State is AlertsResolved, or empty for alerts that are open.
	State string
	// Kind, Severity and Group, a group's full path, are empty for all, and Agent is 0.
	Kind     alert.Kind
	Severity alert.Severity
	Group    string
	Agent    int64
	// After is where the page begins; empty for the first one.
	After string
}

// pairs are the names and values of the query in the address.
func (q AlertsQuery) pairs() []string {
	return []string{
		"state", q.State, "kind", string(q.Kind), "severity", string(q.Severity), "group", q.Group, "agent", numberValue(q.Agent), "after", q.After,
	}
}

// resolved reports whether the alerts are over.
func (q AlertsQuery) resolved() bool { return q.State == AlertsResolved }

// isNarrowed reports whether the list shows less than everything of its state.
func (q AlertsQuery) isNarrowed() bool { return q.all() != q }

// all is the query without its filters.
func (q AlertsQuery) all() AlertsQuery { return AlertsQuery{State: q.State} }

// inState is the query for the alerts of another state.
func (q AlertsQuery) inState(state string) AlertsQuery {
	q.State, q.After = state, ""
	return q
}

// AlertsModel is the list of alerts.
type AlertsModel struct {
	Query AlertsQuery
	// Scan is the reading of the person's projects that is under way; nil when there is nothing to
	// wait for.
	Scan *FleetScan
	// Read says that the projects are known, and Partial that they are those that Scan has read so far.
	Read, Partial bool
	// Gaps say why projects may be missing, or what may be done with their alerts.
	Gaps []FleetWarning
	// Groups are the full paths to choose from.
	Groups []string
	Rows   []AlertRow
	// NextURL leads to what follows; empty at the end.
	NextURL string
	// Watch is how the watch's readings go; nil where that could not be found out.
	Watch *alert.Status
	// NoProjects says that the person sees the agents of no project.
	NoProjects bool
}

// AlertRow is one alert of the list.
type AlertRow struct {
	alert.Alert
	// Gone says that there is no such agent any more, so that nothing leads to it.
	Gone bool
	// Manageable says that the person may look after it, by what is known of their rights.
	Manageable bool
	// Next is what the person can do about it; nil for nothing.
	Next *Action
	// WithdrawNonce is for the form that takes an acknowledgement back.
	WithdrawNonce string
}

// waiting reports whether the list itself is still to come.
func (m AlertsModel) waiting() bool { return !m.Read && m.Scan != nil }

// tabs are the states of alerts.
func (m AlertsModel) tabs(p Page) []TabLink {
	link := func(state, text string) TabLink {
		return TabLink{Text: text, URL: p.U.Alerts(m.Query.inState(state)), Current: m.Query.State == state}
	}
	return []TabLink{link("", p.L.T("alerts.open")), link(AlertsResolved, p.L.T("alerts.resolved"))}
}

// found says how much the list holds, for people who hear the page change.
func (m AlertsModel) found(l *i18n.Printer) string { return l.N("alerts.found", len(m.Rows)) }

// reading says how the watch's readings go.
func (m AlertsModel) reading(l *i18n.Printer, now time.Time) string {
	switch {
	case m.Watch == nil:
		return l.T("alerts.watch.unknown")
	case m.Watch.ReadAt.IsZero():
		return l.T("alerts.watch.never")
	default:
		return l.T("alerts.watch.read", "Ago", l.Ago(now, m.Watch.ReadAt))
	}
}

// failing says that what is shown may be out of date.
func (m AlertsModel) failing(l *i18n.Printer, now time.Time) Notice {
	return Notice{
		Kind: NoticeWarning, Title: l.T("alerts.watch.failing.title", "Length", Length(l, now.Sub(m.Watch.FailingSince))),
		Text: l.T("alerts.watch.failing.text"),
	}
}

// isFailing reports whether the watch's readings fail.
func (m AlertsModel) isFailing() bool { return m.Watch != nil && m.Watch.Failing() }

// gap says what may be missing, and why.
func (w FleetWarning) gap(l *i18n.Printer) Notice {
	notice := Notice{Kind: NoticeWarning, Title: l.T("alerts.partial.title"), Text: w.why(l)}
	if w.Kind == fleet.RolesUnknown {
		notice.Title = l.T("alerts.roles.title")
	}
	return notice
}

// alertKind is the kind in a word or two.
func alertKind(l *i18n.Printer, kind alert.Kind) string { return l.T("alerts.kind." + string(kind)) }

func alertSeverity(l *i18n.Printer, severity alert.Severity) string {
	return l.T("alerts.severity." + string(severity))
}

func severityIcon(severity alert.Severity) IconName {
	switch severity {
	case alert.Critical:
		return IconCritical
	case alert.Warning:
		return IconWarning
	default:
		return IconInfo
	}
}

// alertSays is what an alert tells of as a sentence, in which the place {{.When}} stands for how long ago
// it began and {{.Day}} for its day.
func alertSays(l *i18n.Printer, kind alert.Kind) []i18n.Part {
	return l.Parts("alerts.says." + string(kind))
}

// began is when what an alert tells of began, as far as that is known.
func began(a alert.Alert) time.Time {
	if a.Since.IsZero() {
		return a.OpenedAt
	}
	return a.Since
}

// lasted is for how long an alert was open.
func lasted(l *i18n.Printer, a alert.Alert) string { return Length(l, a.ResolvedAt.Sub(a.OpenedAt)) }

// alertAnchor is the place in its page of an alert.
func alertAnchor(a alert.Alert) string { return "alert-" + strconv.FormatInt(a.ID, 10) }

// ofWatch reports whether the alert is about the watch itself.
func (r AlertRow) ofWatch() bool { return r.Kind.OfWatch() }

// whyNot says who may look after an alert.
func (r AlertRow) whyNot(l *i18n.Printer) string {
	if r.ofWatch() {
		return l.T("alerts.why_not.watch")
	}
	return l.T("alerts.why_not")
}

// alertCount is the number beside the navigation's entry, in the room that there is for it.
func (p Page) alertCount() string {
	if p.Alerts > maxAlertCount {
		return strconv.Itoa(maxAlertCount) + "+"
	}
	return strconv.Itoa(p.Alerts)
}

const maxAlertCount = 99

// alertKinds names the kinds of an agent's open alerts.
func (m AgentModel) alertKinds(l *i18n.Printer) string {
	words := make([]string, len(m.Alerts))
	for i, one := range m.Alerts {
		words[i] = alertKind(l, one.Kind)
	}
	return l.List(words)
}
