package store_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gitlab-agent-portal/internal/store"
)

// tokenCreate is the beginning of an ordinary action.
func tokenCreate() store.AuditEvent {
	return store.AuditEvent{
		Action: store.AuditTokenCreate, ActorID: 42, ActorName: "lead", ClientIP: "192.0.2.7", RequestID: "REQUEST",
		Target: store.AuditTarget{ProjectID: 20, ProjectPath: "shop/payments", AgentID: 5, AgentName: "prod", TokenName: "第一个"},
	}
}

func auditPage(t *testing.T, s *store.Store, filter store.AuditFilter, before int64, limit int) []store.AuditEvent {
	t.Helper()
	events, err := s.AuditPage(t.Context(), filter, before, limit)
	if err != nil {
		t.Fatalf("AuditPage: %v", err)
	}
	return events
}

func TestAnAuditedActionIsPendingUntilItIsFinishedOnce(t *testing.T) {
	t.Parallel()
	for name, fresh := range engines {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, clock := openNew(t, fresh(t))
			id, err := s.BeginAudit(t.Context(), tokenCreate())
			if err != nil {
				t.Fatalf("BeginAudit: %v", err)
			}
			want := tokenCreate()
			want.ID, want.At, want.Outcome = id, clock.Now(), store.AuditPending
			all := store.AuditFilter{Projects: []int64{20}}
			if diff := cmp.Diff([]store.AuditEvent{want}, auditPage(t, s, all, 0, 10)); diff != "" {
				t.Errorf("after the beginning (-want +got):\n%s", diff)
			}
			if err := s.FinishAudit(t.Context(), id, store.AuditOK, store.AuditTarget{TokenID: 7}); err != nil {
				t.Fatalf("FinishAudit: %v", err)
			}
			if err := s.FinishAudit(t.Context(), id, store.AuditFailed, store.AuditTarget{}); !errors.Is(err, store.ErrAuditFinished) {
				t.Errorf("a second FinishAudit = %v, want ErrAuditFinished", err)
			}
			if err := s.FinishAudit(t.Context(), id+1, store.AuditOK, store.AuditTarget{}); !errors.Is(err, store.ErrAuditFinished) {
				t.Errorf("FinishAudit of nothing = %v, want ErrAuditFinished", err)
			}
			clock.advance(time.Hour)
			want.Outcome, want.Target.TokenID = store.AuditOK, 7
			if diff := cmp.Diff([]store.AuditEvent{want}, auditPage(t, s, all, 0, 10)); diff != "" {
				t.Errorf("after the end (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAnActionPendingForTooLongReadsAsUnknown(t *testing.T) {
	t.Parallel()
	for name, fresh := range engines {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, clock := openNew(t, fresh(t))
			if _, err := s.BeginAudit(t.Context(), tokenCreate()); err != nil {
				t.Fatal(err)
			}
			for _, want := range []store.AuditOutcome{store.AuditPending, store.AuditUnknown} {
				if got := auditPage(t, s, store.AuditFilter{Projects: []int64{20}}, 0, 1)[0].Outcome; got != want {
					t.Errorf("the outcome reads %q, want %q", got, want)
				}
				clock.advance(2*time.Minute + time.Microsecond)
			}
		})
	}
}

func TestAuditPagesAreFilteredAndPagedByKey(t *testing.T) {
	t.Parallel()
	for name, fresh := range engines {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, clock := openNew(t, fresh(t))
			start := clock.Now()
			for i := range 6 {
				event := tokenCreate()
				event.Outcome, event.RequestID = store.AuditOK, fmt.Sprint(i)
				switch i {
				case 1:
					event.Target.ProjectID = 21
				case 2:
					event.Target.AgentID, event.Target.AgentName = 6, "idle"
				case 3:
					event.ActorName = "other"
				case 4:
					event.Action, event.RefersTo = store.AuditReconciled, 1
				}
				if err := s.RecordAudit(t.Context(), event); err != nil {
					t.Fatalf("RecordAudit: %v", err)
				}
				clock.advance(time.Minute)
			}
			tests := []struct {
				name   string
				filter store.AuditFilter
				want   string
			}{
				{"a project", store.AuditFilter{Projects: []int64{20}}, "5 4 3 2 0"},
				{"two projects", store.AuditFilter{Projects: []int64{20, 21}}, "5 4 3 2 1 0"},
				{"no project", store.AuditFilter{}, ""},
				{"an agent by number", store.AuditFilter{Projects: []int64{20}, AgentID: 6}, "2"},
				{"an agent by name", store.AuditFilter{Projects: []int64{20}, AgentName: "idle"}, "2"},
				{"an actor", store.AuditFilter{Projects: []int64{20}, Actor: "other"}, "3"},
				{"an action", store.AuditFilter{Projects: []int64{20}, Action: store.AuditReconciled}, "4"},
				{"a time", store.AuditFilter{Projects: []int64{20, 21}, From: start.Add(time.Minute), Until: start.Add(3 * time.Minute)}, "2 1"},
				{"a name that is no UTF-8", store.AuditFilter{Projects: []int64{20}, Actor: "\xff\x00"}, ""},
			}
			for _, tt := range tests {
				if got := requests(auditPage(t, s, tt.filter, 0, 10)); got != tt.want {
					t.Errorf("%s: rows %q, want %q", tt.name, got, tt.want)
				}
			}
			both := store.AuditFilter{Projects: []int64{20, 21}}
			first := auditPage(t, s, both, 0, 4)
			if err := s.RecordAudit(t.Context(), tokenCreate()); err != nil { // shifts nothing
				t.Fatal(err)
			}
			second := auditPage(t, s, both, first[3].ID, 4)
			if got := requests(first) + " | " + requests(second); got != "5 4 3 2 | 1 0" {
				t.Errorf("two pages: %s", got)
			}
			back, err := s.AuditPageAfter(t.Context(), both, second[0].ID, 2)
			if got := requests(back); got != "3 2" || err != nil {
				t.Errorf("the way back: %s, %v, want the two that follow, newest first", got, err)
			}
		})
	}
}

