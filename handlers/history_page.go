package handlers

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"gitlab-agent-portal/internal/fleet"
	"gitlab-agent-portal/internal/history"
	"gitlab-agent-portal/internal/history/transitions"
	"gitlab-agent-portal/views"
)

const (
	paramDays = "days"
	// maxWorst is how many agents with a low availability are listed.
	maxWorst = 50
)

// history is how the agents of the person's projects did, with those that did worst.
func (h *Handlers) history(w http.ResponseWriter, r *http.Request, s *session) error {
	model, err := h.historyModel(r, s)
	if err != nil {
		return err
	}
	p := h.page(w, r, printer(r).T("titles.history"))
	p.Section = "history"
	return h.render(w, r, http.StatusOK, views.HistoryPage(p, model), views.HistoryFragment(p, model))
}

func (h *Handlers) historyModel(r *http.Request, s *session) (views.HistoryPageModel, error) {
	query := fleet.Parse(r.URL.Query())
	model := views.HistoryPageModel{Off: h.History == nil, Days: historyDays(r), Group: cmp.Or(query.Group, query.Scope.Group())}
	if model.Off {
		return model, nil
	}
	sight, err := h.sightOf(r, s, query)
	if err != nil || sight == nil {
		model.Reading = err == nil
		return model, err
	}
	for _, days := range []int{rowDays, stripDays} {
		model.Periods = append(model.Periods, views.TabLink{
			Text: printer(r).N("length.days", days), URL: h.urls.History(string(query.Scope), query.Group, days), Current: days == model.Days,
		})
	}
	model.ReportURL = h.urls.Report(views.ReportQuery{Scope: string(query.Scope), Group: query.Group})
	now := h.Now()
	from := now.Add(-time.Duration(model.Days) * day)
	records, more, err := h.recordsIn(r.Context(), sight, from, now)
	if err != nil {
		return model, err
	}
	if more {
		model.MaxAgents = transitions.MaxRecords
	}
	h.fillHistory(&model, records, from, now)
	return model, nil
}

// historyDays is how many days the page is about.
func historyDays(r *http.Request) int {
	if r.URL.Query().Get(paramDays) == strconv.Itoa(stripDays) {
		return stripDays
	}
	return rowDays
}

// fillHistory tells of the records in the model.
func (h *Handlers) fillHistory(model *views.HistoryPageModel, records []history.Record, from, until time.Time) {
	var rows []views.HistoryRow
	for _, record := range records {
		sums := history.Sum(record.Spans(from, until))
		model.Total = model.Total.Plus(sums)
		if !record.GoneAt.IsZero() {
			continue
		}
		rows = append(rows, views.HistoryRow{
			AgentName: record.AgentName, ProjectPath: record.ProjectPath, Sums: sums, Strip: stripOf(record, from, until, rowCells),
			AgentURL: h.urls.Agent(record.ProjectID, record.AgentID, views.TabHistory), ProjectURL: h.urls.Agents(record.ProjectID, 1),
		})
	}
	model.Agents = len(rows)
	slices.SortFunc(rows, byAvailability)
	model.Worst = rows[:min(len(rows), maxWorst)]
	model.Connected = views.ConnectedChart{
		Days: model.Days, Counts: history.Counts(records, from, until, rowDays*chartPerDay), PerDay: history.Counts(records, from, until, model.Days),
	}
	slices.Reverse(model.Connected.PerDay)
}

// byAvailability orders agents, the lowest first; of which nothing is known, last.
func byAvailability(a, b views.HistoryRow) int {
	share := func(row views.HistoryRow) history.Share {
		if known := row.Availability(); known != nil {
			return *known
		}
		return history.Whole + 1
	}
	return cmp.Or(cmp.Compare(share(a), share(b)), cmp.Compare(b.NotConnected, a.NotConnected),
		strings.Compare(a.ProjectPath, b.ProjectPath), strings.Compare(a.AgentName, b.AgentName))
}

// sight is what GitLab shows the person: whose history they may see.
type sight struct {
	projects []int64
	// agents are those that are there, by number.
	agents map[int64]fleet.Agent
	// groups are all that can be chosen.
	groups []string
}

// sightOf is what the person may see of the group that the query asks for, by the newest reading of their fleet; nil
// while that is not complete.
func (h *Handlers) sightOf(r *http.Request, s *session, query fleet.Query) (*sight, error) {
	if err := h.checkScope(r, s); err != nil {
		return nil, err
	}
	view, err := h.fleetView(r, s, true)
	if err != nil {
		return nil, scopeError(r, err)
	}
	if view.Snapshot == nil || view.Partial {
		return nil, nil //nolint:nilnil // there is nothing yet, and nothing is wrong
	}
	return sightIn(view.Snapshot, query), nil
}

func sightIn(snapshot *fleet.Snapshot, query fleet.Query) *sight {
	found := &sight{agents: map[int64]fleet.Agent{}}
	for _, project := range snapshot.InSight(query.Scope) {
		own, group := project.Group(), query.Group
		if group == "" || own == group || strings.HasPrefix(own, group+"/") {
			found.projects = append(found.projects, project.ID)
		}
	}
	rows := make([]fleet.Row, len(snapshot.Agents))
	for i, one := range snapshot.Agents {
		found.agents[one.ID], rows[i] = one, fleet.Row{Agent: one}
	}
	found.groups = offered(fleet.Select(rows, fleet.Query{}).Groups)
	return found
}

// recordsIn are those of the agents in sight, and of those that were deleted, and whether there are more.
func (h *Handlers) recordsIn(ctx context.Context, in *sight, from, until time.Time) ([]history.Record, bool, error) {
	records, more, err := h.History.RecordsOf(ctx, in.projects, from, until)
	return slices.DeleteFunc(records, func(one history.Record) bool {
		_, is := in.agents[one.AgentID]
		return !is && one.GoneAt.IsZero()
	}), more, err
}
