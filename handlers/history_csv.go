package handlers

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"gitlab-agent-portal/internal/csvsafe"
	"gitlab-agent-portal/internal/fleet"
	"gitlab-agent-portal/internal/history"
	"gitlab-agent-portal/internal/history/transitions"
)

// historyFileDays is how far back an export of the history goes unless it is asked for another time.
const historyFileDays = 30

// historyCSV exports what became of the agents that the address selects, as the fleet's exports do: agent
// by agent, the oldest first. It takes as long as its reader needs, as that of the activity.
func (h *Handlers) historyCSV(w http.ResponseWriter, r *http.Request, s *session) error {
	if h.History == nil {
		return errWatchOff
	}
	query, err := historyQuery(r.URL.Query(), h.Now())
	if err != nil {
		return err
	}
	snapshot, rows, err := h.exported(r, s)
	if err != nil {
		return err
	}
	reader := newHistoryReader(h.History, query, rows)
	first, err := reader.next(r.Context()) // so that a database which fails has a status
	if err != nil {
		return err
	}
	h.startExport(w, "text/csv; charset=utf-8; header=present", "gitlab-agents-history", "csv", snapshot)
	if err := reader.write(r.Context(), csvsafe.NewWriter(h.paced(w), wantsMark(r)), first); err != nil {
		abort(r, fmt.Errorf("exporting the history: %w", err))
	}
	return nil
}

// historyQuery reads of which time the history is to be.
func historyQuery(values url.Values, now time.Time) (query transitions.Query, err error) {
	moment := func(name string, otherwise time.Time, wholeDay bool) time.Time {
		text := values.Get(name)
		if text == "" {
			return otherwise
		}
		if t, trouble := time.Parse(time.RFC3339, text); trouble == nil {
			return t
		}
		day, trouble := time.Parse(time.DateOnly, text)
		if trouble != nil {
			err = wrongParameter(name)
		}
		if wholeDay {
			return day.AddDate(0, 0, 1)
		}
		return day
	}
	query.Until = moment("until", now, true)
	query.Since = moment("since", query.Until.AddDate(0, 0, -historyFileDays), false)
	if err == nil && !query.Since.Before(query.Until) {
		err = wrongParameter("since")
	}
	return query, err
}

// historyReader reads transitions in bounded pieces.
type historyReader struct {
	store *transitions.Store
	// query is where in the first of the rows the reading is; rows are the agents that are not done.
	query transitions.Query
	rows  []fleet.Row
	byID  map[int64]*fleet.Row
}

func newHistoryReader(store *transitions.Store, query transitions.Query, rows []fleet.Row) *historyReader {
	reader := &historyReader{store: store, query: query, rows: rows, byID: make(map[int64]*fleet.Row, len(rows))}
	for i := range rows {
		reader.byID[rows[i].ID] = &rows[i]
	}
	return reader
}

// next returns the next transitions, of as many agents as it takes; none at the end.
func (r *historyReader) next(ctx context.Context) (found []history.Transition, err error) {
	for len(r.rows) > 0 && len(found) < exportBatch {
		r.query.Agent, r.query.Limit = r.rows[0].ID, exportBatch-len(found)
		piece, err := r.store.Page(ctx, r.query)
		if err != nil {
			return nil, err
		}
		found = append(found, piece...)
		if len(piece) == r.query.Limit {
			r.query.After = piece[len(piece)-1]
			continue
		}
		r.query.After, r.rows = history.Transition{}, r.rows[1:]
	}
	return found, nil
}

// write writes found and all that comes after it.
func (r *historyReader) write(ctx context.Context, file *csvsafe.Writer, found []history.Transition) error {
	err := file.Write("time", "project_id", "project", "agent_id", "agent", "transition", "token_id")
	for err == nil && len(found) > 0 {
		for _, one := range found {
			if err := file.Write(r.cells(one)...); err != nil {
				return err
			}
		}
		found, err = r.next(ctx)
	}
	if err != nil {
		return err
	}
	return file.Flush()
}

func (r *historyReader) cells(one history.Transition) []string {
	row, token := r.byID[one.AgentID], ""
	if one.TokenID != 0 {
		token = strconv.FormatInt(one.TokenID, 10)
	}
	return []string{
		timestamp(one.At), strconv.FormatInt(row.Project.ID, 10), row.Project.Path, strconv.FormatInt(row.ID, 10), row.Name, one.Kind.String(), token,
	}
}
