package alerts_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
	"gitlab-agent-portal/internal/alert"
	"gitlab-agent-portal/internal/alert/alerts"
	"gitlab-agent-portal/internal/database"
	"gitlab-agent-portal/internal/database/databasetest"
)

const retention = 400 * 24 * time.Hour

// world is a store over a database of its own.
type world struct {
	*alerts.Store
	clock *gitlabtest.Clock
	db    *database.DB
}

// onEveryEngine runs a test with a store over each engine.
func onEveryEngine(t *testing.T, test func(*testing.T, world)) {
	t.Helper()
	for name, fresh := range databasetest.Engines() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clock := gitlabtest.NewClock(time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC))
			db := fresh(t).Open(t)
			test(t, world{alerts.New(db, retention, clock.Now), clock, db})
		})
	}
}

// about is an alert of an agent in a project.
func (w world) about(kind alert.Kind, project, agent int64) alert.Alert {
	now := w.clock.Now()
	return alert.Alert{
		Kind: kind, Subject: alert.Subject{ProjectID: project, ProjectPath: "shop/app", AgentID: agent, AgentName: "prod"},
		Since: now.Add(-time.Hour), OpenedAt: now, ResolvedAt: now,
	}
}

// save saves what must not fail, and returns what changed.
func (w world) save(t *testing.T, opened, resolved []alert.Alert) []alert.Change {
	t.Helper()
	tx, err := w.db.Write.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	changes, err := w.Save(t.Context(), tx, opened, resolved)
	if err != nil {
		t.Fatalf("Save: %v", err)
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	return changes
}

func (w world) list(t *testing.T, q alerts.Query) []int64 {
	t.Helper()
	found, _, err := w.List(t.Context(), q)
	if err != nil {
		t.Fatalf("List: %v", err)
	}
	ids := []int64{}
	for _, one := range found {
		ids = append(ids, one.ID)
	}
	return ids
}

func TestAnAlertOpensOnceAndIsResolvedOnce(t *testing.T) {
	t.Parallel()
	onEveryEngine(t, func(t *testing.T, w world) {
		t.Helper()
		one := w.about(alert.Disconnected, 1, 10)
		first := w.save(t, []alert.Alert{one}, nil)
		if len(first) != 1 || first[0].ID == 0 || !first[0].OpenedAt.Equal(one.OpenedAt) {
			t.Fatalf("opening it changed %+v", first)
		}
		if again := w.save(t, []alert.Alert{one}, nil); len(again) != 0 {
			t.Errorf("opening it again changed %+v", again)
		}
		w.clock.Advance(time.Hour)
		over := w.about(alert.Disconnected, 1, 10)
		ended := w.save(t, nil, []alert.Alert{over})
		if len(ended) != 1 || ended[0].ID != first[0].ID || !ended[0].OpenedAt.Equal(one.OpenedAt) || !ended[0].ResolvedAt.Equal(w.clock.Now()) {
			t.Errorf("resolving it changed %+v", ended)
		}
		if again := w.save(t, nil, []alert.Alert{over}); len(again) != 0 {
			t.Errorf("resolving it again changed %+v", again)
		}
		if next := w.save(t, []alert.Alert{one}, nil); len(next) != 1 || next[0].ID <= first[0].ID {
			t.Errorf("the next one of its kind is %+v, want a greater number than %d", next, first[0].ID)
		}
	})
}

func TestAReaderSeesTheAlertsOfTheirProjectsAndOfTheWatch(t *testing.T) {
	t.Parallel()
	onEveryEngine(t, func(t *testing.T, w world) {
		t.Helper()
		w.save(t, []alert.Alert{
			w.about(alert.Disconnected, 1, 10), w.about(alert.Idle, 1, 10), w.about(alert.Idle, 2, 20), {Kind: alert.WatchFailing, OpenedAt: w.clock.Now()},
		}, nil)
		w.save(t, nil, []alert.Alert{w.about(alert.Idle, 1, 10)})
		for name, tt := range map[string]struct {
			query alerts.Query
			want  []int64
		}{
			"of one project":               {alerts.Query{Projects: []int64{1}}, []int64{4, 1}},
			"of none":                      {alerts.Query{}, []int64{4}},
			"of both":                      {alerts.Query{Projects: []int64{1, 2}}, []int64{4, 3, 1}},
			"that are over":                {alerts.Query{Projects: []int64{1, 2}, Resolved: true}, []int64{2}},
			"of one kind":                  {alerts.Query{Projects: []int64{1, 2}, Kind: alert.Idle}, []int64{3}},
			"of one agent":                 {alerts.Query{Projects: []int64{1, 2}, Agent: 10}, []int64{1}},
			"behind another":               {alerts.Query{Projects: []int64{1, 2}, Before: 3}, []int64{1}},
			"of one whose number is large": {alerts.Query{Projects: []int64{1}, Agent: 1 << 40, Before: 1 << 40}, []int64{}},
			"of somebody else's one":       {alerts.Query{Projects: []int64{1}, Agent: 20}, []int64{}},
		} {
			tt.query.Limit = 10
			if got := w.list(t, tt.query); !cmp.Equal(got, tt.want) {
				t.Errorf("alerts %s: %v, want %v", name, got, tt.want)
			}
		}
		if first, more, err := w.List(t.Context(), alerts.Query{Projects: []int64{1, 2}, Limit: 2}); len(first) != 2 || !more || err != nil {
			t.Errorf("a page of two has %d, more: %v, %v", len(first), more, err)
		}
	})
}

func TestAnAcknowledgedAlertIsNotCountedUntilItsTimeIsOver(t *testing.T) {
	t.Parallel()
	onEveryEngine(t, func(t *testing.T, w world) {
		t.Helper()
		w.save(t, []alert.Alert{w.about(alert.Disconnected, 1, 10), w.about(alert.Disconnected, 2, 20)}, nil)
		ack := alert.Acknowledgement{ByID: 7, By: "lead", At: w.clock.Now(), Until: w.clock.Now().Add(time.Hour), Note: "the cluster moves"}
		if _, err := w.Acknowledge(t.Context(), 2, []int64{1}, ack); !errors.Is(err, alerts.ErrGone) {
			t.Errorf("acknowledging the alert of another project: %v, want ErrGone", err)
		}
		got, err := w.Acknowledge(t.Context(), 1, []int64{1}, ack)
		if diff := cmp.Diff(ack, got.Acknowledgement); err != nil || diff != "" {
			t.Fatalf("Acknowledge: %v (-want +got):\n%s", err, diff)
		}
		for _, tt := range []struct {
			after time.Duration
			want  int
		}{{0, 1}, {time.Hour - time.Second, 1}, {time.Second, 2}} {
			w.clock.Advance(tt.after)
			if count, err := w.Count(t.Context(), []int64{1, 2}); count != tt.want || err != nil {
				t.Errorf("%v later %d count, %v; want %d", tt.after, count, err, tt.want)
			}
		}
	})
}

func TestResolvedAlertsAreSweptAfterTheirRetention(t *testing.T) {
	t.Parallel()
	onEveryEngine(t, func(t *testing.T, w world) {
		t.Helper()
		w.save(t, []alert.Alert{w.about(alert.Disconnected, 1, 10), w.about(alert.Idle, 1, 10)}, nil)
		w.save(t, nil, []alert.Alert{w.about(alert.Idle, 1, 10)})
		w.clock.Advance(retention - time.Second)
		if n, err := w.Sweep(t.Context()); n != 0 || err != nil {
			t.Errorf("swept before their time: %d, %v", n, err)
		}
		w.clock.Advance(time.Second)
		if n, err := w.Sweep(t.Context()); n != 1 || err != nil {
			t.Errorf("swept %d, %v; want the resolved one", n, err)
		}
		if open, err := w.Open(t.Context()); len(open) != 1 || err != nil {
			t.Errorf("open are %v, %v; want that of the lost connection", open, err)
		}
	})
}
