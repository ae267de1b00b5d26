package handlers

import (
	"context"
	"net/http"
	"slices"
	"time"

	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/agentread"
	"gitlab-agent-portal/internal/history"
	"gitlab-agent-portal/views"
)

const (
	day = 24 * time.Hour
	// stripDays is how much of the past an agent's page draws, in parts of six hours, and rowDays how much
	// a row of the fleet does, in parts of twelve.
	stripDays, stripCells = 90, 90 * 4
	rowDays, rowCells     = 30, 30 * 2
	// maxEvents is how many transitions an agent's page lists.
	maxEvents = 100
)

// historyPeriods are the days until now of which an agent's page tells the availability.
func historyPeriods() []int { return []int{7, 30, stripDays} }

// loadHistory is what the watch saw of an agent that GitLab has just shown to the person.
func (h *Handlers) loadHistory(r *http.Request, found agentread.ProjectAgent) (views.HistoryModel, error) {
	now := h.Now()
	from := now.Add(-stripDays * day)
	records, err := h.History.Records(r.Context(), []int64{found.Agent.ID}, from, now)
	record, seen := records[found.Agent.ID]
	if err != nil || !seen {
		return views.HistoryModel{}, err
	}
	model := views.HistoryModel{
		Seen: true, FirstSeen: record.FirstSeen, ReadAt: record.ReadAt, Present: record.Present(), Strip: stripOf(record, from, now, stripCells),
	}
	for _, days := range historyPeriods() {
		sums := history.Sum(record.Spans(now.Add(-time.Duration(days)*day), now))
		model.Periods = append(model.Periods, views.HistoryPeriod{Days: days, Sums: sums})
	}
	for until := now; until.After(from) && until.After(record.FirstSeen); until = until.Add(-7 * day) {
		begin := later(until.Add(-7*day), from)
		model.Weeks = append(model.Weeks, views.HistoryWeek{From: begin, Sums: history.Sum(record.Spans(begin, until))})
	}
	model.Events, model.More = eventsOf(record, found.Agent, from)
	return model, nil
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// stripOf draws the time from from to until in n parts.
func stripOf(record history.Record, from, until time.Time, n int) views.HistoryStrip {
	return views.HistoryStrip{From: from, Until: until, Cells: history.Cells(record.Spans(from, until), from, until, n)}
}

// eventsOf are the newest transitions since from, the newest first, and whether there are more. The names of
// tokens are those that are active: of others GitLab forgets the name.
func eventsOf(record history.Record, of agent.Agent, from time.Time) (events []views.HistoryEvent, more bool) {
	names := map[int64]string{}
	for _, token := range of.Tokens {
		names[token.ID] = token.Name
	}
	for _, one := range slices.Backward(record.Transitions) {
		if one.At.Before(from) {
			break
		}
		if len(events) == maxEvents {
			return events, true
		}
		events = append(events, views.HistoryEvent{Transition: one, TokenName: names[one.TokenID]})
	}
	return events, false
}

// addRowHistory adds the past of the agents on screen, in one query. A database that does not answer is no reason
// to show no fleet.
func (h *Handlers) addRowHistory(ctx context.Context, rows []views.FleetRow) {
	if h.History == nil || len(rows) == 0 {
		return
	}
	ids := make([]int64, len(rows))
	for i := range rows {
		ids[i] = rows[i].ID
	}
	now := h.Now()
	from := now.Add(-rowDays * day)
	records, err := h.History.Records(ctx, ids, from, now)
	if err != nil {
		h.Log.WarnContext(ctx, "reading the history of a page of the fleet", "error", err)
	}
	for i := range rows {
		if record, seen := records[rows[i].ID]; seen {
			rows[i].History = &views.FleetHistory{
				Strip: stripOf(record, from, now, rowCells), Sums: history.Sum(record.Spans(from, now)), Present: record.Present(),
			}
		}
	}
}
