package handlers

import (
	"net/http"
	"strconv"
	"strings"

	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/agentread"
	"gitlab-agent-portal/internal/fleet"
	"gitlab-agent-portal/internal/fleet/scan"
	"gitlab-agent-portal/internal/i18n"
	"gitlab-agent-portal/views"
)

const (
	// maxGroupsOffered bounds the choice of groups; of more, those of the first level are
	// offered.
	maxGroupsOffered = 200
	// maxWarningsListed is how many projects that failed are named.
	maxWarningsListed = 10
	// maxGroupBars is for how many groups the picture has a bar of their own.
	maxGroupBars = 5
)

// fleetModel builds the page of the fleet.
func (h *Handlers) fleetModel(r *http.Request, s *session, query fleet.Query, view scan.View) (views.FleetModel, error) {
	model := views.FleetModel{Form: views.FleetForm{Query: query}, Filtered: query.Filtered(), UnfilteredURL: h.fleetURL(query.Unfiltered())}
	model.Charts = cookieValue(r, h.Cookie.Name+chartsCookie) == "on"
	model.Scopes = h.fleetScopes(printer(r), query.Scope)
	h.addTools(&model, query)
	if view.Snapshot == nil || view.Scanning && !view.Fresh {
		here := h.fleetURL(query.OnPage(query.Page))
		model.Scan = &views.FleetScan{ProgressURL: h.urls.FleetProgress(query.Scope), HereURL: here, WaitURL: h.fleetURL(query, paramWait, "1"), Progress: view.Progress}
	}
	if view.Snapshot == nil {
		return model, nil
	}
	err := h.addFleet(r, s, &model, query, view)
	return model, err
}

// addFleet adds what was read.
func (h *Handlers) addFleet(r *http.Request, s *session, model *views.FleetModel, query fleet.Query, view scan.View) error {
	rows := h.fleetRows(r.Context(), view.Snapshot.Agents)
	chosen := fleet.Select(rows, query)
	if isForPaper(r.URL.Query()) {
		chosen = forPaper(chosen)
	}
	onScreen := chosen.Rows
	if !view.Partial { // or its calls would delay what is being read
		var err error
		if onScreen, err = h.enrich(r, s, chosen.Rows); err != nil {
			return err
		}
	}
	model.HereURL = h.fleetURL(query)
	model.Read, model.Partial, model.ReadAt = true, view.Partial, view.Snapshot.ReadAt
	model.OwnOnly = view.Snapshot.OwnOnly
	model.Total, model.Matched, model.Projects = len(rows), len(chosen.All), len(view.Snapshot.Projects) > 0
	model.Down = fleet.CountDown(rows)
	model.Form.Groups = offered(chosen.Groups)
	model.Rows = h.fleetViewRows(printer(r), onScreen)
	h.addRowHistory(r.Context(), model.Rows)
	h.addLinks(model, query, chosen)
	h.addFilters(model, query, chosen.Counts)
	h.addOffers(printer(r), model, query, chosen, view.Snapshot.Projects)
	h.addProblems(model, query, view.Snapshot)
	model.Pictures = h.fleetPictures(query, chosen.All)
	if model.Charts {
		model.Pictures.Connected = h.connectedChart(r, s, query, view, chosen.All)
	}
	return nil
}

// offered are the groups to choose from.
func offered(groups []string) []string {
	if len(groups) <= maxGroupsOffered {
		return groups
	}
	var tops []string
	for _, path := range groups {
		if !strings.Contains(path, "/") && len(tops) < maxGroupsOffered {
			tops = append(tops, path)
		}
	}
	return tops
}

// fleetViewRows are rows with what the person can do about them.
func (h *Handlers) fleetViewRows(l *i18n.Printer, rows []fleet.Row) []views.FleetRow {
	shown := make([]views.FleetRow, len(rows))
	for i, row := range rows {
		shown[i].Row = row
		if !row.Project.Access.CanManage() {
			continue
		}
		shown[i].Ref = refString(agentread.Ref{Project: row.Project.ID, Agent: row.ID})
		shown[i].DueURLs = make(map[agent.Rule]string, len(row.Due))
		for n, rule := range row.Due {
			act := h.actOn(l, row, rule)
			shown[i].DueURLs[rule] = act.URL
			if n == 0 {
				shown[i].Act = &act
			}
		}
		if row.Down && shown[i].Act == nil { // too short a time ago for a rule
			act := h.actOn(l, row, agent.Disconnected)
			shown[i].Act = &act
		}
	}
	return shown
}

// actOn is what a person who may manage the project does about a rule that is due, and where.
// To one that is not connected the exchange of its token is no help: it is looked at, or deleted.
func (h *Handlers) actOn(l *i18n.Printer, row fleet.Row, rule agent.Rule) views.Action {
	if row.Status == agent.StatusNotConnected && rule != agent.Stale && rule != agent.NoToken {
		return views.Action{Text: l.T("fleet.act.check"), URL: h.urls.Agent(row.Project.ID, row.ID, "")}
	}
	switch rule {
	case agent.NoToken:
		return views.Action{Text: l.T("fleet.act.create"), URL: h.urls.TokenNew(row.Project.ID, row.ID)}
	case agent.NeverUsed:
		return views.Action{Text: l.T("fleet.act.connect"), URL: h.urls.Agent(row.Project.ID, row.ID, views.TabConnect)}
	case agent.Stale:
		return views.Action{Text: l.T("fleet.act.delete"), URL: h.urls.AgentDelete(row.Project.ID, row.ID)}
	case agent.TooOld, agent.Unfinished, agent.Idle, agent.CreatorLeft:
		return views.Action{Text: l.T("fleet.act.rotate"), URL: h.urls.Rotation(row.Project.ID, row.ID, 0)}
	case agent.ConfigInvalid:
		return views.Action{Text: l.T("fleet.act.correct"), URL: h.urls.Agent(row.Project.ID, row.ID, views.TabAccess)}
	case agent.UpdateNeeded, agent.VersionsDiffer:
		return views.Action{Text: l.T("fleet.act.review"), URL: h.urls.Agent(row.Project.ID, row.ID, views.TabPods)}
	default: // the agent's own page says it, and offers the revocation of what is too much or unstored
		return views.Action{Text: l.T("fleet.act.review"), URL: h.urls.Agent(row.Project.ID, row.ID, "")}
	}
}

