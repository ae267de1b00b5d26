package handlers_test

import (
	"encoding/csv"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/google/go-cmp/cmp"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
	"gitlab-agent-portal/internal/alert"
	"gitlab-agent-portal/internal/alert/alerts"
	"gitlab-agent-portal/internal/database/databasetest"
	"gitlab-agent-portal/internal/history"
	"gitlab-agent-portal/internal/history/historytest"
)

// on makes the portal's database with one engine.
func on(engine func(testing.TB) *databasetest.Database) func(*setUp) {
	return func(s *setUp) { s.engine = engine }
}

// ago is a time before the portal's.
func (p *portal) ago(d time.Duration) time.Time { return p.clock.Now().Add(-d) }

// seen is the record of an agent of the seeded project, with its transitions in turn: how long ago, and what.
func (p *portal) seen(agent int64, name string, first time.Duration, steps ...any) history.Record {
	record := history.Record{AgentID: agent, ProjectID: p.project, ProjectPath: "shop/payments", AgentName: name, FirstSeen: p.ago(first)}
	for i := 0; i < len(steps); i += 2 {
		one := history.Transition{AgentID: agent, At: p.ago(steps[i].(time.Duration)), Kind: steps[i+1].(history.Kind)}
		if one.Kind == history.TokenCreated || one.Kind == history.TokenRevoked {
			one.TokenID = p.prodToken
		}
		record.Transitions = append(record.Transitions, one)
	}
	return record
}

// sees lets the watch have seen the records.
func (p *portal) sees(records ...history.Record) {
	p.t.Helper()
	if err := historytest.Fill(p.t.Context(), p.db, p.clock.Now(), records...); err != nil {
		p.t.Fatal(err)
	}
}

const days = 24 * time.Hour

// cells are the texts of elements, with a bar between them.
func cells(found *goquery.Selection) string {
	var texts []string
	for _, one := range found.EachIter() {
		texts = append(texts, strings.Join(strings.Fields(one.Text()), " "))
	}
	return strings.Join(texts, " | ")
}

// onWatchedPortals runs a test with a portal over each engine whose watch saw the agent prod for 60 days, with an
// outage of a day.
func onWatchedPortals(t *testing.T, test func(t *testing.T, p *portal)) {
	t.Helper()
	for name, engine := range databasetest.Engines() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPortal(t, on(engine))
			p.sees(p.seen(p.prod, "prod", 60*days, 60*days, history.Connected, 10*days, history.NotConnected, 9*days, history.Connected, 5*days, history.TokenCreated))
			test(t, p)
		})
	}
}

func TestAnAgentHasAHistory(t *testing.T) {
	t.Parallel()
	onWatchedPortals(t, func(t *testing.T, p *portal) {
		t.Helper()
		got := p.as("dev").get(p.agentPath(p.prod) + "?tab=history")
		if got.status != http.StatusOK || got.text(".tabs [aria-current]") != "History" {
			t.Fatalf("the tab = %d, on %q", got.status, got.text(".tabs [aria-current]"))
		}
		want := "Now | Connected since 2026-11-15 12:00 UTC | Available, 7 days | 100% | Available, 30 days | 96.67% | Available, 90 days | 98.33% | Watched since | 2026-09-25 12:00 UTC"
		if text := cells(got.doc.Find("#agent-tab .facts").Find("dt, dd")); text != want {
			t.Errorf("the facts are %q, want %q", text, want)
		}
		if n := got.doc.Find("svg.strip rect.seg-not_connected").Length(); n != 1 {
			t.Errorf("the strip has %d outages, want one", n)
		}
		events := cells(got.doc.Find(".past-events li").Find("span, time"))
		for _, event := range []string{"2026-11-19 12:00 UTC | Token created: prod-token", "2026-11-15 12:00 UTC | Connected", "2026-11-14 12:00 UTC | Lost contact", "2026-09-25 12:00 UTC | Connected"} {
			if !strings.Contains(events, event) {
				t.Errorf("the list has no %q: %s", event, events)
			}
		}
		if rows := got.doc.Find(".past table tbody tr"); rows.Length() != 9 || !strings.Contains(rows.Eq(1).Text(), "85.71%") {
			t.Errorf("the weeks are %d, with %q; want 9 with the outage in the second", rows.Length(), rows.Eq(1).Text())
		}
		unseen := p.as("lead").get(p.agentPath(p.idle) + "?tab=history")
		if unseen.status != http.StatusOK || !strings.Contains(unseen.text("#agent-tab .empty"), "does not know this agent") {
			t.Errorf("an agent that the watch never saw: %d %s", unseen.status, unseen.text("#agent-tab"))
		}
		if outsider := p.as("outsider").get(p.agentPath(p.prod) + "?tab=history"); outsider.status != http.StatusNotFound || strings.Contains(outsider.body, "2026-09-25") {
			t.Errorf("an outsider gets %d: %s", outsider.status, outsider.text("main"))
		}
	})
}

