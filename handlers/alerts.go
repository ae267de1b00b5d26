package handlers

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"gitlab-agent-portal/internal/agentread"
	"gitlab-agent-portal/internal/alert"
	"gitlab-agent-portal/internal/alert/alerts"
	"gitlab-agent-portal/views"
)

const (
	alertsPerPage = 50
	// maxAgentAlerts is more than there are kinds of alerts about one agent.
	maxAgentAlerts = 20
)

// alertList lists the alerts about the person's own projects, as far as these are known: like the first
// page, it never waits for the reading of them.
func (h *Handlers) alertList(w http.ResponseWriter, r *http.Request, s *session) error {
	if h.Alerts == nil {
		return h.render(w, r, http.StatusOK, views.AlertsOffPage(h.alertsPage(w, r, printer(r).T("titles.alerts"))), nil)
	}
	view, err := h.viewFor(r, s, viewerOf(s), r.URL.Query().Has(paramWait))
	if err != nil {
		return err
	}
	model, err := h.alertsModel(r, s, view)
	if err != nil {
		return err
	}
	p := h.alertsPage(w, r, printer(r).T("titles.alerts"))
	if model.Scan != nil {
		p.WaitURL = model.Scan.WaitURL
	}
	return h.render(w, r, http.StatusOK, views.AlertsPage(p, model), views.AlertsList(p, model))
}

// alertsPage is the chrome of everything about alerts.
func (h *Handlers) alertsPage(w http.ResponseWriter, r *http.Request, title string) views.Page {
	p := h.page(w, r, title)
	p.Section = "alerts"
	return p
}

// alertsQuery reads what the list is to be narrowed down to. What makes no sense narrows nothing.
func alertsQuery(values url.Values) views.AlertsQuery {
	agent, err := strconv.ParseInt(values.Get("agent"), 10, 64)
	if err != nil || agent < 0 {
		agent = 0
	}
	query := views.AlertsQuery{
		State: values.Get("state"), Kind: alert.Kind(values.Get("kind")), Severity: alert.Severity(values.Get("severity")),
		Group: strings.Trim(values.Get("group"), "/"), Agent: agent, After: values.Get("after"),
	}
	if query.State != views.AlertsResolved {
		query.State = ""
	}
	if !slices.Contains(alert.Kinds(), query.Kind) {
		query.Kind = ""
	}
	if !slices.Contains(alert.Severities(), query.Severity) {
		query.Severity = ""
	}
	if len(query.Group) > maxTextParam {
		query.Group = ""
	}
	if _, ok := parseIDs(query.After, 2); !ok {
		query.After = ""
	}
	return query
}

// alertsAsked is the query for the page of alerts that an address asks for, without the projects.
func alertsAsked(query views.AlertsQuery) alerts.PageQuery {
	asked := alerts.PageQuery{
		ProjectsOnly: query.Group != "", Resolved: query.State == views.AlertsResolved,
		Kind: query.Kind, Severity: query.Severity, Agent: query.Agent, Limit: alertsPerPage,
	}
	if after, ok := parseIDs(query.After, 2); ok {
		asked.After = alerts.Place{Rank: after[0], ID: after[1]}
	}
	return asked
}

// agentAlerts are the open alerts of an agent that GitLab has shown to the person. A database that does
// not answer is no reason to show no page, and a part of the page shows none.
func (h *Handlers) agentAlerts(r *http.Request, found agentread.ProjectAgent) []alert.Alert {
	if h.Alerts == nil || isFragment(r) {
		return nil
	}
	open, _, err := h.Alerts.List(r.Context(), alerts.Query{Projects: []int64{found.Project.ID}, Agent: found.Agent.ID, Limit: maxAgentAlerts})
	if err != nil {
		h.Log.WarnContext(r.Context(), "reading the alerts of an agent", "request_id", stateOf(r).id, "error", err)
	}
	return open
}

// watchStatus is how the watch's readings go; nil where that cannot be found out.
func (h *Handlers) watchStatus(r *http.Request) *alert.Status {
	if h.WatchStatus == nil {
		return nil
	}
	status, err := h.WatchStatus(r.Context())
	if err != nil {
		h.Log.WarnContext(r.Context(), "looking how the watch's readings go", "request_id", stateOf(r).id, "error", err)
		return nil
	}
	return &status
}

// alertsOver says that there is nothing left to look after: in place of the form where there is one, with
// the list as it is by now.
func (h *Handlers) alertsOver(w http.ResponseWriter, r *http.Request, s *session) error {
	model, err := h.alertsModel(r, s, h.Fleet.Cached(viewerOf(s)))
	if err != nil {
		return fmt.Errorf("listing the alerts that are left: %w", err)
	}
	if isFragment(r) && !isSafe(r.Method) {
		retargetForm(w)
	}
	l := printer(r)
	p := h.alertsPage(w, r, l.T("alerts.over.title"))
	p.Notice = &views.Notice{Kind: views.NoticeWarning, Title: l.T("alerts.over.title"), Text: l.T("alerts.over.text")}
	return h.render(w, r, http.StatusGone, views.AlertsPage(p, model), views.AlertOverDialog(p, model))
}
