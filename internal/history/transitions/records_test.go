package transitions_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/database"
	"gitlab-agent-portal/internal/database/databasetest"
	"gitlab-agent-portal/internal/history"
	"gitlab-agent-portal/internal/history/historytest"
	"gitlab-agent-portal/internal/history/transitions"
)

// world is a store over a database of its own.
type world struct {
	*transitions.Store
	clock *gitlabtest.Clock
	db    *database.DB
}

// onEveryEngine runs a test with a store over each engine.
func onEveryEngine(t *testing.T, test func(t *testing.T, engine string, w world)) {
	t.Helper()
	for name, fresh := range databasetest.Engines() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clock := gitlabtest.NewClock(time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC))
			db := fresh(t).Open(t)
			test(t, name, world{transitions.New(db, 400*day, clock.Now), clock, db})
		})
	}
}

// ago is a time before the clock's.
func (w world) ago(d time.Duration) time.Time { return w.clock.Now().Add(-d) }

func (w world) exec(t *testing.T, statement string, args ...any) {
	t.Helper()
	if _, err := w.db.Write.ExecContext(database.Unhurried(t.Context()), statement, args...); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// sees lets the watch have read an agent since a time. A zero gone is an agent that is there.
func (w world) sees(t *testing.T, project, number int64, first, gone time.Time) {
	t.Helper()
	record := history.Record{
		AgentID: number, ProjectID: project, ProjectPath: "shop/app", AgentName: fmt.Sprint("cluster-", number), FirstSeen: first, GoneAt: gone,
		Status: agent.StatusConnected,
	}
	if err := historytest.Fill(t.Context(), w.db, w.clock.Now(), record); err != nil {
		t.Fatal(err)
	}
}

func (w world) note(t *testing.T, number int64, ago time.Duration, kind history.Kind) history.Transition {
	t.Helper()
	one := history.Transition{AgentID: number, At: w.ago(ago), Kind: kind}
	if err := w.Note(t.Context(), w.db.Write, []history.Transition{one}); err != nil {
		t.Fatal(err)
	}
	return one
}

func TestRecordsTellOfAgentsWithTheStateInWhichTheTimeBegan(t *testing.T) {
	t.Parallel()
	onEveryEngine(t, func(t *testing.T, _ string, w world) {
		t.Helper()
		if began, err := w.Began(t.Context()); !began.IsZero() || err != nil {
			t.Errorf("without an agent the watch began at %v, %v", began, err)
		}
		w.sees(t, 1, 10, w.ago(50*day), time.Time{})
		w.sees(t, 1, 11, w.ago(20*day), time.Time{})
		w.sees(t, 2, 20, w.ago(20*day), time.Time{})
		w.note(t, 10, 50*day, history.Registered)
		w.note(t, 10, 49*day, history.Connected)
		before := w.note(t, 10, 40*day, history.NotConnected)
		w.note(t, 10, 35*day, history.TokenCreated)
		within := w.note(t, 10, 5*day, history.Connected)
		after := w.note(t, 10, day, history.NotConnected)
		w.note(t, 20, day, history.NotConnected)
		got, err := w.Records(t.Context(), []int64{10, 11, 12}, w.ago(30*day), w.ago(2*day))
		if err != nil {
			t.Fatal(err)
		}
		record := func(number int64, first time.Time, list ...history.Transition) history.Record {
			return history.Record{
				AgentID: number, ProjectID: 1, ProjectPath: "shop/app", AgentName: fmt.Sprint("cluster-", number), FirstSeen: first,
				ReadAt: w.clock.Now(), Status: agent.StatusConnected, StatusSince: first, Transitions: list,
			}
		}
		want := map[int64]history.Record{10: record(10, w.ago(50*day), before, within), 11: record(11, w.ago(20*day))}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("records (-want +got):\n%s", diff)
		}
		if got, err := w.Records(t.Context(), []int64{10}, w.ago(5*day), w.clock.Now()); err != nil || !cmp.Equal(got[10].Transitions, []history.Transition{before, within, after}) {
			t.Errorf("from the moment of a transition on: %+v, %v", got[10].Transitions, err)
		}
		if began, err := w.Began(t.Context()); !began.Equal(w.ago(50*day)) || err != nil {
			t.Errorf("the watch began at %v, %v; want 50 days ago", began, err)
		}
	})
}