// addTools adds what reads the list anew or takes it elsewhere, which needs nothing to be read yet.
func (h *Handlers) addTools(model *views.FleetModel, query fleet.Query) {
	all := query.OnPage(0).Values().Encode()
	model.RefreshURL = h.fleetURL(query, paramRefresh, "1")
	model.PrintURL = h.fleetURL(query.OnPage(0), paramAll, "1")
	model.CSVURL, model.JSONURL = h.urls.FleetCSV(all), h.urls.FleetJSON(all)
}

// addLinks adds what leads from the list to its order and its pages.
func (h *Handlers) addLinks(model *views.FleetModel, query fleet.Query, chosen fleet.Result) {
	for _, column := range fleet.Columns() {
		model.Columns = append(model.Columns, views.FleetColumn{
			Column: column, URL: h.fleetURL(query.SortedBy(column)), Sorted: query.Direction(column),
		})
	}
	model.Pager = views.Pager{Page: chosen.Page, Pages: chosen.Pages, Total: len(chosen.All)}
	if chosen.Page > 1 {
		model.Pager.Prev = h.fleetURL(query.OnPage(chosen.Page - 1))
	}
	if chosen.Page < chosen.Pages {
		model.Pager.Next = h.fleetURL(query.OnPage(chosen.Page + 1))
	}
}

// addFilters adds the counts on top, each a filter that shows what it counts, and shows everything
// again when it is chosen already.
func (h *Handlers) addFilters(model *views.FleetModel, query fleet.Query, counts fleet.Counts) {
	byStatus := func(status agent.Status, count int) views.FleetFilter {
		filter := views.FleetFilter{Status: status, Count: count, On: query.Status == status}
		filter.URL = h.fleetURL(query.WithStatus(unless(filter.On, status)))
		return filter
	}
	byRule := func(rule agent.Rule) views.FleetFilter {
		filter := views.FleetFilter{Attention: rule, Count: counts.Attention[rule], On: query.Attention == rule}
		filter.URL = h.fleetURL(query.WithAttention(unless(filter.On, rule)))
		return filter
	}
	model.AllStatuses = byStatus("", counts.Statuses)
	model.DownToday = byStatus(fleet.DownToday, counts.Status[fleet.DownToday])
	for _, status := range agent.Statuses() {
		model.Statuses = append(model.Statuses, byStatus(status, counts.Status[status]))
	}
	model.AnyAttention = byRule(fleet.AnyAttention)
	for _, rule := range agent.Rules() {
		model.Attention = append(model.Attention, byRule(rule))
	}
}

// unless is a value, or nothing if the filter of that value is on already.
func unless[T ~string](isOn bool, value T) T {
	if isOn {
		return ""
	}
	return value
}

// addProblems adds what is missing from the list, and why.
func (h *Handlers) addProblems(model *views.FleetModel, query fleet.Query, snapshot *fleet.Snapshot) {
	model.Fallback = snapshot.Fallback
	for _, warning := range snapshot.Warnings {
		if len(model.Warnings) == maxWarningsListed {
			model.MoreWarnings++
			continue
		}
		shown := views.FleetWarning{Warning: warning, Max: scan.MaxProjects, RetryURL: h.fleetURL(query, paramRefresh, "1")}
		if warning.Project != nil {
			shown.RetryURL = h.fleetURL(query, paramRetry, strconv.FormatInt(warning.Project.ID, 10))
		}
		model.Warnings = append(model.Warnings, shown)
	}
}

// fleetPictures draws what the filters leave.
func (h *Handlers) fleetPictures(query fleet.Query, rows []fleet.Row) views.FleetPictures {
	pictures := views.FleetPictures{
		MaxAge: h.Limits.MaxAge, TooOldURL: h.fleetURL(query.WithAttention(agent.TooOld)),
		Ages: fleet.AgeBars(rows, h.Limits.MaxAge, h.Now()),
	}
	for _, bar := range fleet.GroupBars(rows, maxGroupBars) {
		pictures.Groups = append(pictures.Groups, h.fleetGroupBar(query, bar))
	}
	return pictures
}

// fleetGroupBar draws one group, or without links the groups that have no bar of their own.
func (h *Handlers) fleetGroupBar(query fleet.Query, bar fleet.GroupBar) views.FleetGroupBar {
	drawn := views.FleetGroupBar{Group: bar.Group, Total: bar.Total}
	ofGroup := query.WithGroup(bar.Group)
	if bar.Group != "" {
		drawn.URL = h.fleetURL(ofGroup)
	}
	for _, status := range agent.Statuses() {
		segment := views.FleetSegment{Status: status, Count: bar.Status[status]}
		if bar.Group != "" {
			segment.URL = h.fleetURL(ofGroup.WithStatus(status))
		}
		drawn.Segments = append(drawn.Segments, segment)
	}
	return drawn
}
