package handlers

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/fleet"
	"gitlab-agent-portal/internal/fleet/scan"
	"gitlab-agent-portal/internal/history"
	"gitlab-agent-portal/internal/history/transitions"
	"gitlab-agent-portal/views"
)

const (
	// maxCharts is how many pictures are kept, of a few kilobytes each.
	maxCharts = 1000
	// chartPerDay is into how many parts the picture of the fleet divides a day.
	chartPerDay = 4
)

// chartKey names a picture: whose it is, of which reading of their fleet, and of which agents of that. So nobody
// gets another person's, nor one of agents that a later reading does not have.
type chartKey struct {
	person int64
	scope  agent.Scope
	readAt time.Time
	filter string
}

// charts keep pictures of how many agents were connected: making one of a large fleet takes the database a while,
// and a page asks for it with each letter of a search.
type charts struct {
	kept *lru.Cache[chartKey, []history.Count]
}

func newCharts() charts {
	kept, _ := lru.New[chartKey, []history.Count](maxCharts) // its only error is a size that is not positive
	return charts{kept}
}

// connectedChart is how many of the agents that the filters leave were connected; nil without a watch, and where it
// cannot be told: of more agents than one query reads, or of a list that is not complete yet.
func (h *Handlers) connectedChart(r *http.Request, s *session, query fleet.Query, view scan.View, rows []fleet.Row) *views.ConnectedChart {
	if h.History == nil || view.Partial || len(rows) == 0 || len(rows) > transitions.MaxRecords {
		return nil
	}
	chart := &views.ConnectedChart{Days: rowDays, URL: h.urls.History(string(query.Scope), query.Group, 0)}
	filter := query
	filter.Sort, filter.Reverse, filter.Page = "", false, 0
	key := chartKey{s.User.ID, query.Scope, view.Snapshot.ReadAt, filter.Values().Encode()}
	counts, kept := h.charts.kept.Get(key)
	if !kept {
		var err error
		if counts, err = h.countConnected(r.Context(), rows); err != nil {
			h.Log.WarnContext(r.Context(), "counting the agents that were connected", "error", err)
			return nil
		}
		h.charts.kept.Add(key, counts)
	}
	chart.Counts = counts
	return chart
}

func (h *Handlers) countConnected(ctx context.Context, rows []fleet.Row) ([]history.Count, error) {
	ids := make([]int64, len(rows))
	for i := range rows {
		ids[i] = rows[i].ID
	}
	now := h.Now()
	records, err := h.History.Records(ctx, ids, now.Add(-rowDays*day), now)
	if err != nil {
		return nil, err
	}
	return history.Counts(slices.Collect(maps.Values(records)), now.Add(-rowDays*day), now, rowDays*chartPerDay), nil
}