func TestWithoutAWatchThereIsNoHistory(t *testing.T) {
	t.Parallel()
	p := newPortal(t, func(s *setUp) { s.unwatched = true })
	p.sees(p.seen(p.prod, "prod", 60*days, 60*days, history.Connected)) // left by one that was there
	lead := p.as("lead")
	page := lead.get(p.agentPath(p.prod) + "?tab=history")
	if page.status != http.StatusOK || page.text(".tabs [aria-current]") != "Tokens 1" || page.doc.Find("header nav a[href='/history'], .tabs a[href$='tab=history'], .strip").Length() != 0 {
		t.Errorf("the page tells of a history: %s", page.text("main"))
	}
	if fleet := lead.get("/?wait=1"); fleet.doc.Find(".past-cell, .connected, .strip").Length() != 0 {
		t.Errorf("the fleet tells of a history: %s", fleet.text("main"))
	}
	for _, path := range []string{"/history", "/report"} {
		if got := lead.get(path); got.status != http.StatusOK || !strings.Contains(got.text("main .empty"), "WATCH_TOKEN") {
			t.Errorf("GET %s = %d, and does not say how to turn the watch on: %s", path, got.status, got.text("main"))
		}
	}
	if got := lead.get("/report.csv"); got.status != http.StatusSeeOther || got.header.Get("Location") != "/report" {
		t.Errorf("the file leads to %q with %d", got.header.Get("Location"), got.status)
	}
}

func TestTheFleetTellsOfThePast(t *testing.T) {
	t.Parallel()
	onWatchedPortals(t, func(t *testing.T, p *portal) {
		t.Helper()
		lead := p.as("lead")
		lead.charts("on")
		got := lead.get("/?wait=1")
		row := got.doc.Find("table.fleet tbody tr").FilterFunction(func(_ int, row *goquery.Selection) bool { return row.Find("th").Text() == "prod" })
		cell := row.Find(".past-cell")
		if text := strings.Join(strings.Fields(cell.Text()), " "); text != "96.67% 9 days" {
			t.Errorf("the past of prod reads %q, want its availability, and 9 days", text)
		}
		if n := cell.Find("path").Length(); n != 2 {
			t.Errorf("the picture has %d paths, want one for each state", n)
		}
		if text := got.text("figure:has(.connected)"); !strings.Contains(text, "At worst 0 of 1 were connected: 2026-11-14 12:00 UTC") {
			t.Errorf("the picture says %q", text)
		}
		if problems := problemsOf(got.doc.Find("table.fleet")); len(problems) != 0 {
			t.Errorf("the list %v", problems)
		}
		if others := p.as("outsider").get("/?wait=1"); others.doc.Find(".connected, .past-cell svg").Length() != 0 {
			t.Errorf("an outsider sees %s", others.text("main"))
		}
	})
}

