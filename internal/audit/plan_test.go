package audit_test

import (
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gitlab-agent-portal/internal/activity"
	"gitlab-agent-portal/internal/audit"
	"gitlab-agent-portal/internal/audit/audittest"
	"gitlab-agent-portal/internal/database/databasetest"
)

// manyRows is enough for a database to plan as it does for a million: PostgreSQL then knows that
// most rows are not in its memory, and SQLite never looks at the number.
const manyRows = 60_000

// combination is one way to narrow the list down.
type combination struct {
	name   string
	filter audit.Filter
	// index is the end of the name of the index that the rows of a project are to be read by.
	index string
}

// combinations are all ways to narrow the list of some projects down, and the agent's tab.
func combinations(projects []int64, rows int) []combination {
	at := func(part int) time.Time { return audittest.Start.Add(time.Duration(rows/4*part) * audittest.Step) }
	parts := []struct {
		name, index string
		set         func(*audit.Filter)
	}{
		{"agent", "_agent", func(f *audit.Filter) { f.AgentName = audittest.BusyAgent }},
		{"actor", "_actor", func(f *audit.Filter) { f.Actor = audittest.BusyActor }},
		{"action", "_action", func(f *audit.Filter) { f.Action = activity.AgentDelete }},
		{"from", "", func(f *audit.Filter) { f.From = at(1) }},
		{"until", "", func(f *audit.Filter) { f.Until = at(3) }},
	}
	all := []combination{{"tab", audit.Filter{Projects: projects, AgentID: projects[0] * 10}, "_agent_number"}}
	for mask := range 1 << len(parts) {
		c := combination{filter: audit.Filter{Projects: projects}}
		for i, part := range parts {
			if mask&(1<<i) != 0 {
				part.set(&c.filter)
				c.name, c.index = c.name+" "+part.name, c.index+part.index
			}
		}
		all = append(all, c)
	}
	return all
}

// numbers are the numbers from first to last.
func numbers(first, last int64) []int64 {
	var list []int64
	for n := first; n <= last; n++ {
		list = append(list, n)
	}
	return list
}

// selections are the projects of different people: of one busy project, one whose rows are all old,
// some, all, and more than there are.
func selections() map[string][]int64 {
	return map[string][]int64{
		"one busy project": {1}, "one old project": {audittest.Projects}, "some projects": numbers(400, 460),
		"all projects": numbers(1, audittest.Projects), "more projects than there are": numbers(1, 3*audittest.Projects),
	}
}

// filled are audits with many rows, one for each engine. They are only read.
func filled(t *testing.T, fresh func(testing.TB) *databasetest.Database, rows int) (*audit.Log, *sql.DB) {
	t.Helper()
	d := fresh(t)
	db := d.Open(t)
	if err := audittest.Fill(t.Context(), db.Write.DB, rows); err != nil {
		t.Fatal(err)
	}
	return audit.New(db, retention, newClock().Now), db.Reports.DB
}