// More projects than either engine takes values in one query.
func TestAPersonMaintainsAnyNumberOfProjects(t *testing.T) {
	t.Parallel()
	for name, fresh := range engines {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, _ := openNew(t, fresh(t))
			var filter store.AuditFilter
			for id := range int64(70_000) {
				filter.Projects = append(filter.Projects, id+1)
			}
			for i, project := range []int64{69_999, 1, 35_000, 70_001, 70_000} { // in several parts of the list
				event := tokenCreate()
				event.Target.ProjectID, event.RequestID = project, fmt.Sprint(i)
				if err := s.RecordAudit(t.Context(), event); err != nil {
					t.Fatal(err)
				}
			}
			first := auditPage(t, s, filter, 0, 3)
			if got := requests(first) + " | " + requests(auditPage(t, s, filter, first[2].ID, 3)); got != "4 2 1 | 0" {
				t.Errorf("two pages: %s", got)
			}
			back, err := s.AuditPageAfter(t.Context(), filter, 1, 2)
			if got := requests(back); got != "2 1" || err != nil {
				t.Errorf("the way back: %s, %v", got, err)
			}
		})
	}
}

// requests lists the request ids of events.
func requests(events []store.AuditEvent) string {
	ids := make([]string, 0, len(events))
	for _, event := range events {
		ids = append(ids, event.RequestID)
	}
	return strings.Join(ids, " ")
}

func TestAnyNameCanBeAudited(t *testing.T) {
	t.Parallel()
	for name, fresh := range engines {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, _ := openNew(t, fresh(t))
			event := tokenCreate()
			event.Target.TokenName, event.ActorName = "\x00\xff", strings.Repeat("长", 1000)
			if err := s.RecordAudit(t.Context(), event); err != nil {
				t.Fatalf("RecordAudit: %v", err)
			}
			got := auditPage(t, s, store.AuditFilter{Projects: []int64{20}}, 0, 1)[0]
			if got.Target.TokenName != "��" || got.ActorName != strings.Repeat("长", 341) {
				t.Errorf("the names became %q and %q", got.Target.TokenName, got.ActorName)
			}
		})
	}
}

func TestAuditNumbersAreUniqueAmongReplicas(t *testing.T) {
	t.Parallel()
	c := newClock()
	cfg := configure(postgresEngine(t), c)
	replicas := []*store.Store{open(t, cfg), open(t, cfg)}
	var writers sync.WaitGroup
	for i := range 40 {
		writers.Go(func() {
			if _, err := replicas[i%2].BeginAudit(t.Context(), tokenCreate()); err != nil {
				t.Errorf("BeginAudit: %v", err)
			}
		})
	}
	writers.Wait()
	if got := auditPage(t, replicas[0], store.AuditFilter{Projects: []int64{20}}, 0, 100); len(got) != 40 || got[0].ID != 40 {
		t.Errorf("%d rows, the newest with number %d; want 40 and 40", len(got), got[0].ID)
	}
}

func TestSweepForgetsTheAuditAfterItsRetention(t *testing.T) {
	t.Parallel()
	for name, fresh := range engines {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clock := newClock()
			cfg := configure(fresh(t), clock)
			cfg.AuditRetention = time.Hour
			s := open(t, cfg)
			for range 2 {
				if err := s.RecordAudit(t.Context(), tokenCreate()); err != nil {
					t.Fatal(err)
				}
				clock.advance(30 * time.Minute)
			}
			if got, err := s.Sweep(t.Context()); got != 1 || err != nil {
				t.Errorf("Sweep = %d, %v, want 1", got, err)
			}
			if got := auditPage(t, s, store.AuditFilter{Projects: []int64{20}}, 0, 10); len(got) != 1 || got[0].ID != 2 {
				t.Errorf("left are %+v, want the younger row", got)
			}
		})
	}
}

func TestTheSweepOfTheAuditIsBounded(t *testing.T) {
	t.Parallel()
	for name, fresh := range engines {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := fresh(t)
			s, clock := openNew(t, e)
			_, err := e.raw(t).ExecContext(t.Context(), `INSERT INTO audit
				WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 501)
				SELECT i, 0, 'sign_in', 'ok', 0, '', 0, '', 0, '', 0, '', '', '', 0 FROM n`)
			if err != nil {
				t.Fatal(err)
			}
			clock.advance(time.Hour)
			for _, want := range []int64{500, 1, 0} {
				if got, err := s.Sweep(t.Context()); got != want || err != nil {
					t.Errorf("Sweep = %d, %v, want %d", got, err, want)
				}
			}
		})
	}
}
