package handlers

import (
	"net/http"
	"strconv"
	"strings"

	"gitlab-agent-portal/internal/agentstatus"
	"gitlab-agent-portal/internal/fleet"
	"gitlab-agent-portal/internal/fleetlist"
	"gitlab-agent-portal/internal/i18n"
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
	rows := h.fleetRows(view.Snapshot)
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

// fleetRows judges every agent of the snapshot.
func (h *Handlers) fleetRows(snapshot *fleet.Snapshot) []fleetlist.Row {
	rows := make([]fleetlist.Row, 0, len(snapshot.Agents))
	for _, agent := range snapshot.Agents {
		rows = append(rows, h.fleetRow(agent))
	}
	return rows
}

func (h *Handlers) fleetRow(agent fleet.Agent) fleetlist.Row {
	now := h.Now()
	row := fleetlist.Row{
		ProjectID: agent.Project.ID, AgentID: agent.ID, Path: agent.Project.Path, Group: agent.Project.Group(), Agent: agent.Name,
		CanManage: agent.Project.CanManage && !h.ReadOnly, Archived: agent.Project.Archived, Count: -1,
	}
	row.Status, row.LastContact = agent.Status(now)
	judged := agentstatus.Agent{Count: -1}
	if agent.TokensKnown {
		row.Count = agent.TokenCount
		judged = agentstatus.Agent{Tokens: agent.StatusTokens(), Count: agent.TokenCount, UseKnown: true}
	}
	for _, token := range agent.Tokens {
		row.Tokens = append(row.Tokens, fleetlist.Token{ID: token.ID, Name: token.Name, CreatedAt: token.CreatedAt, LastUsedAt: token.LastUsedAt})
	}
	row.Review = agentstatus.Attention(judged, h.Limits, now)
	return row
}

// enrich reads, for the rows on screen, what the scan could not tell of their tokens.
func (h *Handlers) enrich(r *http.Request, s *session, snapshot *fleet.Snapshot, rows []fleetlist.Row) ([]fleetlist.Row, error) {
	unknown := false
	for _, row := range rows {
		unknown = unknown || row.Count < 0
	}
	if !unknown {
		return rows, nil
	}
	agents, err := h.Fleet.Enrich(r.Context(), viewerOf(s), h.fleetSource(r, s), agentsOf(snapshot, rows))
	if err != nil {
		return nil, err
	}
	enriched := make([]fleetlist.Row, 0, len(agents))
	for _, agent := range agents {
		enriched = append(enriched, h.fleetRow(agent))
	}
	return enriched, nil
}

// agentsOf are the agents of the snapshot that rows show, in the order of rows.
func agentsOf(snapshot *fleet.Snapshot, rows []fleetlist.Row) []fleet.Agent {
	byID := make(map[int64]fleet.Agent, len(snapshot.Agents))
	for _, agent := range snapshot.Agents {
		byID[agent.ID] = agent
	}
	agents := make([]fleet.Agent, 0, len(rows))
	for _, row := range rows {
		agents = append(agents, byID[row.AgentID])
	}
	return agents
}

func (h *Handlers) fleetViewRows(l *i18n.Printer, rows []fleetlist.Row) []views.FleetRow {
	shown := make([]views.FleetRow, 0, len(rows))
	for _, row := range rows {
		view := views.FleetRow{
			ProjectID: row.ProjectID, AgentID: row.AgentID, Agent: row.Agent,
			Group: row.Path[:len(row.Path)-len(baseOf(row))], Project: baseOf(row),
			Status: statusWord(row.Status), LastContact: row.LastContact, Tokens: row.Count, Oldest: row.Oldest(),
			AttentionURL: h.urls.Agent(row.ProjectID, row.AgentID, ""),
		}
		for _, rule := range row.Review.Due() {
			view.Attention = append(view.Attention, rule.String())
		}
		if due := row.Review.Due(); len(due) > 0 && row.CanManage {
			view.Act = h.actOn(l, row, due[0])
		}
		shown = append(shown, view)
	}
	return shown
}

// baseOf is the project's own part of its path.
func baseOf(row fleetlist.Row) string {
	return strings.TrimPrefix(strings.TrimPrefix(row.Path, row.Group), "/")
}

// actOn is where a person who may manage the project does something about a rule that is due.
func (h *Handlers) actOn(l *i18n.Printer, row fleetlist.Row, rule agentstatus.Rule) *views.Action {
	agent := h.urls.Agent(row.ProjectID, row.AgentID, "")
	switch rule {
	case agentstatus.NoToken:
		return &views.Action{Text: l.T("fleet.act.create"), URL: h.urls.TokenNew(row.ProjectID, row.AgentID)}
	case agentstatus.NeverUsed:
		return &views.Action{Text: l.T("fleet.act.connect"), URL: h.urls.Agent(row.ProjectID, row.AgentID, tabConnect)}
	case agentstatus.TooOld, agentstatus.Unfinished:
		return &views.Action{Text: l.T("fleet.act.rotate"), URL: h.urls.Rotation(row.ProjectID, row.AgentID, 0)}
	default:
		return &views.Action{Text: l.T("fleet.act.review"), URL: agent}
	}
}

// addLinks adds what leads from the list to its exports, its order and its pages.
func (h *Handlers) addLinks(model *views.FleetModel, query fleetlist.Query, chosen fleetlist.Result, onScreen []fleetlist.Row) {
	all := query.OnPage(0).Values().Encode()
	model.RefreshURL = h.fleetURL(query, paramRefresh, "1")
	model.CSVURL, model.JSONURL = h.urls.FleetCSV(all), h.urls.FleetJSON(all)
	for _, row := range onScreen {
		if row.CanManage {
			model.VersionsURL = h.urls.FleetVersions(query.Values().Encode())
		}
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
	for _, rule := range agentstatus.Rules() {
		model.Attention = append(model.Attention, attention(rule.String()))
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
		chosen := fleetlist.Select(h.fleetRows(view.Snapshot), fleetlist.Parse(r.URL.Query()))
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
