package handlers

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"gitlab-agent-portal/internal/agentstatus"
	"gitlab-agent-portal/internal/fleet"
	"gitlab-agent-portal/internal/fleetlist"
	"gitlab-agent-portal/views"
)

const (
	// maxGroupsOffered bounds the choice of groups; of more, those of the first level are
	// offered.
	maxGroupsOffered = 200
	// maxWarningsListed is how many projects that failed are named.
	maxWarningsListed = 10
)

// fleetModel builds the page of the fleet.
func (h *Handlers) fleetModel(r *http.Request, s *session, query fleetlist.Query, view fleet.View) (views.FleetModel, error) {
	model := views.FleetModel{Form: fleetForm(query), Filtered: query.Filtered(), UnfilteredURL: h.fleetURL(query.Unfiltered())}
	if view.Snapshot == nil || view.Scanning && !view.Fresh {
		here := h.fleetURL(query.OnPage(query.Page))
		model.Scan = &views.FleetScan{ProgressURL: h.urls.FleetProgress(), HereURL: here, WaitURL: h.fleetURL(query, paramWait, "1")}
	}
	if view.Snapshot == nil {
		return model, nil
	}
	rows := h.fleetRows(r.Context(), view.Snapshot.Agents)
	chosen := fleetlist.Select(rows, query)
	onScreen, err := h.enrich(r, s, view.Snapshot, chosen.Rows)
	if err != nil {
		return views.FleetModel{}, err
	}
	model.Read, model.ReadAt = true, view.Snapshot.ReadAt
	model.Total, model.Matched, model.Projects = len(rows), len(chosen.All), len(view.Snapshot.Projects) > 0
	model.Form.Groups = offered(chosen.Groups)
	model.Rows = h.fleetViewRows(printer(r), onScreen)
	h.addLinks(&model, query, chosen, onScreen)
	h.addFilters(&model, query, chosen.Counts)
	h.addProblems(&model, query, view.Snapshot)
	model.Pictures = h.fleetPictures(query, chosen.All)
	return model, nil
}

// fleetForm is the search as it was asked for.
func fleetForm(query fleetlist.Query) views.FleetForm {
	return views.FleetForm{
		Search: query.Search, Status: query.Status, Attention: query.Attention, Group: query.Group,
		Role: string(query.Role), Sort: query.Values().Get("sort"),
	}
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

// addLinks adds what leads from the list to its exports, its order and its pages.
func (h *Handlers) addLinks(model *views.FleetModel, query fleetlist.Query, chosen fleetlist.Result, onScreen []fleetlist.Row) {
	all := query.OnPage(0).Values().Encode()
	model.RefreshURL = h.fleetURL(query, paramRefresh, "1")
	model.CSVURL, model.JSONURL = h.urls.FleetCSV(all), h.urls.FleetJSON(all)
	if slices.ContainsFunc(onScreen, func(row fleetlist.Row) bool { return row.CanManage }) {
		model.VersionsURL = h.urls.FleetVersions(query.Values().Encode())
	}
	for _, column := range fleetlist.Columns() {
		model.Columns = append(model.Columns, views.FleetColumn{
			Name: string(column), URL: h.fleetURL(query.SortedBy(column)), Sorted: query.Direction(column),
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

// addFilters adds the counts on top, each a filter.
func (h *Handlers) addFilters(model *views.FleetModel, query fleetlist.Query, counts fleetlist.Counts) {
	status := func(name string, count int) views.FleetFilter {
		return h.fleetFilter(name, count, query.Status, query.WithStatus)
	}
	attention := func(kind string) views.FleetFilter {
		return h.fleetFilter(kind, counts.Attention[kind], query.Attention, query.WithAttention)
	}
	model.AllStatuses = status("", counts.Statuses)
	for _, s := range agentstatus.Statuses() {
		model.Statuses = append(model.Statuses, status(s.String(), counts.Status[s.String()]))
	}
	model.AnyAttention = attention(fleetlist.AnyAttention)
	for _, kind := range fleetlist.Kinds() {
		model.Attention = append(model.Attention, attention(kind))
	}
}

// fleetFilter is a count that shows what it counts, and shows everything again when it is chosen already.
func (h *Handlers) fleetFilter(name string, count int, chosen string, with func(string) fleetlist.Query) views.FleetFilter {
	filter := views.FleetFilter{Name: name, Count: count, On: chosen == name, URL: h.fleetURL(with(name))}
	if filter.On {
		filter.URL = h.fleetURL(with(""))
	}
	return filter
}

// addProblems adds what is missing from the list, and why.
func (h *Handlers) addProblems(model *views.FleetModel, query fleetlist.Query, snapshot *fleet.Snapshot) {
	if snapshot.Fallback != fleet.FallbackNone {
		model.Fallback = snapshot.Fallback.String()
	}
	for _, warning := range snapshot.Warnings {
		if len(model.Warnings) == maxWarningsListed {
			model.MoreWarnings++
			continue
		}
		shown := views.FleetWarning{Kind: warning.Kind.String(), RetryURL: h.fleetURL(query, paramRefresh, "1")}
		if warning.Project != nil {
			shown.ProjectID, shown.Path = warning.Project.ID, warning.Project.Path
			shown.RetryURL = h.fleetURL(query, paramRetry, strconv.FormatInt(warning.Project.ID, 10))
		}
		model.Warnings = append(model.Warnings, shown)
	}
}
