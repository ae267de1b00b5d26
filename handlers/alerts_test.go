package handlers_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/google/go-cmp/cmp"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
	"gitlab-agent-portal/handlers"
	"gitlab-agent-portal/internal/alert"
	"gitlab-agent-portal/internal/database/databasetest"
)

// about is an alert about an agent of the seeded project that opens now.
func (p *portal) about(kind alert.Kind, agent int64) alert.Alert {
	p.t.Helper()
	one := alert.Alert{Kind: kind, Since: p.clock.Now().Add(-2 * time.Hour), OpenedAt: p.clock.Now()}
	if !kind.OfWatch() {
		one.Subject = alert.Subject{ProjectID: p.project, ProjectPath: "shop/payments", AgentID: agent, AgentName: p.agentName(agent)}
	}
	return one
}

// agentName is the name of an agent of the seeded project; one that is not there was called "removed".
func (p *portal) agentName(id int64) string {
	for _, one := range p.gitlab.Agents(p.project) {
		if one.ID == id {
			return one.Name
		}
	}
	return "removed"
}

// opens has the watch find something, and returns its number.
func (p *portal) opens(one alert.Alert) int64 {
	p.t.Helper()
	changes := p.watchSaw([]alert.Alert{one}, nil)
	if len(changes) != 1 {
		p.t.Fatalf("opening %+v changed %+v", one, changes)
	}
	return changes[0].ID
}

// ends has the watch find that something is over.
func (p *portal) ends(one alert.Alert) {
	p.t.Helper()
	one.ResolvedAt = p.clock.Now()
	if changes := p.watchSaw(nil, []alert.Alert{one}); len(changes) != 1 {
		p.t.Fatalf("resolving %+v changed %+v", one, changes)
	}
}

func (p *portal) watchSaw(opened, resolved []alert.Alert) []alert.Change {
	p.t.Helper()
	tx := must(p.db.Write.BeginTx(context.WithoutCancel(p.t.Context()), nil))(p.t)
	changes := must(p.alerts.Save(p.t.Context(), tx, opened, resolved))(p.t)
	if err := tx.Commit(); err != nil {
		p.t.Fatal(err)
	}
	return changes
}

// another adds a project with one agent, which lead maintains, and an alert about it.
func (p *portal) another(group, path, agent string) (project int64) {
	project = p.gitlab.AddProject(gitlabtest.Project{Path: path, Group: p.gitlab.AddGroup(gitlabtest.Group{Path: group})})
	p.gitlab.AddMember(project, p.people["lead"], gitlabtest.Maintainer)
	id := p.gitlab.AddAgent(gitlabtest.Agent{Project: project, Name: agent})
	one := p.about(alert.Idle, id)
	one.ProjectID, one.ProjectPath, one.AgentName = project, group+"/"+path, agent
	p.opens(one)
	return project
}

func alertPath(id int64, end string) string {
	return "/alerts/" + strconv.FormatInt(id, 10) + "/" + end
}

// alertsOf is the list as a browser without script gets it in the end.
func (b *browser) alertsOf(query string) *answer {
	b.p.t.Helper()
	if query != "" {
		query = "&" + query
	}
	got := b.get("/alerts?wait=1" + query)
	if got.status != http.StatusOK {
		b.p.t.Fatalf("GET /alerts?wait=1%s = %d: %s", query, got.status, got.text("main"))
	}
	return got
}

// alertsShown are the alerts of a list, in its order, each as its kind and what it is about.
func alertsShown(page *answer) []string {
	shown := []string{}
	for _, row := range page.doc.Find("table.alerts tbody tr").EachIter() {
		about := row.Find("td.wide").First().Find("a, bdi, span").First()
		shown = append(shown, row.Find(".alert-kind").Text()+": "+strings.TrimSpace(about.Text()))
	}
	return shown
}

// alertRow is the row of an alert.
func alertRow(page *answer, id int64) *goquery.Selection {
	return page.doc.Find("#alert-" + strconv.FormatInt(id, 10))
}

// folded is visible text with its white space folded.
func folded(s *goquery.Selection) string { return strings.Join(strings.Fields(s.Text()), " ") }

