package handlers

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/alert"
	"gitlab-agent-portal/internal/alert/alerts"
	"gitlab-agent-portal/internal/fleet"
	"gitlab-agent-portal/internal/fleet/scan"
	"gitlab-agent-portal/internal/i18n"
	"gitlab-agent-portal/views"
)

// alertKnowledge is what a reading of the person's projects tells about the alerts of a page.
type alertKnowledge struct {
	projects map[int64]*agent.Project
	agents   map[int64]bool
	// unread are the projects whose agents could not be read; with partial, any may be.
	unread  map[int64]bool
	partial bool
	// maintains says that the person is Maintainer somewhere.
	maintains bool
}

func knowledgeOf(view scan.View) alertKnowledge {
	k := alertKnowledge{projects: map[int64]*agent.Project{}, agents: map[int64]bool{}, unread: map[int64]bool{}, partial: view.Partial}
	for _, project := range view.Snapshot.Projects {
		k.projects[project.ID] = project
		k.maintains = k.maintains || project.Maintains
	}
	for i := range view.Snapshot.Agents {
		k.agents[view.Snapshot.Agents[i].ID] = true
	}
	for _, warning := range view.Snapshot.Warnings {
		if warning.Project != nil {
			k.unread[warning.Project.ID] = true
		}
	}
	return k
}

// gone reports whether the agent of an alert is no longer there.
func (k alertKnowledge) gone(a alert.Alert) bool {
	return !a.Kind.OfWatch() && !k.partial && !k.unread[a.ProjectID] && !k.agents[a.AgentID]
}

// manageable reports whether the person may look after an alert.
func (k alertKnowledge) manageable(a alert.Alert) bool {
	if a.Kind.OfWatch() {
		return k.maintains
	}
	project := k.projects[a.ProjectID]
	return project != nil && project.Maintains
}

// alertsModel builds the list for the address of r from the projects that a view knows.
func (h *Handlers) alertsModel(r *http.Request, s *session, view scan.View) (views.AlertsModel, error) {
	query := alertsQuery(r.URL.Query())
	model := views.AlertsModel{Query: query, Watch: h.watchStatus(r)}
	if view.Snapshot == nil || view.Scanning && !view.Fresh {
		here := h.urls.Alerts(query)
		model.Scan = &views.FleetScan{
			ProgressURL: h.urls.FleetProgress(agent.ScopeMine), HereURL: here, WaitURL: views.WithParam(here, paramWait, "1"), Progress: view.Progress,
		}
	}
	if view.Snapshot == nil {
		return model, nil
	}
	asked := alertsAsked(query)
	asked.Projects = projectsIn(view.Snapshot.InSight(agent.ScopeMine), query.Group)
	found, next, err := h.Alerts.Page(r.Context(), asked)
	if err != nil {
		return model, fmt.Errorf("reading a page of alerts: %w", err)
	}
	model.Read, model.Partial, model.NoProjects = true, view.Partial, len(view.Snapshot.Projects) == 0
	model.Gaps, model.Groups = alertGaps(view.Snapshot), alertGroups(view.Snapshot, query.Group)
	model.Rows = h.alertRows(r, s, found, knowledgeOf(view))
	if next != (alerts.Place{}) {
		query.After = fmt.Sprintf("%d.%d", next.Rank, next.ID)
		model.NextURL = h.urls.Alerts(query)
	}
	return model, nil
}

// projectsIn are the numbers of those projects that are in a group and below it, of all for no group.
func projectsIn(projects []*agent.Project, group string) []int64 {
	var ids []int64
	for _, project := range projects {
		if group == "" || strings.HasPrefix(project.Path, group+"/") {
			ids = append(ids, project.ID)
		}
	}
	return ids
}

// alertGroups are the groups to choose from, the chosen one among them.
func alertGroups(snapshot *fleet.Snapshot, chosen string) []string {
	var groups []string
	for _, project := range snapshot.Projects { // with all groups above
		for path := project.Group(); path != ""; path = (agent.Project{Path: path}).Group() {
			groups = append(groups, path)
		}
	}
	slices.Sort(groups)
	groups = offered(slices.Compact(groups))
	if chosen != "" && !slices.Contains(groups, chosen) {
		groups = append(groups, chosen)
	}
	return groups
}

// alertGaps are the reasons for which alerts, or what may be done about them, may be missing. Agents that
// could not be read are none: alerts are about projects that are known.
func alertGaps(snapshot *fleet.Snapshot) []views.FleetWarning {
	var gaps []views.FleetWarning
	for _, warning := range snapshot.Warnings {
		if warning.Kind == fleet.ListIncomplete || warning.Kind == fleet.RolesUnknown {
			gaps = append(gaps, views.FleetWarning{Warning: warning, Max: scan.MaxProjects})
		}
	}
	return gaps
}

// alertRows are alerts with what the person can do about each.
func (h *Handlers) alertRows(r *http.Request, s *session, found []alert.Alert, k alertKnowledge) []views.AlertRow {
	rows := make([]views.AlertRow, len(found))
	for i, one := range found {
		rows[i] = views.AlertRow{Alert: one, Gone: k.gone(one), Manageable: k.manageable(one)}
		if !one.Open() || !rows[i].Manageable {
			continue
		}
		if one.Acknowledged(h.Now()) {
			rows[i].WithdrawNonce = h.nonces.issue(s.ID, h.urls.AlertWithdraw(one.ID, views.AlertsQuery{}))
		}
		if project := k.projects[one.ProjectID]; project != nil && project.Access.CanManage() && !rows[i].Gone {
			next := h.actOnAlert(printer(r), one)
			rows[i].Next = &next
		}
	}
	return rows
}

// actOnAlert is what a person who may manage the project does about an alert of an agent, and where.
func (h *Handlers) actOnAlert(l *i18n.Printer, a alert.Alert) views.Action {
	tab := func(text string, tab views.Tab) views.Action {
		return views.Action{Text: l.T(text), URL: h.urls.Agent(a.ProjectID, a.AgentID, tab)}
	}
	switch a.Kind {
	case alert.TokenDue, alert.TokenOverdue, alert.Idle, alert.CreatorLeft:
		return views.Action{Text: l.T("fleet.act.rotate"), URL: h.urls.Rotation(a.ProjectID, a.AgentID, 0)}
	case alert.NeverConnected:
		return tab("fleet.act.connect", views.TabConnect)
	case alert.ConfigInvalid:
		return tab("fleet.act.review", views.TabAccess)
	case alert.UpdateNeeded:
		return tab("fleet.act.review", views.TabPods)
	case alert.Disconnected, alert.TooMany, alert.WatchFailing, alert.WatchTokenDue, alert.MessagesDropped:
		return tab("fleet.act.review", "")
	default:
		return tab("fleet.act.review", "")
	}
}
