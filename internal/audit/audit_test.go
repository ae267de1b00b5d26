package audit_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
	"gitlab-agent-portal/internal/activity"
	"gitlab-agent-portal/internal/audit"
	"gitlab-agent-portal/internal/database/databasetest"
)

// retention of the tests' audits, unless one says otherwise.
const retention = 9600 * time.Hour

func newClock() *gitlabtest.Clock {
	return gitlabtest.NewClock(time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC))
}

// openNew opens the audit of a database.
func openNew(t *testing.T, d *databasetest.Database) (*audit.Log, *gitlabtest.Clock) {
	t.Helper()
	c := newClock()
	return audit.New(d.Open(t), retention, c.Now), c
}

// tokenCreate is the beginning of an ordinary action.
func tokenCreate() audit.Event {
	return audit.Event{
		Action: activity.TokenCreate, ActorID: 42, ActorName: "lead", ClientIP: "192.0.2.7", RequestID: "REQUEST",
		Target: audit.Target{ProjectID: 20, ProjectPath: "shop/payments", AgentID: 5, AgentName: "prod", TokenName: "第一个"},
	}
}

func page(t *testing.T, log *audit.Log, filter audit.Filter, before int64, limit int) []audit.Event {
	t.Helper()
	events, err := log.Page(t.Context(), filter, before, limit)
	if err != nil {
		t.Fatalf("Page: %v", err)
	}
	return events
}

func TestAnAuditedActionIsPendingUntilItIsFinishedOnce(t *testing.T) {
	t.Parallel()
	for name, fresh := range databasetest.Engines() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			log, clock := openNew(t, fresh(t))
			id, err := log.Begin(t.Context(), tokenCreate())
			if err != nil {
				t.Fatalf("Begin: %v", err)
			}
			want := tokenCreate()
			want.ID, want.At, want.Outcome, want.Times = id, clock.Now(), activity.Pending, 1
			all := audit.Filter{Projects: []int64{20}}
			if diff := cmp.Diff([]audit.Event{want}, page(t, log, all, 0, 10)); diff != "" {
				t.Errorf("after the beginning (-want +got):\n%s", diff)
			}
			if err := log.Finish(t.Context(), id, activity.OK, audit.Target{TokenID: 7}); err != nil {
				t.Fatalf("Finish: %v", err)
			}
			if err := log.Finish(t.Context(), id, activity.Failed, audit.Target{}); !errors.Is(err, audit.ErrFinished) {
				t.Errorf("a second Finish = %v, want ErrFinished", err)
			}
			if err := log.Finish(t.Context(), id+1, activity.OK, audit.Target{}); !errors.Is(err, audit.ErrFinished) {
				t.Errorf("Finish of nothing = %v, want ErrFinished", err)
			}
			clock.Advance(time.Hour)
			want.Outcome, want.Target.TokenID = activity.OK, 7
			if diff := cmp.Diff([]audit.Event{want}, page(t, log, all, 0, 10)); diff != "" {
				t.Errorf("after the end (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAnActionPendingForTooLongReadsAsUnknown(t *testing.T) {
	t.Parallel()
	for name, fresh := range databasetest.Engines() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			log, clock := openNew(t, fresh(t))
			if _, err := log.Begin(t.Context(), tokenCreate()); err != nil {
				t.Fatal(err)
			}
			for _, want := range []activity.Outcome{activity.Pending, activity.Unknown} {
				if got := page(t, log, audit.Filter{Projects: []int64{20}}, 0, 1)[0].Outcome; got != want {
					t.Errorf("the outcome reads %q, want %q", got, want)
				}
				clock.Advance(2*time.Minute + time.Microsecond)
			}
		})
	}
}

func TestAuditPagesAreFilteredAndPagedByKey(t *testing.T) {
	t.Parallel()
	for name, fresh := range databasetest.Engines() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			log, clock := openNew(t, fresh(t))
			start := clock.Now()
			for i := range 6 {
				event := tokenCreate()
				event.Outcome, event.RequestID = activity.OK, fmt.Sprint(i)
				switch i {
				case 1:
					event.Target.ProjectID = 21
				case 2:
					event.Target.AgentID, event.Target.AgentName = 6, "idle"
				case 3:
					event.ActorName = "other"
				case 4:
					event.Action, event.RefersTo = activity.Reconciled, 1
				}
				if err := log.Record(t.Context(), event); err != nil {
					t.Fatalf("Record: %v", err)
				}
				clock.Advance(time.Minute)
			}
			tests := []struct {
				name   string
				filter audit.Filter
				want   string
			}{
				{"a project", audit.Filter{Projects: []int64{20}}, "5 4 3 2 0"},
				{"two projects", audit.Filter{Projects: []int64{20, 21}}, "5 4 3 2 1 0"},
				{"no project", audit.Filter{}, ""},
				{"an agent by number", audit.Filter{Projects: []int64{20}, AgentID: 6}, "2"},
				{"an agent by name", audit.Filter{Projects: []int64{20}, AgentName: "idle"}, "2"},
				{"an actor", audit.Filter{Projects: []int64{20}, Actor: "other"}, "3"},
				{"an action", audit.Filter{Projects: []int64{20}, Action: activity.Reconciled}, "4"},
				{"a time", audit.Filter{Projects: []int64{20, 21}, From: start.Add(time.Minute), Until: start.Add(3 * time.Minute)}, "2 1"},
				{"a name that is no UTF-8", audit.Filter{Projects: []int64{20}, Actor: "\xff\x00"}, ""},
			}
			for _, tt := range tests {
				if got := requests(page(t, log, tt.filter, 0, 10)); got != tt.want {
					t.Errorf("%s: rows %q, want %q", tt.name, got, tt.want)
				}
			}
			both := audit.Filter{Projects: []int64{20, 21}}
			first := page(t, log, both, 0, 4)
			if err := log.Record(t.Context(), tokenCreate()); err != nil { // shifts nothing
				t.Fatal(err)
			}
			second := page(t, log, both, first[3].ID, 4)
			if got := requests(first) + " | " + requests(second); got != "5 4 3 2 | 1 0" {
				t.Errorf("two pages: %s", got)
			}
			back, err := log.PageAfter(t.Context(), both, second[0].ID, 2)
			if got := requests(back); got != "3 2" || err != nil {
				t.Errorf("the way back: %s, %v, want the two that follow, newest first", got, err)
			}
		})
	}
}