func TestPeopleSeeTheAlertsOfTheirOwnProjectsAndOfNoOther(t *testing.T) {
	t.Parallel()
	for name, engine := range databasetest.Engines() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPortal(t, func(s *setUp) { s.engine = engine })
			p.opens(p.about(alert.Disconnected, p.prod))
			p.another("secret", "vault", "concealed")
			p.opens(p.about(alert.WatchTokenDue, 0))
			for person, want := range map[string][]string{
				"lead":     {"Watch token expires: The watch itself", "Token idle: concealed"},
				"dev":      {"Watch token expires: The watch itself"},
				"outsider": {"Watch token expires: The watch itself"},
			} {
				if person != "outsider" {
					want = slices.Insert(want, 0, "Lost contact: prod")
				}
				b := p.as(person)
				if diff := cmp.Diff(want, alertsShown(b.alertsOf(""))); diff != "" {
					t.Errorf("%s sees (-want +got):\n%s", person, diff)
				}
				badge := b.get("/projects").text(".nav-count [aria-hidden]")
				if badge != strconv.Itoa(len(want)) {
					t.Errorf("the navigation of %s counts %q alerts, want %d", person, badge, len(want))
				}
			}
			dev := p.as("dev")
			for _, query := range []string{"agent=1&kind=idle", "group=secret", "kind=idle", "severity=info"} {
				if page := dev.alertsOf(query); strings.Contains(page.body, "concealed") || len(alertsShown(page)) != 0 {
					t.Errorf("?%s shows dev %v", query, alertsShown(page))
				}
			}
		})
	}
}

func TestWhoLosesAProjectNoLongerSeesItsAlerts(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	id := p.opens(p.about(alert.Disconnected, p.prod))
	lead := p.as("lead")
	if shown := alertsShown(lead.alertsOf("")); len(shown) != 1 {
		t.Fatalf("before: %v", shown)
	}
	p.gitlab.RemoveMember(p.project, p.people["lead"])
	if got := lead.get(alertPath(id, "acknowledge")); got.status != http.StatusNotFound {
		t.Errorf("asking to acknowledge it = %d, want 404", got.status)
	}
	p.clock.Advance(time.Hour)
	if shown := alertsShown(lead.alertsOf("")); len(shown) != 0 {
		t.Errorf("after: %v", shown)
	}
}

func TestAlertsCanBeNarrowedDown(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	p.another("shop/web", "search", "search-1")
	p.another("other", "app", "elsewhere")
	p.opens(p.about(alert.TooMany, p.idle))
	p.opens(p.about(alert.Disconnected, p.prod))
	p.opens(p.about(alert.WatchFailing, 0))
	p.ends(p.about(alert.TooMany, p.idle))
	lead := p.as("lead")
	for query, want := range map[string][]string{
		"":                                {"Watch failing: The watch itself", "Lost contact: prod", "Token idle: elsewhere", "Token idle: search-1"},
		"kind=disconnected":               {"Lost contact: prod"},
		"kind=nonsense&severity=x":        {"Watch failing: The watch itself", "Lost contact: prod", "Token idle: elsewhere", "Token idle: search-1"},
		"severity=info":                   {"Token idle: elsewhere", "Token idle: search-1"},
		"group=shop":                      {"Lost contact: prod", "Token idle: search-1"},
		"group=shop/web":                  {"Token idle: search-1"},
		"group=sho":                       {},
		"state=resolved":                  {"Too many tokens: idle"},
		"state=resolved&kind=idle":        {},
		fmt.Sprint("agent=", p.prod):      {"Lost contact: prod"},
		"severity=critical&kind=too_many": {},
	} {
		page := lead.alertsOf(query)
		if diff := cmp.Diff(want, alertsShown(page)); diff != "" {
			t.Errorf("?%s shows (-want +got):\n%s", query, diff)
		}
		if len(want) == 0 && page.doc.Find("#alerts .empty a").Length() != 1 {
			t.Errorf("?%s finds nothing and has no way to everything: %s", query, page.text("#alerts"))
		}
	}
	var groups []string
	for _, option := range lead.alertsOf("").doc.Find("#group option").EachIter() {
		groups = append(groups, option.AttrOr("value", "?"))
	}
	if diff := cmp.Diff([]string{"", "other", "shop", "shop/web"}, groups); diff != "" {
		t.Errorf("groups to choose from (-want +got):\n%s", diff)
	}
}

