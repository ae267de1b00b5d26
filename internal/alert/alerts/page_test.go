package alerts_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gitlab-agent-portal/internal/alert"
	"gitlab-agent-portal/internal/alert/alerts"
)

// pages are the numbers of the alerts on all pages of a query, one after the other.
func (w world) pages(t *testing.T, q alerts.PageQuery) []int64 {
	t.Helper()
	ids := []int64{}
	for range 20 {
		found, next, err := w.Page(t.Context(), q)
		if err != nil {
			t.Fatalf("Page(%+v): %v", q, err)
		}
		for _, one := range found {
			ids = append(ids, one.ID)
		}
		if next == (alerts.Place{}) {
			return ids
		}
		q.After = next
	}
	t.Fatalf("the pages of %+v have no end", q)
	return nil
}

func TestPagesBeginWithWhatNobodyLooksAfterAndTheGravest(t *testing.T) {
	t.Parallel()
	onEveryEngine(t, func(t *testing.T, w world) {
		t.Helper()
		w.save(t, []alert.Alert{
			w.about(alert.Idle, 1, 10), w.about(alert.Disconnected, 1, 11), w.about(alert.TooMany, 1, 12), // 1, 2, 3
			w.about(alert.Disconnected, 2, 20), w.about(alert.Idle, 2, 1<<40), w.about(alert.Disconnected, 1, 13), // 4, 5, 6
			{Kind: alert.WatchFailing, OpenedAt: w.clock.Now()}, // 7
		}, nil)
		if _, err := w.Acknowledge(t.Context(), 6, []int64{1}, alert.Acknowledgement{ByID: 7, Until: w.clock.Now().Add(time.Hour)}); err != nil {
			t.Fatal(err)
		}
		both := []int64{1, 2}
		for name, tt := range map[string]struct {
			query alerts.PageQuery
			want  []int64
		}{
			"of all":              {alerts.PageQuery{Projects: both}, []int64{7, 4, 2, 3, 5, 1, 6}},
			"of one project":      {alerts.PageQuery{Projects: []int64{1}}, []int64{7, 2, 3, 1, 6}},
			"of projects only":    {alerts.PageQuery{Projects: both, ProjectsOnly: true}, []int64{4, 2, 3, 5, 1, 6}},
			"of no project":       {alerts.PageQuery{}, []int64{7}},
			"of nothing":          {alerts.PageQuery{ProjectsOnly: true}, []int64{}},
			"of a kind":           {alerts.PageQuery{Projects: both, Kind: alert.Idle}, []int64{5, 1}},
			"of a severity":       {alerts.PageQuery{Projects: both, Severity: alert.Critical}, []int64{7, 4, 2, 6}},
			"of an unknown one":   {alerts.PageQuery{Projects: both, Severity: "worse"}, []int64{}},
			"of an agent":         {alerts.PageQuery{Projects: both, Agent: 1 << 40}, []int64{5}},
			"of somebody's agent": {alerts.PageQuery{Projects: []int64{1}, Agent: 20}, []int64{}},
		} {
			for _, limit := range []int{1, 2, 3, 50} {
				tt.query.Limit = limit
				if got := w.pages(t, tt.query); !cmp.Equal(got, tt.want) {
					t.Errorf("alerts %s, %d a page: %v, want %v", name, limit, got, tt.want)
				}
			}
		}
		w.clock.Advance(time.Hour)
		if got := w.pages(t, alerts.PageQuery{Projects: both, Limit: 2}); !slices.Equal(got, []int64{7, 6, 4, 2, 3, 5, 1}) {
			t.Errorf("when the acknowledgement has ended: %v", got)
		}
	})
}

func TestPagesOfWhatIsOverBeginWithTheLast(t *testing.T) {
	t.Parallel()
	onEveryEngine(t, func(t *testing.T, w world) {
		t.Helper()
		agents := []int64{10, 11, 12, 13}
		for _, agent := range agents {
			w.save(t, []alert.Alert{w.about(alert.Idle, 1, agent)}, nil)
		}
		for _, agent := range []int64{12, 10, 13} {
			w.clock.Advance(time.Minute)
			w.save(t, nil, []alert.Alert{w.about(alert.Idle, 1, agent)})
		}
		for _, limit := range []int{1, 2, 50} {
			if got := w.pages(t, alerts.PageQuery{Projects: []int64{1}, Resolved: true, Limit: limit}); !slices.Equal(got, []int64{4, 1, 3}) {
				t.Errorf("%d a page: %v", limit, got)
			}
		}
	})
}

func TestAnAlertIsFoundByItsNumberWhetherOpenOrOver(t *testing.T) {
	t.Parallel()
	onEveryEngine(t, func(t *testing.T, w world) {
		t.Helper()
		one := w.about(alert.Disconnected, 1, 10)
		one.ResolvedAt = time.Time{}
		opened := w.save(t, []alert.Alert{one}, nil)[0].Alert
		got, err := w.Get(t.Context(), opened.ID)
		if diff := cmp.Diff(opened, got); err != nil || diff != "" {
			t.Errorf("an open one: %v (-want +got):\n%s", err, diff)
		}
		w.save(t, nil, []alert.Alert{w.about(alert.Disconnected, 1, 10)})
		if got, err = w.Get(t.Context(), opened.ID); err != nil || got.Open() {
			t.Errorf("one that is over: %+v, %v", got, err)
		}
		if _, err := w.Get(t.Context(), opened.ID+1); !errors.Is(err, alerts.ErrGone) {
			t.Errorf("one that is not there: %v, want ErrGone", err)
		}
	})
}