func TestAPictureIsOfItsReadersAgentsAlone(t *testing.T) {
	t.Parallel()
	onWatchedPortals(t, func(t *testing.T, p *portal) {
		t.Helper()
		own := p.gitlab.AddProject(gitlabtest.Project{Path: "own", Group: p.gitlab.AddGroup(gitlabtest.Group{Path: "elsewhere"})})
		p.gitlab.AddMember(own, p.people["outsider"], gitlabtest.Developer)
		agent := p.gitlab.AddAgent(gitlabtest.Agent{Project: own, Name: "quiet"})
		record := p.seen(agent, "quiet", 60*days, 60*days, history.Connected)
		record.ProjectID, record.ProjectPath = own, "elsewhere/own"
		p.sees(record)
		for person, want := range map[string]string{"lead": "At worst 0 of 1", "outsider": "The agent was connected all the time"} {
			b := p.as(person)
			b.charts("on")
			for _, path := range []string{"/?wait=1", "/history"} {
				if text := b.get(path).text("figure:has(.connected)"); !strings.Contains(text, want) {
					t.Errorf("GET %s as %s draws %q, want %q", path, person, text, want)
				}
			}
		}
	})
}

func TestThePastOfAProjectOutOfSightIsOutOfSight(t *testing.T) {
	t.Parallel()
	onWatchedPortals(t, func(t *testing.T, p *portal) {
		t.Helper()
		p.november()
		lead := p.as("lead")
		if got := lead.get("/report"); !strings.Contains(got.body, "=deleted") {
			t.Fatalf("the report does not hold the agent that was deleted: %s", got.text("main"))
		}
		p.gitlab.Configure(func(s *gitlabtest.Settings) { s.GraphQLOff = true })
		p.gitlab.Inject(gitlabtest.OpListAgents, gitlabtest.Status(http.StatusNotFound).ForProject(p.project))
		p.fleet.Drop(p.people["lead"])
		for _, path := range []string{"/report", "/history", "/report.csv"} {
			if got := lead.get(path); got.status != http.StatusOK || strings.Contains(got.body, "=deleted") || strings.Contains(got.body, "prod") {
				t.Errorf("GET %s tells of a project that GitLab does not show: %d %s", path, got.status, got.text("body"))
			}
		}
	})
}

func TestHistoryBeginsWithTheAgentsThatDidWorst(t *testing.T) {
	t.Parallel()
	onWatchedPortals(t, func(t *testing.T, p *portal) {
		t.Helper()
		p.sees(p.seen(p.idle, "idle", 20*days, 20*days, history.Connected, 15*days, history.NotConnected, 10*days, history.Connected))
		lead := p.as("lead")
		got := lead.get("/history")
		var names []string
		for _, name := range got.doc.Find("table.worst tbody th").EachIter() {
			names = append(names, strings.TrimSpace(name.Text()))
		}
		if diff := cmp.Diff([]string{"idle", "prod"}, names); diff != "" {
			t.Errorf("the list (-want +got):\n%s", diff)
		}
		if text := cells(got.doc.Find(".facts").Find("dt, dd")); text != "Agents | 2 | Available, 30 days | 88.00% | Outages | 2" {
			t.Errorf("the facts are %q", text)
		}
		if rows := got.doc.Find(".past table tbody tr").Length(); rows != 30 {
			t.Errorf("the picture has %d days in numbers, want 30", rows)
		}
		for _, table := range got.doc.Find("table").EachIter() {
			if problems := problemsOf(table); len(problems) != 0 {
				t.Errorf("the table %q %v", table.AttrOr("class", ""), problems)
			}
		}
		if got := lead.get("/history?days=90"); got.doc.Find(".past table tbody tr").Length() != 90 {
			t.Errorf("of 90 days %d are told", got.doc.Find(".past table tbody tr").Length())
		}
		if got := lead.get("/history?group=shop/other"); !strings.Contains(got.text("main .empty"), "No history yet") {
			t.Errorf("a group without agents says %s", got.text("main"))
		}
		if got := p.as("outsider").get("/history"); strings.Contains(got.body, "prod") || !strings.Contains(got.text("main .empty"), "No history yet") {
			t.Errorf("an outsider sees %s", got.text("main"))
		}
	})
}

