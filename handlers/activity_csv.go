package handlers

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"gitlab-agent-portal/internal/audit"
	"gitlab-agent-portal/internal/csvsafe"
	"gitlab-agent-portal/views"
)

const (
	// exportFirst is how many rows an export reads before its first byte: no more than a page.
	exportFirst = activityPerPage
	// exportBatch is how many rows it holds in memory at a time after that.
	exportBatch = 500
)

// activityCSV is the list of activity as a file: all rows that the query selects, newest
// first, in the audit's own words. It takes as long as its reader needs: each batch of rows has the
// time of a page, and each piece that is sent its own.
func (h *Handlers) activityCSV(w http.ResponseWriter, r *http.Request, s *session) error {
	model, filter, err := h.activityFilter(r, s)
	if err != nil {
		return err
	}
	if model.Wrong != (views.ActivityQuery{}) {
		if stateOf(r).isProgram {
			return wrongParameter(wrongActivity(model.Wrong))
		}
		http.Redirect(w, r, h.urls.Activity(model.Query, 0, 0), http.StatusSeeOther) // which says what is wrong
		return nil
	}
	rows, err := h.Audit.Page(r.Context(), filter, 0, exportFirst)
	if err != nil {
		return err
	}
	header := w.Header()
	header.Set("Content-Type", "text/csv; charset=utf-8; header=present")
	header.Set("Content-Disposition", `attachment; filename="activity-`+h.Now().UTC().Format(time.DateOnly)+`-UTC.csv"`)
	header.Set("Cache-Control", "no-store")
	if err := h.writeActivity(r.Context(), csvsafe.NewWriter(h.paced(w), wantsMark(r)), filter, rows); err != nil {
		abort(r, fmt.Errorf("exporting activity: %w", err))
	}
	return nil
}

// wrongActivity is the name of the first parameter that is wrong.
func wrongActivity(wrong views.ActivityQuery) string {
	switch {
	case wrong.Project != "":
		return "project"
	case wrong.From != "":
		return "from"
	default:
		return "until"
	}
}

// writeActivity writes the rows, and reads on until there are none.
func (h *Handlers) writeActivity(ctx context.Context, file *csvsafe.Writer, filter audit.Filter, rows []audit.Event) error {
	err := file.Write("id", "time", "action", "outcome", "actor_id", "actor", "project_id", "project",
		"agent_id", "agent", "token_id", "token", "ip", "request_id", "refers_to",
		"count", "last_time", "unconfirmed_agent_id", "unconfirmed_token_id")
	for err == nil && len(rows) > 0 {
		for _, row := range rows {
			if err := file.Write(activityCells(row)...); err != nil {
				return err
			}
		}
		rows, err = h.Audit.Page(ctx, filter, rows[len(rows)-1].ID, exportBatch)
	}
	if err != nil {
		return err
	}
	return file.Flush()
}

func activityCells(e audit.Event) []string {
	number := func(n int64) string {
		if n == 0 {
			return ""
		}
		return strconv.FormatInt(n, 10)
	}
	last := e.LastAt
	if last.IsZero() {
		last = e.At
	}
	return []string{
		number(e.ID), e.At.Format(time.RFC3339), string(e.Action), string(e.Outcome), number(e.ActorID), e.ActorName,
		number(e.Target.ProjectID), e.Target.ProjectPath, number(e.Target.AgentID), e.Target.AgentName,
		number(e.Target.TokenID), e.Target.TokenName, e.ClientIP, e.RequestID, number(e.RefersTo),
		number(e.Times), last.Format(time.RFC3339), number(e.Claim.AgentID), number(e.Claim.TokenID),
	}
}