func TestTheHistoryOfProjectsHoldsTheirDeletedAgentsToo(t *testing.T) {
	t.Parallel()
	onEveryEngine(t, func(t *testing.T, _ string, w world) {
		t.Helper()
		w.sees(t, 1, 10, w.ago(50*day), time.Time{})
		w.sees(t, 1, 11, w.ago(50*day), w.ago(20*day))
		w.sees(t, 1, 12, w.ago(50*day), w.ago(40*day))
		w.sees(t, 1, 13, w.ago(5*day), time.Time{})
		w.sees(t, 2, 20, w.ago(50*day), time.Time{})
		w.sees(t, 3, 30, w.ago(50*day), time.Time{})
		got, more, err := w.RecordsOf(t.Context(), []int64{1, 3}, w.ago(30*day), w.ago(10*day))
		var numbers []int64
		for _, one := range got {
			numbers = append(numbers, one.AgentID)
		}
		if diff := cmp.Diff([]int64{10, 11, 30}, numbers); err != nil || more || diff != "" {
			t.Errorf("more: %v, %v (-want +got):\n%s", more, err, diff)
		}
	})
}

func TestAgentsThatComeAndGoWithoutEndAreCutOffAsAWhole(t *testing.T) {
	t.Parallel()
	onEveryEngine(t, func(t *testing.T, _ string, w world) {
		t.Helper()
		for number := range int64(3) {
			w.sees(t, 1, 10+number, w.ago(50*day), time.Time{})
			for n := range 4 {
				w.note(t, 10+number, time.Duration(n)*time.Hour, history.Kind(1+n%2))
			}
		}
		for limit, want := range map[int]string{12: "10:4 11:4 12:4 more: false", 11: "10:4 11:4 more: true", 9: "10:4 11:4 more: true", 8: "10:4 more: true"} {
			w.SetMaxRows(limit)
			found, more, err := w.RecordsOf(t.Context(), []int64{1}, w.ago(30*day), w.clock.Now().Add(time.Second))
			var got string
			for _, one := range found {
				got += fmt.Sprintf("%d:%d ", one.AgentID, len(one.Transitions))
			}
			if got += fmt.Sprint("more: ", more); got != want || err != nil {
				t.Errorf("of %d rows: %s, %v; want %s", limit, got, err, want)
			}
		}
	})
}