// november gives the month something to report: an outage, tokens, alerts, an agent that was deleted in it, and
// one of somebody else's.
func (p *portal) november() {
	p.t.Helper()
	other := p.gitlab.AddProject(gitlabtest.Project{Path: "secret", Group: p.gitlab.AddGroup(gitlabtest.Group{Path: "others"})})
	hidden := p.seen(p.gitlab.AddAgent(gitlabtest.Agent{Project: other, Name: "hidden"}), "hidden", 60*days, 60*days, history.Connected)
	hidden.ProjectID, hidden.ProjectPath = other, "others/secret"
	deleted := p.seen(900, "=deleted", 60*days, 60*days, history.Connected)
	deleted.GoneAt = p.ago(14 * days)
	before := p.seen(901, "long-gone", 60*days, 60*days, history.Connected)
	before.GoneAt = p.ago(40 * days)
	unlisted := p.seen(902, "not-there", 60*days, 60*days, history.Connected) // GitLab has no such agent
	p.sees(hidden, deleted, before, unlisted)
	tx := must(p.db.Write.BeginTx(p.t.Context(), nil))(p.t)
	store := alerts.New(p.db, 400*days, p.clock.Now)
	must(store.Save(p.t.Context(), tx, []alert.Alert{
		{Kind: alert.Disconnected, Subject: alert.Subject{ProjectID: p.project, AgentID: p.prod}, OpenedAt: p.ago(9 * days)},
		{Kind: alert.Idle, Subject: alert.Subject{ProjectID: p.project, AgentID: p.prod}, OpenedAt: p.ago(40 * days)},
	}, nil))(p.t)
	if err := tx.Commit(); err != nil {
		p.t.Fatal(err)
	}
}

func TestAMonthIsReported(t *testing.T) {
	t.Parallel()
	onWatchedPortals(t, func(t *testing.T, p *portal) {
		t.Helper()
		p.november()
		lead := p.as("lead")
		got := lead.get("/report?group=shop")
		if got.status != http.StatusOK || got.text("main h2") != "November 2026" {
			t.Fatalf("the report = %d of %q", got.status, got.text("main h2"))
		}
		want := "Agents | 2 | Availability | 96.97% | Outages | 1 | Tokens rotated | 0 | Tokens created | 1 | Tokens revoked | 0 | Oldest token today | 30 days | Alerts | 1"
		if text := cells(got.doc.Find("#report .facts").Find("dt, dd")); text != want {
			t.Errorf("the totals are %q, want %q", text, want)
		}
		var rows []string
		for _, row := range got.doc.Find("table.report tbody tr").EachIter() {
			rows = append(rows, cells(row.Children()))
		}
		if diff := cmp.Diff([]string{
			"=deleted Deleted 2026-11-10 12:00 UTC | shop/payments | 100% | – | 0 | 0 | 0 | – | 0",
			"prod | shop/payments | 95.74% | 1 day | 1 | 1 | 0 | 30 days | 1",
		}, rows); diff != "" {
			t.Errorf("the rows (-want +got):\n%s", diff)
		}
		if problems := problemsOf(got.doc.Find("table.report")); len(problems) != 0 {
			t.Errorf("the table %v", problems)
		}
		if prev := got.doc.Find("a[rel=prev]").AttrOr("href", ""); prev != "/report?group=shop&month=2026-10" || got.doc.Find("a[rel=next]").Length() != 0 {
			t.Errorf("the month before is at %q, and there are %d after this one", prev, got.doc.Find("a[rel=next]").Length())
		}
		september := lead.get("/report?group=shop&month=2026-09")
		if september.doc.Find("a[rel=prev]").Length() != 0 || !strings.Contains(september.text("#report"), "The watch began on 2026-09-25 12:00 UTC") {
			t.Errorf("the first month says %s", september.text("#report"))
		}
		if empty := lead.get("/report?month=2025-01"); !strings.Contains(empty.text("#report .empty"), "Nothing was seen") {
			t.Errorf("a month without anything says %s", empty.text("#report"))
		}
	})
}

