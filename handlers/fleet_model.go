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
	// maxGroupBars is for how many groups the picture has a bar of their own.
	maxGroupBars = 5
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
		filter := views.FleetFilter{Name: name, Count: count, On: query.Status == name, URL: h.fleetURL(query.WithStatus(name))}
		if filter.On {
			filter.URL = h.fleetURL(query.WithStatus(""))
		}
		return filter
	}
	attention := func(kind string) views.FleetFilter {
		filter := views.FleetFilter{Name: kind, Count: counts.Attention[kind], On: query.Attention == kind, URL: h.fleetURL(query.WithAttention(kind))}
		if filter.On {
			filter.URL = h.fleetURL(query.WithAttention(""))
		}
		return filter
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

// addProblems adds what is missing from the list, and why.
func (h *Handlers) addProblems(model *views.FleetModel, query fleetlist.Query, snapshot *fleet.Snapshot) {
	model.Fallback = fallbackName(snapshot.Fallback)
	for _, warning := range snapshot.Warnings {
		if len(model.Warnings) == maxWarningsListed {
			model.MoreWarnings++
			continue
		}
		shown := views.FleetWarning{Kind: warningName(warning.Kind), RetryURL: h.fleetURL(query, paramRefresh, "1")}
		if warning.Project != nil {
			shown.ProjectID, shown.Path = warning.Project.ID, warning.Project.Path
			shown.RetryURL = h.fleetURL(query, paramRetry, strconv.FormatInt(warning.Project.ID, 10))
		}
		model.Warnings = append(model.Warnings, shown)
	}
}

// warningName is the kind as the catalogue and the export name it.
func warningName(kind fleet.WarningKind) string {
	switch kind {
	case fleet.Slow:
		return "slow"
	case fleet.NotVisible:
		return "not_visible"
	case fleet.RateLimited:
		return "rate_limited"
	case fleet.ListIncomplete:
		return "list_incomplete"
	case fleet.RolesUnknown:
		return "roles_unknown"
	default:
		return "unavailable"
	}
}

// fallbackName is the reason as the catalogue names it.
func fallbackName(reason fleet.Fallback) string {
	switch reason {
	case fleet.FallbackNone:
		return ""
	case fleet.FallbackPartial:
		return "partial"
	case fleet.FallbackSlow:
		return "slow"
	case fleet.FallbackTooComplex:
		return "too_complex"
	case fleet.FallbackRefused:
		return "refused"
	case fleet.FallbackUnsupported:
		return "unsupported"
	default:
		return "unavailable"
	}
}

// fleetPictures draws what the filters leave.
func (h *Handlers) fleetPictures(query fleetlist.Query, rows []fleetlist.Row) views.FleetPictures {
	pictures := views.FleetPictures{MaxAge: h.Limits.MaxAge, TooOldURL: h.fleetURL(query.WithAttention(agentstatus.TooOld.String()))}
	for _, bar := range fleetlist.GroupBars(rows, maxGroupBars) {
		drawn := views.FleetGroupBar{Group: bar.Group, Total: bar.Total}
		if bar.Group != "" {
			drawn.URL = h.fleetURL(query.WithGroup(bar.Group))
		}
		for _, status := range agentstatus.Statuses() {
			segment := views.FleetSegment{Status: statusWord(status), Count: bar.Status[status.String()]}
			if bar.Group != "" {
				segment.URL = h.fleetURL(query.WithGroup(bar.Group).WithStatus(status.String()))
			}
			drawn.Segments = append(drawn.Segments, segment)
		}
		pictures.Groups = append(pictures.Groups, drawn)
	}
	for _, bar := range fleetlist.AgeBars(rows, h.Limits.MaxAge, h.Now()) {
		pictures.Ages = append(pictures.Ages, views.FleetAgeBar{From: bar.From, To: bar.To, Tokens: bar.Tokens, TooOld: bar.TooOld})
	}
	return pictures
}

// fleetVersions tells the versions of the agents on a page, which GitLab answers slowly and to
// Maintainers only: the page asks for them when it is there.
func (h *Handlers) fleetVersions(w http.ResponseWriter, r *http.Request, s *session) error {
	versions := views.FleetVersions{}
	if view := h.Fleet.Cached(viewerOf(s)); view.Snapshot != nil {
		chosen := fleetlist.Select(h.fleetRows(r.Context(), view.Snapshot.Agents), fleetlist.Parse(r.URL.Query()))
		found, err := h.Fleet.Versions(r.Context(), viewerOf(s), h.fleetSource(r, s), agentsOf(view.Snapshot, chosen.Rows))
		if err != nil {
			return err
		}
		for agent, all := range found {
			versions[agent] = strings.Join(all, ", ")
		}
	}
	p := h.page(w, r, "")
	return h.render(w, r, http.StatusOK, nil, views.FleetVersionCells(p, versions))
}