func TestAlertsThatNobodyLooksAfterComeFirstAndPagesGoOnWhereOneEnds(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	var want []string
	for n := range 60 {
		id := p.gitlab.AddAgent(gitlabtest.Agent{Project: p.project, Name: fmt.Sprintf("agent-%02d", n)})
		p.opens(p.about(alert.Idle, id))
		want = append(want, fmt.Sprintf("Token idle: agent-%02d", n))
	}
	slices.Reverse(want)
	first := p.opens(p.about(alert.Disconnected, p.prod))
	p.opens(p.about(alert.Disconnected, p.idle))
	want = append([]string{"Lost contact: idle"}, append(want, "Lost contact: prod")...)
	lead := p.as("lead")
	lead.submit(alertPath(first, "acknowledge"), map[string][]string{"for": {"8h"}})
	var got []string
	page := lead.alertsOf("")
	for range 3 {
		got = append(got, alertsShown(page)...)
		next := page.doc.Find("#alerts .pager a[rel=next]").AttrOr("href", "")
		if next == "" {
			break
		}
		page = lead.get(next)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the pages show (-want +got):\n%s", diff)
	}
	if back := page.doc.Find("#alerts .pager a").First().AttrOr("href", ""); back != "/alerts" {
		t.Errorf("the second page leads back to %q, want the first", back)
	}
}

