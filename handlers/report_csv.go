package handlers

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"gitlab-agent-portal/internal/csvsafe"
	"gitlab-agent-portal/internal/history"
	"gitlab-agent-portal/views"
)

// reportCSV is a report as a file, with all its agents. Where there is none, it leads to the page that says why.
func (h *Handlers) reportCSV(w http.ResponseWriter, r *http.Request, s *session) error {
	model, err := h.reportModel(r, s)
	if err != nil {
		return err
	}
	if model.Off || model.Reading || model.Wrong != "" {
		http.Redirect(w, r, h.urls.Report(model.Query), http.StatusSeeOther)
		return nil
	}
	header := w.Header()
	header.Set("Content-Type", "text/csv; charset=utf-8; header=present")
	header.Set("Content-Disposition", `attachment; filename="agents-report-`+model.Query.Month+`-UTC.csv"`)
	header.Set("Cache-Control", "no-store")
	if err := writeReport(csvsafe.NewWriter(h.paced(w), wantsMark(r)), model); err != nil {
		abort(r, fmt.Errorf("exporting a report: %w", err))
	}
	return nil
}

// writeReport writes a header row and one row for each agent. Cells of what is unknown are empty.
func writeReport(out *csvsafe.Writer, model views.ReportModel) error {
	err := out.Write(
		"month", "until", "project", "project_id", "agent", "agent_id", "availability_percent",
		"connected_seconds", "not_connected_seconds", "unknown_seconds", "outages",
		"tokens_created", "tokens_revoked", "oldest_token_created_at", "alerts_opened", "deleted_at",
	)
	for i := 0; i < len(model.Rows) && err == nil; i++ {
		err = out.Write(reportCells(model, model.Rows[i])...)
	}
	if err != nil {
		return err
	}
	return out.Flush()
}

// reportCells are the cells of one agent, in the order of the header row.
func reportCells(model views.ReportModel, row views.ReportRow) []string {
	seconds := func(d time.Duration) string { return strconv.FormatInt(int64(d/time.Second), 10) }
	return []string{
		model.Query.Month, timestamp(model.Until), row.ProjectPath, strconv.FormatInt(row.ProjectID, 10), row.AgentName, strconv.FormatInt(row.AgentID, 10), shareCell(row.Sums),
		seconds(row.Connected), seconds(row.NotConnected), seconds(row.Unknown), strconv.Itoa(row.Outages),
		strconv.Itoa(row.Created), strconv.Itoa(row.Revoked), timestamp(row.Oldest), strconv.Itoa(row.Alerts), timestamp(row.GoneAt),
	}
}

// shareCell is the availability in per cent, empty where nothing is known.
func shareCell(sums history.Sums) string {
	share := sums.Availability()
	if share == nil {
		return ""
	}
	return strconv.FormatFloat(float64(*share)/100, 'f', 2, 64)
}