// plan is how the engine would run a query, one step a line.
func plan(t *testing.T, db *sql.DB, engine, query string, args []any) string {
	t.Helper()
	explain, column := "EXPLAIN ", 0
	if engine == "sqlite" {
		explain, column = "EXPLAIN QUERY PLAN ", 3
	}
	rows, err := db.QueryContext(t.Context(), explain+query, args...)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
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

// wantPlan checks that a page's rows are found by the index, twice (the first row of each project,
// and the rows of the nearest), and that nothing walks the table or sorts what it found of it.
func wantPlan(t *testing.T, name, engine, got, index string) {
	t.Helper()
	uses, walks := 0, ""
	for line := range strings.SplitSeq(got, "\n") {
		switch engine {
		case "postgres":
			if strings.Contains(line, "Index Only Scan Backward using "+index+" on audit ") || strings.Contains(line, "Index Only Scan using "+index+" on audit ") {
				uses++
			}
			if strings.Contains(line, "Seq Scan") || strings.Contains(line, "Bitmap") || strings.Contains(line, "Scan Backward using audit_pkey") {
				walks = line
			}
		default:
			if strings.Contains(line, " COVERING INDEX "+index+" (instance=? AND project_id=? ") || strings.Contains(line, " COVERING INDEX "+index+" (instance=? AND project_id=?)") {
				uses++
			}
			if strings.Contains(line, "SCAN audit") {
				walks = line
			}
		}
	}
	if uses != 2 || walks != "" {
		t.Errorf("%s: %d uses of %s, want 2, and %q:\n%s", name, uses, index, walks, got)
	}
}

func TestB6EveryPageIsReadByTheIndexForIt(t *testing.T) {
	t.Parallel()
	for engine, fresh := range databasetest.Engines() {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			log, db := filled(t, fresh, manyRows)
			for who, projects := range selections() {
				for _, c := range combinations(projects, manyRows) {
					above, below := int64(0), int64(0)
					if !c.filter.From.IsZero() {
						above = manyRows / 4
					}
					if !c.filter.Until.IsZero() {
						below = manyRows / 4 * 3
					}
					for _, backwards := range []bool{false, true} {
						query, args, err := log.PageQuery(c.filter, above, below, backwards, 51)
						if err != nil {
							t.Fatal(err)
						}
						name := fmt.Sprintf("%s, narrowed by%s, backwards: %v", who, c.name, backwards)
						wantPlan(t, name, engine, plan(t, db, engine, query, args), "audit_of"+c.index)
					}
				}
			}
		})
	}
}

func TestB6OtherQueriesOfTheAuditAreByIndexToo(t *testing.T) {
	t.Parallel()
	for engine, fresh := range databasetest.Engines() {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			_, db := filled(t, fresh, manyRows)
			queries := audit.OtherQueries(audittest.Start.Add(manyRows / 2 * audittest.Step))
			for query, args := range queries {
				got := plan(t, db, engine, query, args)
				if strings.Contains(got, "Seq Scan") || strings.Contains(got, "SCAN audit\n") || strings.Contains(got, "SCAN audit ") && !strings.Contains(got, "INDEX") {
					t.Errorf("%s walks the table:\n%s", query, got)
				}
				if strings.Contains(query, "reconciled") && !strings.Contains(got, "audit_looks") {
					t.Errorf("for each create, %s searches all looks at its agent:\n%s", query, got)
				}
			}
		})
	}
}

// plainRow is what a row is selected by.
type plainRow struct {
	id, project, agent, at   int64
	agentName, actor, action string
}

// plainRows reads all rows, newest first.
func plainRows(t *testing.T, db *sql.DB) (all []plainRow) {
	t.Helper()
	found, err := db.QueryContext(t.Context(), `SELECT id, project_id, agent_id, at, agent_name, actor_name, action FROM audit ORDER BY id DESC`)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = found.Close() }()
	for found.Next() {
		var r plainRow
		if err := found.Scan(&r.id, &r.project, &r.agent, &r.at, &r.agentName, &r.actor, &r.action); err != nil {
			t.Fatal(err)
		}
		all = append(all, r)
	}
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// plainly are the numbers of the rows that a filter selects, by looking at each.
func plainly(all []plainRow, f audit.Filter) (ids []int64) {
	for _, r := range all {
		if slices.Contains(f.Projects, r.project) && (f.AgentID == 0 || f.AgentID == r.agent) && (f.AgentName == "" || f.AgentName == r.agentName) &&
			(f.Actor == "" || f.Actor == r.actor) && (f.Action == "" || string(f.Action) == r.action) &&
			(f.From.IsZero() || r.at >= f.From.UnixMicro()) && (f.Until.IsZero() || r.at < f.Until.UnixMicro()) {
			ids = append(ids, r.id)
		}
	}
	return ids
}