func TestTheLastStateOfAnAgentOutlivesTheRetention(t *testing.T) {
	t.Parallel()
	onEveryEngine(t, func(t *testing.T, _ string, w world) {
		t.Helper()
		w.sees(t, 1, 10, w.ago(30*day), time.Time{})
		w.note(t, 10, 30*day, history.Registered)
		w.note(t, 10, 29*day, history.Connected)
		w.note(t, 10, 28*day, history.NotConnected)
		kept := w.note(t, 10, 27*day, history.Connected)
		w.note(t, 11, 27*day, history.Connected)
		w.note(t, 11, 26*day, history.Gone)
		w.clock.Advance(380 * day)
		young := w.note(t, 10, day, history.NotConnected)
		if n, err := w.Sweep(t.Context()); n != 5 || err != nil {
			t.Errorf("swept %d, %v; want all but the last state of the agent that is not gone", n, err)
		}
		got, err := w.Records(t.Context(), []int64{10}, w.ago(90*day), w.clock.Now())
		if diff := cmp.Diff([]history.Transition{kept, young}, got[10].Transitions); err != nil || diff != "" {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
	})
}

// The number of agents and of transitions with which engines plan as they do for many.
const (
	manyAgents = 10_000
	manyEach   = 40
)

// fill makes the tables large, in two statements.
func (w world) fill(t *testing.T, engine string) {
	t.Helper()
	series := "generate_series(1, %d) AS %s(n)"
	if engine == "sqlite" {
		series = "(WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < %d) SELECT n FROM s) AS %s"
	}
	w.exec(t, `INSERT INTO watched (instance, agent_id, project_id, project_path, agent_name, status, status_since, last_contact, tokens, pending, first_seen, gone_at)
		SELECT $1, a.n, a.n / 10, 'shop/a-group/and-another/app', 'production-cluster', 'connected', 1, 0, '1000000 1000001',
			'{"disconnected":"2026-11-24T09:00:00Z","token_due":"2026-11-24T09:00:00Z"}', 1, 0 FROM `+fmt.Sprintf(series, manyAgents, "a"), w.db.Instance.Number)
	w.exec(t, `INSERT INTO transitions (instance, agent_id, at, kind, token_id)
		SELECT $1, a.n, $2 - t.n * 86400000000, 1 + t.n % 2, 0 FROM `+fmt.Sprintf(series, manyAgents, "a")+`, `+fmt.Sprintf(series, manyEach, "t"),
		w.db.Instance.Number, w.clock.Now().UnixMicro())
	if engine == "postgres" {
		w.exec(t, `ANALYZE`)
	}
}

// plan is how the engine would run a query, one step a line.
func (w world) plan(t *testing.T, engine, query string, args ...any) string {
	t.Helper()
	explain, column := "EXPLAIN ", 0
	if engine == "sqlite" {
		explain, column = "EXPLAIN QUERY PLAN ", 3
	}
	rows, err := w.db.Reports.QueryContext(t.Context(), explain+query, args...)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	var lines []string
	for rows.Next() {
		values := make([]any, column+1)
		var line string
		for i := range column {
			values[i] = new(int)
		}
		values[column] = &line
		if err := rows.Scan(values...); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, line)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return strings.Join(lines, "\n")
}

func TestThePageOfAFleetIsReadByThePrimaryKeys(t *testing.T) {
	t.Parallel()
	onEveryEngine(t, func(t *testing.T, engine string, w world) {
		t.Helper()
		w.fill(t, engine)
		for index, query := range w.RecordsQueries() {
			numbers := []int64{7, 44, 81, 118, 155} // projects of ten agents each
			if index == "watched_pkey" {
				numbers = nil
				for n := range int64(50) {
					numbers = append(numbers, 7+n*37) // agents, of many projects
				}
			}
			list, err := w.db.NumbersArg(numbers)
			if err != nil {
				t.Fatal(err)
			}
			got := w.plan(t, engine, query, list, w.db.Instance.Number, w.ago(30*day).UnixMicro(), w.clock.Now().UnixMicro(), transitions.MaxRecords, 400_000)
			wants := map[string][]string{
				"postgres": {"transitions_pkey on transitions b", "transitions_pkey", "on transitions t", "using " + index + " on watched"},
				"sqlite":   {"SEARCH w USING INDEX " + strings.Replace(index, "watched_pkey", "sqlite_autoindex_watched_1", 1), "SEARCH b USING COVERING INDEX sqlite_autoindex_transitions_1 (agent_id=? AND at<?)", "SEARCH t USING COVERING INDEX sqlite_autoindex_transitions_1 (agent_id=? AND at>? AND at<?)"},
			}
			for _, want := range wants[engine] {
				if !strings.Contains(got, want) {
					t.Errorf("by %s: the plan has no %q:\n%s", index, want, got)
				}
			}
			if strings.Contains(got, "Seq Scan on transitions") || strings.Contains(got, "SCAN t ") || strings.Contains(got, "SCAN b ") {
				t.Errorf("by %s: a table is walked:\n%s", index, got)
			}
		}
	})
}