func TestTheFileOfAReportHoldsTheSame(t *testing.T) {
	t.Parallel()
	onWatchedPortals(t, func(t *testing.T, p *portal) {
		t.Helper()
		p.november()
		got := p.as("dev").get("/report.csv?month=2026-11&bom=0")
		if name := got.header.Get("Content-Disposition"); name != `attachment; filename="agents-report-2026-11-UTC.csv"` {
			t.Errorf("the file is called %q", name)
		}
		rows := must(csv.NewReader(strings.NewReader(got.body)).ReadAll())(t)
		project, prod := fmt.Sprint(p.project), fmt.Sprint(p.prod)
		want := [][]string{
			{"month", "until", "project", "project_id", "agent", "agent_id", "availability_percent", "connected_seconds", "not_connected_seconds", "unknown_seconds", "outages", "tokens_created", "tokens_revoked", "oldest_token_created_at", "alerts_opened", "deleted_at"},
			{"2026-11", "2026-11-24T12:00:00Z", "shop/payments", project, "'=deleted", "900", "100.00", "820800", "0", "1209600", "0", "0", "0", "", "0", "2026-11-10T12:00:00Z"},
			{"2026-11", "2026-11-24T12:00:00Z", "shop/payments", project, "prod", prod, "95.74", "1944000", "86400", "0", "1", "1", "0", "2026-10-25T12:00:00Z", "1", ""},
		}
		if diff := cmp.Diff(want, rows); diff != "" {
			t.Errorf("the file (-want +got):\n%s", diff)
		}
		if others := p.as("outsider").get("/report.csv?month=2026-11&bom=0"); strings.Count(others.body, "\n") != 1 {
			t.Errorf("an outsider gets %s", others.body)
		}
	})
}

func TestAMonthThatIsNoneIsSaidBesideItsField(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	lead := p.as("lead")
	for month, want := range map[string]string{"2026-13": "YYYY-MM", "yesterday": "YYYY-MM", "2026-12": "has not begun", "0001-01": "YYYY-MM"} {
		got := lead.get("/report?group=shop&month=" + month)
		if got.status != http.StatusUnprocessableEntity || !strings.Contains(got.text("#month-error"), want) || got.doc.Find("#month").AttrOr("value", "") != month {
			t.Errorf("month %s = %d, %q beside %q; want 422 with %q", month, got.status, got.text("#month-error"), got.doc.Find("#month").AttrOr("value", ""), want)
		}
		if file := lead.get("/report.csv?month=" + month); file.status != http.StatusSeeOther {
			t.Errorf("the file of month %s = %d, want the page that says what is wrong", month, file.status)
		}
	}
}

func TestAFleetThatIsBeingReadHasNoReportYet(t *testing.T) {
	t.Parallel()
	p := newPortal(t, func(s *setUp) { s.fleetWait = time.Millisecond })
	gate := gitlabtest.NewGate()
	t.Cleanup(gate.Open)
	lead := p.as("lead")
	p.gitlab.Inject(gitlabtest.OpListProjects, gitlabtest.Hold(gate))
	for _, path := range []string{"/history", "/report"} {
		got := lead.get(path)
		if link := got.doc.Find("main .empty a").AttrOr("href", ""); got.status != http.StatusOK || link != path {
			t.Errorf("GET %s = %d, and leads on to %q: %s", path, got.status, link, got.text("main"))
		}
	}
}
