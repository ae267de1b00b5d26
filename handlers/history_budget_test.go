package handlers_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
	"gitlab-agent-portal/internal/database"
	"gitlab-agent-portal/internal/database/databasetest"
	"gitlab-agent-portal/internal/history"
)

// counter opens connections to a file of SQLite, and counts the queries over all of them.
type counter struct {
	driver driver.Driver
	file   string
	asked  atomic.Int64
}

func (c *counter) Driver() driver.Driver { return c.driver }

func (c *counter) Connect(context.Context) (driver.Conn, error) {
	opened, err := c.driver.Open(c.file)
	return countedConn{opened, c}, err
}

// countedConn is a connection whose queries are counted.
type countedConn struct {
	driver.Conn
	counter *counter
}

func (c countedConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	c.counter.asked.Add(1)
	return c.Conn.(driver.QueryerContext).QueryContext(ctx, query, args)
}

// counted makes the portal's reports count their queries, and returns how many a page asks.
func (p *portal) counted() func(page func()) int64 {
	p.t.Helper()
	_, file, _ := strings.Cut(p.database.URL, ":")
	c := &counter{driver: p.database.Raw(p.t).Driver(), file: file}
	pool := &database.Pool{DB: sql.OpenDB(c)}
	p.t.Cleanup(func() { _ = pool.Close() })
	p.db.Reports = pool
	return func(page func()) int64 {
		before := c.asked.Load()
		page()
		return c.asked.Load() - before
	}
}

// fiftyAgents fills the first page of the fleet, and lets the watch have seen all of it; every fifth agent had
// outages.
func (p *portal) fiftyAgents() {
	p.t.Helper()
	var records []history.Record
	for i := range 48 {
		name := fmt.Sprintf("production-cluster-%02d-eu-west", i)
		agent := p.gitlab.AddAgent(gitlabtest.Agent{Project: p.project, Name: name, CreatedBy: p.people["lead"]})
		p.gitlab.AddToken(gitlabtest.Token{Agent: agent, Name: "token", CreatedBy: p.people["lead"], LastUsedAt: p.clock.Now().Add(-time.Duration(i%7) * time.Minute)})
		steps := []any{100 * days, history.Connected}
		if i%5 == 0 {
			for n := range 4 {
				begin := time.Duration(29-7*n)*days - time.Duration(i)*7*time.Hour/5
				steps = append(steps, begin, history.NotConnected, begin-time.Duration(i+1)*time.Hour/2, history.Connected)
			}
		}
		records = append(records, p.seen(agent, name, 200*days, steps...))
	}
	p.sees(records...)
}

func TestThePastOfAFleetKeepsWithinTheBudgets(t *testing.T) {
	t.Parallel()
	sizes := map[bool]int{}
	for _, hasWatch := range []bool{false, true} {
		p := newPortal(t, on(databasetest.SQLite), func(s *setUp) { s.unwatched = !hasWatch })
		asks := p.counted()
		p.fiftyAgents()
		lead := p.as("lead")
		lead.charts("on")
		p.fleet.Drop(p.people["lead"])
		first := asks(func() { lead.get("/?wait=1") })
		again := asks(func() { _, sizes[hasWatch] = lead.travels("/") })
		search := asks(func() { lead.htmx("fleet").get("/?q=production") })
		tab := asks(func() { lead.get(p.agentPath(p.prod) + "?tab=history") })
		want := map[bool][]int64{
			false: {0, 0, 0, 0},
			true:  {2, 1, 2, 1}, // the rows; and the picture, once for each reading and filter
		}[hasWatch]
		if got := []int64{first, again, search, tab}; fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("with a watch: %v; the pages ask for %v reports, want %v", hasWatch, got, want)
		}
		if rows := lead.get("/").doc.Find("table.fleet tbody tr").Length(); rows != 50 {
			t.Errorf("the page has %d rows, want 50", rows)
		}
	}
	t.Logf("50 agents: %d bytes without a watch, %d with one", sizes[false], sizes[true])
	if sizes[true] > pageBudget {
		t.Errorf("50 agents with their past take %d bytes, at most %d", sizes[true], pageBudget)
	}
}

// TestTheHistoryOfManyAgentsIsBounded looks at pages whose lists could be as long as the fleet.
func TestTheHistoryOfManyAgentsIsBounded(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	var records []history.Record
	for i := range 520 {
		name := fmt.Sprintf("cluster-%03d", i)
		agent := p.gitlab.AddAgent(gitlabtest.Agent{Project: p.project, Name: name, CreatedBy: p.people["lead"]})
		records = append(records, p.seen(agent, name, 50*days, 50*days, history.Connected))
	}
	p.sees(records...)
	flaps := []any{80 * days, history.Connected}
	for n := range 2000 {
		at := 79*days - time.Duration(n)*50*time.Minute
		flaps = append(flaps, at, history.NotConnected, at-10*time.Minute, history.Connected)
	}
	p.sees(p.seen(p.prod, "prod", 80*days, flaps...))
	lead := p.as("lead")
	if got := lead.get("/history"); got.doc.Find("table.worst tbody tr").Length() != 50 || !strings.Contains(got.text(".table-note"), "471 more agents") {
		t.Errorf("history lists %d agents, and says %q", got.doc.Find("table.worst tbody tr").Length(), got.text(".table-note"))
	}
	if got := lead.get("/report"); got.doc.Find("table.report tbody tr").Length() != 500 || !strings.Contains(got.text(".table-note"), "21 more agents are in the CSV") {
		t.Errorf("the report lists %d agents, and says %q", got.doc.Find("table.report tbody tr").Length(), got.text(".table-note"))
	}
	if got := lead.get("/report.csv"); strings.Count(got.body, "\n") != 522 {
		t.Errorf("the file has %d lines, want one for each agent", strings.Count(got.body, "\n"))
	}
	tab := lead.get(p.agentPath(p.prod) + "?tab=history")
	if events, rects := tab.doc.Find(".past-events li").Length(), tab.doc.Find("svg.strip rect").Length(); events != 100 || rects > 360 {
		t.Errorf("an agent that lost contact two thousand times has %d events and %d marks", events, rects)
	}
	_, size := lead.travels(p.agentPath(p.prod) + "?tab=history")
	if size > pageBudget {
		t.Errorf("its page takes %d bytes, at most %d", size, pageBudget)
	}
}