func TestAnAlertSaysWhatIsWrongAndWhatToDo(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	due := p.about(alert.TokenDue, p.prod)
	due.Since = time.Date(2026, 12, 3, 0, 0, 0, 0, time.UTC)
	ids := map[string]int64{
		"lost": p.opens(p.about(alert.Disconnected, p.prod)), "due": p.opens(due),
		"gone": p.opens(p.about(alert.Disconnected, 4711)), "watch": p.opens(p.about(alert.WatchFailing, 0)),
	}
	lead, dev := p.as("lead").alertsOf(""), p.as("dev").alertsOf("")
	for name, want := range map[string]string{
		"lost": "Critical Lost contact The agent was last in contact 2 hours ago.", "due": "Warning Token due A token is due for rotation on 2026-12-03.",
		"gone":  "Critical Lost contact The agent was last in contact 2 hours ago.",
		"watch": "Critical Watch failing Reading from GitLab began to fail 2 hours ago. No other alert opens or is resolved until it works again.",
	} {
		if got := folded(alertRow(lead, ids[name]).Find("th")); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	links := func(page *answer, name string) []string {
		return alertRow(page, ids[name]).Find("a").Map(func(_ int, a *goquery.Selection) string { return a.AttrOr("href", "") })
	}
	project, agent := fmt.Sprintf("/projects/%d/agents", p.project), p.agentPath(p.prod)
	for name, want := range map[string][]string{
		"lost": {agent, project, agent, alertPath(ids["lost"], "acknowledge")}, "due": {agent, project, agent + "/rotation", alertPath(ids["due"], "acknowledge")},
		"gone": {project, alertPath(ids["gone"], "acknowledge")}, "watch": {alertPath(ids["watch"], "acknowledge")},
	} {
		if diff := cmp.Diff(want, links(lead, name)); diff != "" {
			t.Errorf("the links of %s (-want +got):\n%s", name, diff)
		}
	}
	if diff := cmp.Diff([]string{agent, project}, links(dev, "lost")); diff != "" {
		t.Errorf("a Developer's links (-want +got):\n%s", diff)
	}
	for name, want := range map[string]string{"lost": "Maintainers of the project can acknowledge it.", "watch": "Maintainers of any project can acknowledge it."} {
		if got := folded(alertRow(dev, ids[name]).Find(".alert-care")); got != want {
			t.Errorf("a Developer reads %q of %s, want %q", got, name, want)
		}
	}
	if got := folded(alertRow(lead, ids["gone"]).Find("td").First()); got != "removed This agent no longer exists. shop/payments" {
		t.Errorf("an alert of an agent that is gone says %q", got)
	}
}

func TestAnAlertThatIsOverSaysHowLongItLasted(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	one := p.about(alert.Disconnected, p.prod)
	id := p.opens(one)
	p.clock.Advance(3 * time.Hour)
	p.ends(one)
	page := p.as("lead").alertsOf("state=resolved")
	if got, want := folded(alertRow(page, id).Find(".alert-when")), "2026-11-24 12:00 UTC until 2026-11-24 15:00 UTC (3 hours)"; got != want {
		t.Errorf("it was open %q, want %q", got, want)
	}
	if got := folded(alertRow(page, id).Find(".alert-act")); got != "" {
		t.Errorf("there is %q to do about it, want nothing", got)
	}
}

// TestTheListWaitsForTheProjectsToBeRead looks at the page before, while and after GitLab tells of them.
func TestTheListWaitsForTheProjectsToBeRead(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	p.opens(p.about(alert.Disconnected, p.prod))
	gate := gitlabtest.NewGate()
	defer gate.Open()
	p.gitlab.Inject(gitlabtest.OpListProjects, gitlabtest.Hold(gate))
	lead := p.as("lead")
	page := lead.get("/alerts")
	refresh, _ := goquery.NewDocumentFromReader(strings.NewReader(page.doc.Find("head noscript").Text()))
	if wait := refresh.Find("meta").AttrOr("content", ""); page.status != http.StatusOK || wait != "0;url=/alerts?wait=1" {
		t.Errorf("GET /alerts = %d, without a script it leads to %q", page.status, wait)
	}
	if page.doc.Find("#alerts progress").Length() != 1 || page.doc.Find("#alerts table").Length() != 0 || strings.Contains(page.body, "Nothing is wrong") {
		t.Errorf("before the projects are read the page says: %s", page.text("main"))
	}
	if got := page.text(".nav-count"); got != "" {
		t.Errorf("the navigation counts %q before the projects are known", got)
	}
	gate.Open()
	if shown := alertsShown(lead.alertsOf("")); len(shown) != 1 {
		t.Errorf("afterwards it shows %v", shown)
	}
	if part := lead.htmx("alerts").get("/alerts"); part.doc.Find("header").Length() != 0 || part.doc.Find("#alerts table").Length() != 1 {
		t.Errorf("the part of the page is %s", part.body)
	}
}

// TestTheListOfAlertsGrowsWithTheProjects has one project of four answer late, whose alert comes last.
func TestTheListOfAlertsGrowsWithTheProjects(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	p.gitlab.Configure(func(s *gitlabtest.Settings) { s.GraphQLOff = true })
	late := p.addFleet(3)[2]
	gate := gitlabtest.NewGate()
	t.Cleanup(gate.Open)
	p.gitlab.Inject(gitlabtest.OpListAgents, gitlabtest.Hold(gate).ForProject(late))
	lead := p.as("lead")
	lead.opens().until("3 of 4 projects read")
	page := lead.get("/alerts")
	if got, want := page.text("#alerts .fleet-state p"), "These are the alerts of the projects that were read so far."; !strings.HasPrefix(got, want) {
		t.Errorf("while it is read the page says %q, want %q first", got, want)
	}
	if page.doc.Find("#alerts .empty").Length() != 0 || page.doc.Find("#alerts progress").Length() != 1 {
		t.Errorf("with nothing found so far it says %q", page.text("#alerts"))
	}
	p.opens(p.about(alert.Disconnected, p.prod))
	if shown := alertsShown(lead.get("/alerts")); !slices.Equal(shown, []string{"Lost contact: prod"}) {
		t.Errorf("of what was read it shows %v", shown)
	}
}

func TestTheListSaysWhatMayBeMissing(t *testing.T) {
	t.Parallel()
	p := newPortal(t, func(s *setUp) { s.maxProjects = 100 })
	p.addFleet(100) // and one more
	if got := p.as("lead").alertsOf("").text("#alerts .notice"); !strings.HasPrefix(got, "Alerts may be missing") {
		t.Errorf("with more projects than are read the page says %q", got)
	}
}

func TestTheListSaysHowTheWatchReads(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	lead := p.as("lead")
	for name, tt := range map[string]struct {
		status alert.Status
		err    error
		want   []string
	}{
		"a while ago": {alert.Status{ReadAt: p.clock.Now().Add(-2 * time.Minute)}, nil, []string{"The watch last read GitLab 2 minutes ago.", "Nothing is wrong"}},
		"never":       {alert.Status{}, nil, []string{"The watch has not read GitLab yet."}},
		"failing": {alert.Status{ReadAt: p.clock.Now().Add(-3 * time.Hour), FailingSince: p.clock.Now().Add(-2 * time.Hour)}, nil, []string{
			"The watch has been unable to read GitLab for 2 hours", "No open alerts are known",
		}},
		"not known": {alert.Status{}, errors.New("no database"), []string{"When the watch last read GitLab is not known."}},
	} {
		p.config.WatchStatus = func(context.Context) (alert.Status, error) { return tt.status, tt.err }
		handler := must(handlers.New(p.config))(t)
		p.current.Store(&handler)
		text := lead.alertsOf("").text("#alerts")
		for _, want := range tt.want {
			if !strings.Contains(text, want) {
				t.Errorf("%s: the page says %q, want %q", name, text, want)
			}
		}
	}
}

func TestWithoutAWatchThePageSaysHowToHaveOne(t *testing.T) {
	t.Parallel()
	p := newPortal(t, func(s *setUp) { s.unwatched = true })
	lead := p.as("lead")
	page := lead.get("/alerts")
	if text := page.text("main"); page.status != http.StatusOK || !strings.Contains(text, "WATCH_TOKEN") || !strings.Contains(text, "docs/operations.md") {
		t.Errorf("GET /alerts = %d: %s", page.status, text)
	}
	if page.doc.Find(`header nav a[href="/alerts"]`).Length() != 0 || page.doc.Find(`header .menu-panel a[href="/alerts"]`).Length() != 1 {
		t.Error("the navigation offers the alerts, want the menu alone to")
	}
	for _, end := range []string{"acknowledge", "withdraw"} {
		if got := lead.post(alertPath(1, end), nil); got.status != http.StatusNotFound {
			t.Errorf("POST …/%s = %d, want 404", end, got.status)
		}
	}
}

func TestAnAgentsPageNamesItsOpenAlerts(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	over := p.about(alert.Idle, p.prod)
	p.opens(over)
	p.ends(over)
	p.opens(p.about(alert.TokenDue, p.prod))
	p.opens(p.about(alert.Disconnected, p.prod))
	for _, person := range []string{"lead", "dev"} {
		b := p.as(person)
		line := b.get(p.agentPath(p.prod)).doc.Find(".agent-alerts")
		if got, want := folded(line), "2 open alerts Lost contact, Token due"; got != want {
			t.Errorf("%s reads %q, want %q", person, got, want)
		}
		if got, want := line.Find("a").AttrOr("href", ""), fmt.Sprint("/alerts?agent=", p.prod); got != want {
			t.Errorf("it leads to %q, want %q", got, want)
		}
		if b.get(p.agentPath(p.idle)).doc.Find(".agent-alerts").Length() != 0 {
			t.Error("an agent without alerts has a line about them")
		}
	}
}

// TestTheCountOfAlertsCostsGitLabNothing has a session that has read nothing, and one that has.
func TestTheCountOfAlertsCostsGitLabNothing(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	p.opens(p.about(alert.Disconnected, p.prod))
	p.opens(p.about(alert.WatchFailing, 0))
	lead := p.as("lead")
	for _, look := range []struct {
		name   string
		before func()
		want   string
	}{
		{"before its projects are known", func() {}, ""},
		{"after that", func() { lead.whole("") }, "2"},
		{"when the fleet is kept no longer", func() { p.clock.Advance(59 * time.Minute) }, "2"},
		{"much later", func() { p.clock.Advance(2 * time.Minute) }, ""},
	} {
		look.before()
		p.gitlab.ResetCounters()
		page := lead.get("/help/status")
		if got := page.text(".nav-count [aria-hidden]"); got != look.want || len(p.gitlab.Requests()) != 0 {
			t.Errorf("%s it counts %q with %d calls, want %q with none", look.name, got, len(p.gitlab.Requests()), look.want)
		}
	}
	if got := p.visitor().get("/"); got.doc.Find(".nav-count").Length() != 0 {
		t.Error("a visitor reads how many alerts there are")
	}
}