// Whoever turns all pages forth and back has seen each row once, in order, whatever the filter.
func TestPagesTogetherAreTheWholeList(t *testing.T) {
	t.Parallel()
	const rows, size = 1500, 40
	for engine, fresh := range databasetest.Engines() {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			log, db := filled(t, fresh, rows)
			all := plainRows(t, db)
			for who, projects := range selections() {
				for _, c := range combinations(projects, rows) {
					want := plainly(all, c.filter)
					var forth, back []int64
					for isFull, before := true, int64(0); isFull; { // a page that is not full is the last
						list := page(t, log, c.filter, before, size)
						for _, event := range list {
							forth, before = append(forth, event.ID), event.ID
						}
						isFull = len(list) == size
					}
					for isFull, after := true, int64(1); isFull; {
						list, err := log.PageAfter(t.Context(), c.filter, after, size)
						if err != nil {
							t.Fatal(err)
						}
						for _, event := range slices.Backward(list) {
							back, after = append(back, event.ID), event.ID
						}
						isFull = len(list) == size
					}
					slices.Reverse(back)
					if len(want) > 0 && want[len(want)-1] == 1 {
						back = append(back, 1) // there is no row to come after
					}
					if !slices.Equal(want, forth) || !slices.Equal(want, back) {
						t.Errorf("%s, narrowed by%s: %d rows forth and %d back, want %d", who, c.name, len(forth), len(back), len(want))
					}
				}
			}
		})
	}
}

// The clocks of replicas differ: around midnight the times of rows are not in the order of their
// numbers.
func TestATimeIsExactWhereClocksDisagree(t *testing.T) {
	t.Parallel()
	for name, fresh := range databasetest.Engines() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			log, clock := openNew(t, fresh(t))
			midnight := clock.Now().Add(time.Hour)
			for i, seconds := range []int{-90, 2, -1, 1, -2, 90} {
				event := tokenCreate()
				event.Outcome, event.RequestID = activity.OK, fmt.Sprint(i)
				now := midnight.Add(time.Duration(seconds) * time.Second)
				clock.Advance(now.Sub(clock.Now()))
				record(t, log, event)
			}
			projects := []int64{20}
			if got := requests(page(t, log, audit.Filter{Projects: projects, From: midnight}, 0, 10)); got != "5 3 1" {
				t.Errorf("from midnight: %s", got)
			}
			if got := requests(page(t, log, audit.Filter{Projects: projects, Until: midnight}, 0, 10)); got != "4 2 0" {
				t.Errorf("until midnight: %s", got)
			}
			for _, none := range []audit.Filter{{Projects: projects, From: midnight.Add(time.Hour)}, {Projects: projects, Until: midnight.Add(-time.Hour)}} {
				if got := page(t, log, none, 0, 10); len(got) != 0 {
					t.Errorf("at a time without rows: %+v", got)
				}
			}
		})
	}
}

// Nobody else waits for it meanwhile.
func TestB6AQueryThatIsStuckEndsInTime(t *testing.T) {
	t.Parallel()
	d := databasetest.Postgres(t)
	db, raw := d.Open(t), d.Raw(t)
	log := audit.New(db, retention, newClock().Now)
	blocker, err := raw.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = blocker.Rollback() }()
	if _, err := blocker.ExecContext(t.Context(), `LOCK TABLE audit IN ACCESS EXCLUSIVE MODE`); err != nil {
		t.Fatal(err)
	}
	var readers sync.WaitGroup
	for range 16 {
		readers.Go(func() {
			if _, err := log.Page(t.Context(), audit.Filter{Projects: []int64{20}}, 0, 10); !errors.Is(err, audit.ErrSlow) {
				t.Errorf("Page = %v, want ErrSlow", err)
			}
		})
	}
	databasetest.Await(t, raw, `SELECT COUNT(*) / 4 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`)
	for range 20 {
		if err := db.Ping(t.Context()); err != nil {
			t.Errorf("the probe meanwhile: %v", err)
		}
		var sessions int
		if err := db.Read.QueryRowContext(t.Context(), `SELECT COUNT(*) FROM sessions`).Scan(&sessions); err != nil {
			t.Errorf("a look-up meanwhile: %v", err)
		}
	}
	if waiting := db.Reports.Stats().InUse; waiting != 4 {
		t.Errorf("%d queries of the audit are still stuck, want the 4 that its pool runs", waiting)
	}
	readers.Wait()
}
