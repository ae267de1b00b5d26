package handlers

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"gitlab-agent-portal/internal/fleet"
	"gitlab-agent-portal/internal/history"
	"gitlab-agent-portal/internal/history/transitions"
	"gitlab-agent-portal/internal/i18n"
	"gitlab-agent-portal/views"
)

const (
	paramMonth  = "month"
	monthFormat = "2006-01"
	// maxReportRows is how many agents a report lists on a page; the file has all of them.
	maxReportRows = 500
)

// report is how the agents of a group did in a month, to be printed.
func (h *Handlers) report(w http.ResponseWriter, r *http.Request, s *session) error {
	model, err := h.reportModel(r, s)
	if err != nil {
		return err
	}
	status := http.StatusOK
	if model.Wrong != "" {
		status = http.StatusUnprocessableEntity
	}
	if len(model.Rows) > maxReportRows {
		model.Rows, model.More = model.Rows[:maxReportRows], len(model.Rows)-maxReportRows
	}
	p := h.page(w, r, printer(r).T("titles.report"))
	p.Section = "history"
	return h.render(w, r, status, views.ReportPage(p, model), views.ReportFragment(p, model))
}

// reportModel is the report of the address, with all its rows.
func (h *Handlers) reportModel(r *http.Request, s *session) (views.ReportModel, error) {
	query, now := fleet.Parse(r.URL.Query()), h.Now()
	model := views.ReportModel{
		Off: h.History == nil, Last: now.UTC().Format(monthFormat),
		Query: views.ReportQuery{Scope: string(query.Scope), Group: query.Group, Month: textParam(r, paramMonth)},
	}
	model.Month, model.Wrong = monthOf(printer(r), model.Query.Month, now)
	if model.Off {
		return model, nil
	}
	seen, err := h.sightOf(r, s, query)
	if err != nil || seen == nil {
		model.Reading = err == nil
		return model, err
	}
	model.Groups = seen.groups
	if model.Wrong != "" {
		return model, nil
	}
	model.Query.Month = model.Month.Format(monthFormat)
	model.Until = model.Month.AddDate(0, 1, 0)
	if now.Before(model.Until) {
		model.Until = now
	}
	if err := h.addMonths(r.Context(), &model); err != nil {
		return model, err
	}
	return model, h.fillReport(r.Context(), &model, seen)
}

// addMonths adds what leads to other months: back to the one in which the watch began.
func (h *Handlers) addMonths(ctx context.Context, model *views.ReportModel) error {
	began, err := h.History.Began(ctx)
	if err != nil {
		return err
	}
	at := func(months int) string {
		query := model.Query
		query.Month = model.Month.AddDate(0, months, 0).Format(monthFormat)
		return h.urls.Report(query)
	}
	if !began.IsZero() && began.Before(model.Month) {
		model.PrevURL = at(-1)
	} else {
		model.Began = began
	}
	if model.Query.Month < model.Last {
		model.NextURL = at(1)
	}
	model.CSVURL = h.urls.ReportCSV(model.Query)
	return nil
}

// fillReport adds the agents.
func (h *Handlers) fillReport(ctx context.Context, model *views.ReportModel, seen *sight) error {
	records, more, err := h.recordsIn(ctx, seen, model.Month, model.Until)
	if err != nil {
		return err
	}
	if more {
		model.MaxAgents = transitions.MaxRecords
	}
	alerts, err := h.alertsOpened(ctx, seen.projects, model.Month, model.Until)
	if err != nil {
		return err
	}
	for _, record := range records {
		row := reportRow(record, model.Month, model.Until)
		row.Alerts = alerts[record.AgentID]
		if found, is := seen.agents[record.AgentID]; is {
			// As it is called today, and in the project in which it is.
			row.AgentName, row.ProjectPath, row.ProjectID = found.Name, found.Project.Path, found.Project.ID
			row.Oldest, row.GoneAt = found.OldestToken(), time.Time{}
		}
		model.Rows = append(model.Rows, row)
		addTo(&model.Totals, row)
	}
	slices.SortFunc(model.Rows, func(a, b views.ReportRow) int {
		return cmp.Or(strings.Compare(a.ProjectPath, b.ProjectPath), strings.Compare(a.AgentName, b.AgentName), cmp.Compare(a.AgentID, b.AgentID))
	})
	return nil
}

// alertsOpened counts alerts by agent; none where nothing keeps any.
func (h *Handlers) alertsOpened(ctx context.Context, projects []int64, from, until time.Time) (map[int64]int, error) {
	if h.Alerts == nil {
		return nil, nil
	}
	return h.Alerts.CountOpened(ctx, projects, from, until)
}

// reportRow is what a record says of the time.
func reportRow(record history.Record, from, until time.Time) views.ReportRow {
	row := views.ReportRow{
		AgentID: record.AgentID, ProjectID: record.ProjectID, AgentName: record.AgentName, ProjectPath: record.ProjectPath,
		Sums: history.Sum(record.Spans(from, until)), GoneAt: record.GoneAt,
	}
	for _, one := range record.Transitions {
		switch one.Kind {
		case history.TokenCreated:
			row.Created++
		case history.TokenRevoked:
			row.Revoked++
		default:
		}
	}
	return row
}

// addTo adds a row to the totals.
func addTo(totals *views.ReportTotals, row views.ReportRow) {
	totals.Agents++
	totals.Sums = totals.Plus(row.Sums)
	totals.Created, totals.Revoked, totals.Rotated = totals.Created+row.Created, totals.Revoked+row.Revoked, totals.Rotated+row.Rotated()
	totals.Alerts += row.Alerts
	if !row.Oldest.IsZero() && (totals.Oldest.IsZero() || row.Oldest.Before(totals.Oldest)) {
		totals.Oldest = row.Oldest
	}
}

// monthOf is the month that a text names, and what is wrong with it.
func monthOf(l *i18n.Printer, text string, now time.Time) (month time.Time, wrong string) {
	present := time.Date(now.UTC().Year(), now.UTC().Month(), 1, 0, 0, 0, 0, time.UTC)
	if text == "" {
		return present, ""
	}
	month, err := time.Parse(monthFormat, text)
	switch {
	case err != nil || month.Year() < 2000: // time.Parse takes years that no calendar has
		return present, l.T("report.wrong_month")
	case month.After(present):
		return present, l.T("report.future_month")
	}
	return month, ""
}