// More projects than either engine takes values in one query.
func TestAPersonMaintainsAnyNumberOfProjects(t *testing.T) {
	t.Parallel()
	for name, fresh := range databasetest.Engines() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			log, _ := openNew(t, fresh(t))
			var filter audit.Filter
			for id := range int64(70_000) {
				filter.Projects = append(filter.Projects, id+1)
			}
			for i, project := range []int64{69_999, 1, 35_000, 70_001, 70_000} { // in several parts of the list
				event := tokenCreate()
				event.Target.ProjectID, event.RequestID = project, fmt.Sprint(i)
				if err := log.Record(t.Context(), event); err != nil {
					t.Fatal(err)
				}
			}
			first := page(t, log, filter, 0, 3)
			if got := requests(first) + " | " + requests(page(t, log, filter, first[2].ID, 3)); got != "4 2 1 | 0" {
				t.Errorf("two pages: %s", got)
			}
			back, err := log.PageAfter(t.Context(), filter, 1, 2)
			if got := requests(back); got != "2 1" || err != nil {
				t.Errorf("the way back: %s, %v", got, err)
			}
		})
	}
}

// requests lists the request ids of events.
func requests(events []audit.Event) string {
	ids := make([]string, 0, len(events))
	for _, event := range events {
		ids = append(ids, event.RequestID)
	}
	return strings.Join(ids, " ")
}

func TestAnyNameCanBeAudited(t *testing.T) {
	t.Parallel()
	for name, fresh := range databasetest.Engines() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			log, _ := openNew(t, fresh(t))
			event := tokenCreate()
			event.Target.TokenName, event.ActorName = "\x00\xff", strings.Repeat("长", 1000)
			if err := log.Record(t.Context(), event); err != nil {
				t.Fatalf("Record: %v", err)
			}
			got := page(t, log, audit.Filter{Projects: []int64{20}}, 0, 1)[0]
			if got.Target.TokenName != "��" || got.ActorName != strings.Repeat("长", 341) {
				t.Errorf("the names became %q and %q", got.Target.TokenName, got.ActorName)
			}
		})
	}
}

func TestAuditNumbersAreUniqueAmongReplicas(t *testing.T) {
	t.Parallel()
	d, c := databasetest.Postgres(t), newClock()
	replicas := []*audit.Log{audit.New(d.Open(t), retention, c.Now), audit.New(d.Open(t), retention, c.Now)}
	var writers sync.WaitGroup
	for i := range 40 {
		writers.Go(func() {
			if _, err := replicas[i%2].Begin(t.Context(), tokenCreate()); err != nil {
				t.Errorf("Begin: %v", err)
			}
		})
	}
	writers.Wait()
	if got := page(t, replicas[0], audit.Filter{Projects: []int64{20}}, 0, 100); len(got) != 40 || got[0].ID != 40 {
		t.Errorf("%d rows, the newest with number %d; want 40 and 40", len(got), got[0].ID)
	}
}

func TestSweepForgetsTheAuditAfterItsRetention(t *testing.T) {
	t.Parallel()
	for name, fresh := range databasetest.Engines() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clock := newClock()
			log := audit.New(fresh(t).Open(t), time.Hour, clock.Now)
			for range 2 {
				if err := log.Record(t.Context(), tokenCreate()); err != nil {
					t.Fatal(err)
				}
				clock.Advance(30 * time.Minute)
			}
			if got, err := log.Sweep(t.Context()); got != 1 || err != nil {
				t.Errorf("Sweep = %d, %v, want 1", got, err)
			}
			if got := page(t, log, audit.Filter{Projects: []int64{20}}, 0, 10); len(got) != 1 || got[0].ID != 2 {
				t.Errorf("left are %+v, want the younger row", got)
			}
		})
	}
}

func TestTheSweepOfTheAuditIsBounded(t *testing.T) {
	t.Parallel()
	for name, fresh := range databasetest.Engines() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := fresh(t)
			log, clock := openNew(t, d)
			_, err := d.Raw(t).ExecContext(t.Context(), `INSERT INTO audit (id, at, action, outcome, actor_id, actor_name, project_id, project_path, agent_id, agent_name, token_id, token_name, client_ip, request_id, refers_to)
				WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 501)
				SELECT i, 0, 'sign_in', 'ok', 0, '', 0, '', 0, '', 0, '', '', '', 0 FROM n`)
			if err != nil {
				t.Fatal(err)
			}
			clock.Advance(time.Hour)
			for _, want := range []int64{500, 1, 0} {
				if got, err := log.Sweep(t.Context()); got != want || err != nil {
					t.Errorf("Sweep = %d, %v, want %d", got, err, want)
				}
			}
		})
	}
}
