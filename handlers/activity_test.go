package handlers_test

import (
	"encoding/csv"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/google/go-cmp/cmp"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
	"gitlab-agent-portal/internal/activity"
	"gitlab-agent-portal/internal/audit"
)

// note writes rows into the audit, one a minute. Each changes an ordinary one.
func (p *portal) note(changes ...func(*audit.Event)) {
	p.t.Helper()
	for i, change := range changes {
		event := audit.Event{
			Action: activity.TokenCreate, Outcome: activity.OK, ActorID: p.people["lead"], ActorName: "lead",
			ClientIP: "192.0.2.7", RequestID: fmt.Sprint("request-", i),
			Target: audit.Target{ProjectID: p.project, ProjectPath: "shop/payments", AgentID: p.prod, AgentName: "prod", TokenName: fmt.Sprint("token-", i)},
		}
		change(&event)
		if err := p.auditLog.Record(p.t.Context(), event); err != nil {
			p.t.Fatal(err)
		}
		p.clock.Advance(time.Minute)
	}
}

func ordinary(*audit.Event) {}

// noteMany writes n ordinary rows.
func (p *portal) noteMany(n int) {
	p.t.Helper()
	for range n {
		p.note(ordinary)
	}
}

// entries are the names of the tokens in the list, from top to bottom.
func (a *answer) entries() string {
	var names []string
	a.doc.Find("#activity tbody tr:not(.day-row), #agent-tab tbody tr:not(.day-row)").Each(func(_ int, row *goquery.Selection) {
		names = append(names, strings.TrimSpace(row.Find("th span.path").Text()))
	})
	return strings.Join(names, " ")
}

func TestActivityIsFiltered(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	second := p.gitlab.AddProject(gitlabtest.Project{Path: "second", Name: "Second", Group: 1})
	p.gitlab.AddMember(second, p.people["lead"], gitlabtest.Maintainer)
	p.note(
		ordinary,
		func(e *audit.Event) { e.Target.ProjectID, e.Target.ProjectPath = second, "shop/second" },
		func(e *audit.Event) { e.Target.AgentID, e.Target.AgentName = p.idle, "idle" },
		func(e *audit.Event) { e.ActorName = "dev" },
		func(e *audit.Event) { e.Action = activity.TokenRevoke },
		func(e *audit.Event) { e.Target.ProjectID = 4711 },
	)
	p.clock.Advance(24 * time.Hour)
	p.note(ordinary)
	lead := p.as("lead")
	for name, tt := range map[string]struct{ query, want string }{
		"nothing":                    {"", "token-0 token-4 token-3 token-2 token-1 token-0"},
		"empty fields":               {"?project=&agent=&actor=&action=&from=&until=", "token-0 token-4 token-3 token-2 token-1 token-0"},
		"a project by path":          {"?project=shop/second", "token-1"},
		"a project by number":        {"?project=" + strconv.FormatInt(second, 10), "token-1"},
		"an agent":                   {"?agent=idle", "token-2"},
		"a person":                   {"?actor=%40dev", "token-3"},
		"an action":                  {"?action=token_revoke", "token-4"},
		"an action that is none":     {"?action=sign_in", "token-0 token-4 token-3 token-2 token-1 token-0"},
		"a first day":                {"?from=2026-11-25", "token-0"},
		"a last day, included":       {"?until=2026-11-24", "token-4 token-3 token-2 token-1 token-0"},
		"several things together":    {"?agent=prod&actor=lead&action=token_create&until=2026-11-24", "token-1 token-0"},
		"something that is not here": {"?actor=nobody", ""},
	} {
		got := lead.get("/activity" + tt.query)
		if got.status != http.StatusOK || got.entries() != tt.want {
			t.Errorf("narrowed by %s: %d %q, want %q", name, got.status, got.entries(), tt.want)
		}
	}
	page := lead.get("/activity?project=shop/payments&actor=lead&from=2026-11-24")
	for field, want := range map[string]string{"project": "shop/payments", "actor": "lead", "from": "2026-11-24", "agent": ""} {
		if got := page.doc.Find("form.filter #"+field).AttrOr("value", "?"); got != want {
			t.Errorf("the field %s holds %q, want %q", field, got, want)
		}
	}
	if page.doc.Find("h1").Length() != 1 || page.doc.Find(`header nav a[href="/activity"][aria-current="page"]`).Length() != 1 {
		t.Errorf("the page lacks its heading, or its mark in the navigation: %s", page.text("header"))
	}
}

func TestActivityIsShownToWhoeverIsMaintainerNow(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	p.people["boss"] = p.gitlab.AddUser(gitlabtest.User{Username: "boss", Name: "Boss", Admin: true})
	p.note(ordinary)
	path := "/activity?project=shop/payments"
	sees := func(b *browser, address string, want bool, status int) {
		t.Helper()
		if got := b.get(address); got.status != status || (got.entries() != "") != want {
			t.Errorf("GET %s = %d with %q, want %d and entries: %v", address, got.status, got.entries(), status, want)
		}
	}
	lead, dev, boss := p.as("lead"), p.as("dev"), p.as("boss")
	sees(lead, "/activity", true, http.StatusOK)
	sees(lead, path, true, http.StatusOK)
	sees(dev, "/activity", false, http.StatusOK)
	sees(dev, path, false, http.StatusUnprocessableEntity)
	sees(boss, "/activity", false, http.StatusOK) // is Maintainer of nothing
	sees(boss, path, true, http.StatusOK)
	unknown, hidden := dev.get("/activity?project=shop/nothing"), dev.get(path)
	if unknown.text("#project-error") == "" || unknown.text("#project-error") != hidden.text("#project-error") {
		t.Errorf("a project that is not there reads %q, one that is not theirs %q: want the same", unknown.text("#project-error"), hidden.text("#project-error"))
	}
	if got := dev.get("/activity").text("#activity .empty"); !strings.Contains(got, "you are Maintainer of none") {
		t.Errorf("a Developer reads %q", got)
	}

	p.gitlab.AddMember(p.project, p.people["lead"], gitlabtest.Developer)
	p.gitlab.Configure(func(s *gitlabtest.Settings) { s.AdminMode = true }) // what /user says then gives no right
	sees(lead, "/activity", false, http.StatusOK)
	sees(lead, path, false, http.StatusUnprocessableEntity)
	sees(boss, path, false, http.StatusUnprocessableEntity)
}

func TestActivityIsPagedByKey(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	p.noteMany(120)
	lead := p.as("lead")
	numbers := func(a *answer) string {
		rows := a.doc.Find("#activity tbody tr:not(.day-row)")
		return rows.First().AttrOr("id", "") + ".." + rows.Last().AttrOr("id", "")
	}
	link := func(a *answer, rel string) string { return a.doc.Find(`.pager a[rel="`+rel+`"]`).AttrOr("href", "") }
	first := lead.get("/activity?actor=lead")
	if got := numbers(first); got != "entry-120..entry-71" || link(first, "prev") != "" {
		t.Fatalf("the first page has %s and leads back to %q", got, link(first, "prev"))
	}
	p.noteMany(5) // shift nothing
	second := lead.get(link(first, "next"))
	third := lead.get(link(second, "next"))
	if got := numbers(second) + " " + numbers(third); got != "entry-70..entry-21 entry-20..entry-1" || link(third, "next") != "" {
		t.Errorf("the next pages have %s, and lead on to %q", got, link(third, "next"))
	}
	back := lead.get(link(third, "prev"))
	if got := numbers(back); got != "entry-70..entry-21" {
		t.Errorf("back from the third page are %s", got)
	}
	newest := lead.get(link(lead.get(link(back, "prev")), "prev"))
	if got := numbers(newest); got != "entry-126..entry-76" || link(newest, "prev") != "" { // signing in is one, elsewhere
		t.Errorf("back from the second page are %s, leading on to %q", got, link(newest, "prev"))
	}
	if got := lead.get("/activity?before=1"); !strings.Contains(got.text("#activity .empty"), "Nothing matches") {
		t.Errorf("beyond the end: %q", got.text("#activity"))
	}
}

func TestActivityExplainsWhatCannotBeUsed(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	p.note(ordinary)
	lead := p.as("lead")
	for query, field := range map[string]string{
		"project=nowhere": "project", "project=../x": "project", "project=0": "project", "project=-7": "project",
		"from=yesterday": "from", "until=2026-13-01": "until", "from=2026-11-24&until=2026-11-23": "until",
	} {
		got := lead.get("/activity?" + query)
		if got.status != http.StatusUnprocessableEntity || got.text("#"+field+"-error") == "" || got.entries() != "" {
			t.Errorf("%s = %d, says %q, lists %q", query, got.status, got.text("#"+field+"-error"), got.entries())
		}
		if got := lead.get("/activity.csv?" + query); got.status != http.StatusSeeOther || !strings.HasPrefix(got.header.Get("Location"), "/activity?") {
			t.Errorf("the file of %s = %d to %q, want the page that explains", query, got.status, got.header.Get("Location"))
		}
	}
	p.gitlab.Inject(gitlabtest.OpListProjects, gitlabtest.BadGateway())
	if got := lead.get("/activity"); got.status != http.StatusBadGateway || got.doc.Find("h1").Length() != 1 {
		t.Errorf("while GitLab is down: %d", got.status)
	}
}

func TestEveryOutcomeHasItsWord(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	begin := func() int64 {
		return must(p.auditLog.Begin(t.Context(), audit.Event{Action: activity.TokenCreate, ActorName: "lead", Target: audit.Target{ProjectID: p.project}}))(t)
	}
	lost := begin()
	p.clock.Advance(3 * time.Minute)
	begin()
	for _, outcome := range []activity.Outcome{activity.OK, activity.Refused, activity.Failed} {
		p.note(func(e *audit.Event) { e.Outcome = outcome })
	}
	p.note(func(e *audit.Event) { e.Action, e.RefersTo = activity.Reconciled, lost })
	p.clock.Advance(-4 * time.Minute)
	rows := p.as("lead").get("/activity").doc.Find("#activity tbody tr:not(.day-row)")
	want := []string{"Was done", "Failed", "Refused", "Done", "In progress", "Unknown"}
	var got []string
	rows.Each(func(_ int, row *goquery.Selection) { got = append(got, strings.TrimSpace(row.Find(".badge").Text())) })
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("outcomes (-want +got):\n%s", diff)
	}
	refers := rows.First().Find("th a").AttrOr("href", "")
	if want := fmt.Sprintf("/activity?project=%d&before=%d#entry-%d", p.project, lost+1, lost); refers != want {
		t.Errorf("the look afterwards refers to %q, want %q", refers, want)
	}
	if top := p.as("lead").get(refers).doc.Find("#activity tbody tr:not(.day-row)").First().AttrOr("id", ""); top != fmt.Sprint("entry-", lost) {
		t.Errorf("there, %q is on top", top)
	}
}

func TestV11ActivityIsExportedSafely(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	p.noteMany(534)
	p.note(func(e *audit.Event) { e.Target.TokenName, e.ActorName = "=HYPERLINK(1)", "dev" },
		func(e *audit.Event) { e.Target.TokenName = "\t@x,\"\r\n-1" },
		func(e *audit.Event) { e.Target.ProjectID = 4711 })
	lead := p.as("lead")
	got := lead.get("/activity.csv")
	if got.status != http.StatusOK || got.header.Get("Content-Type") != "text/csv; charset=utf-8; header=present" ||
		got.header.Get("Content-Disposition") != `attachment; filename="activity-2026-11-24-UTC.csv"` || got.header.Get("Cache-Control") != "no-store" {
		t.Errorf("the file has %d and %v", got.status, got.header)
	}
	rows := must(csv.NewReader(strings.NewReader(got.body)).ReadAll())(t)
	if len(rows) != 1+536 {
		t.Fatalf("%d rows, want the header and 536", len(rows))
	}
	column := map[string]int{}
	for i, name := range rows[0] {
		column[name] = i
	}
	if odd, formula := rows[1][column["token"]], rows[2][column["token"]]; odd != "'\t'@x,\"\n'-1" || formula != "'=HYPERLINK(1)" {
		t.Errorf("the names became %q and %q", odd, formula)
	}
	want := []string{
		"534", "2026-11-24T20:53:00Z", "token_create", "ok", fmt.Sprint(p.people["lead"]), "lead", fmt.Sprint(p.project), "shop/payments",
		fmt.Sprint(p.prod), "prod", "", "token-0", "192.0.2.7", "request-0", "", "1", "2026-11-24T20:53:00Z", "", "",
	}
	if diff := cmp.Diff(want, rows[3]); diff != "" {
		t.Errorf("an ordinary row (-want +got):\n%s", diff)
	}
	if got := lead.get("/activity.csv?actor=dev"); strings.Count(got.body, "\r\n") != 2 {
		t.Errorf("one person's file is %q", got.body)
	}
	if got := p.as("dev").get("/activity.csv"); got.status != http.StatusOK || strings.Count(got.body, "\r\n") != 1 {
		t.Errorf("a Developer's file = %d %q, want the header alone", got.status, got.body)
	}
	if address := lead.get("/activity?actor=dev&from=2026-11-24").doc.Find(".head a").AttrOr("href", ""); address != "/activity.csv?actor=dev&from=2026-11-24" {
		t.Errorf("the page offers %q", address)
	}
}

func TestTheActivityTabTellsWhoNotedWhat(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	lead := p.as("lead")
	lead.submit(p.address("/projects/{project}/agents/{agent}/tokens/new"), url.Values{"name": {"by-portal"}})
	p.clock.Advance(time.Minute)
	gone := p.gitlab.AddToken(gitlabtest.Token{Agent: p.prod, Name: "by-gitlab", CreatedBy: p.people["dev"]})
	p.gitlab.RevokeToken(gone)
	tab := p.agentPath(p.prod) + "?tab=activity"
	got := lead.get(tab)
	var lines []string
	got.doc.Find("#agent-tab tbody tr:not(.day-row)").Each(func(_ int, row *goquery.Selection) {
		lines = append(lines, strings.Join(strings.Fields(row.Find("th .act").Text()+" "+row.Find("th .path").Text()+": "+row.Find("td").First().Text()), " "))
	})
	all := strings.Join(lines, "\n")
	for _, want := range []string{"Created token by-portal: Portal and GitLab", "Token created by-gitlab: GitLab", "Token revoked by-gitlab: GitLab"} {
		if strings.Count(all, want) != 1 {
			t.Errorf("the tab lists\n%s\nwant %q once", all, want)
		}
	}
	if strings.Contains(all, "Token created by-portal") {
		t.Errorf("GitLab's entry of the portal's act stands beside it:\n%s", all)
	}
	p.gitlab.Inject(gitlabtest.OpCreateToken, gitlabtest.Cut().AfterCommit())
	lead.submit(p.agentPath(p.idle)+"/tokens/new", url.Values{"name": {"lost"}})
	looked := lead.get(p.agentPath(p.idle) + "?tab=activity")
	if rows := looked.doc.Find("#agent-tab tbody tr:not(.day-row)"); rows.Length() != 2 || !strings.Contains(rows.First().Text(), "Portal and GitLab") {
		t.Errorf("a token found afterwards is told of as\n%s", looked.text("#agent-tab"))
	}
	if current := got.text(`.tabs [aria-current="page"]`); current != "Activity" {
		t.Errorf("the current tab is %q", current)
	}
	dev := p.as("dev").get(tab)
	if text := dev.text("#agent-tab"); dev.status != http.StatusOK || !strings.Contains(text, "Maintainers only") || dev.entries() != "" {
		t.Errorf("a Developer reads %d %q", dev.status, text)
	}
}

func TestTheActivityTabDoesWithoutGitLab(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]gitlabtest.Fault{
		"missing":   gitlabtest.Status(http.StatusNotFound),
		"forbidden": gitlabtest.Status(http.StatusForbidden),
		"cut":       gitlabtest.Cut(),
		"partial":   gitlabtest.GraphQLError(http.StatusOK, "Internal server error"),
		"slow":      gitlabtest.Delay(time.Hour),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPortal(t)
			p.note(ordinary)
			lead := p.as("lead")
			p.gitlab.Inject(gitlabtest.OpGraphQL, fault)
			got := lead.get(p.agentPath(p.prod) + "?tab=activity")
			if got.status != http.StatusOK || got.entries() != "token-0" || !strings.Contains(got.text("#agent-tab .notice"), "incomplete") {
				t.Errorf("%d, entries %q, notice %q", got.status, got.entries(), got.text("#agent-tab .notice"))
			}
		})
	}
}

func TestTheActivityTabLeadsToEverythingElse(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	p.noteMany(101)
	got := p.as("lead").get(p.agentPath(p.prod) + "?tab=activity")
	if address := got.doc.Find("#agent-tab .more a").AttrOr("href", ""); address != "/activity?project=shop%2Fpayments&agent=prod" {
		t.Errorf("the tab leads on to %q", address)
	}
}

func TestActivityIsInTheDaysOfWhoReads(t *testing.T) {
	t.Parallel()
	p := newPortal(t) // at noon of a Tuesday, in UTC
	p.clock.Set(time.Date(2026, 11, 23, 23, 30, 0, 0, time.UTC))
	p.note(ordinary) // half an hour after midnight in Berlin
	p.clock.Set(time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC))
	lead := p.as("lead")
	for query, want := range map[string]string{
		"?from=2026-11-23&until=2026-11-23":                          "token-0",
		"?from=2026-11-24&until=2026-11-24":                          "",
		"?from=2026-11-23&until=2026-11-23&tz=Europe/Berlin":         "",
		"?from=2026-11-24&until=2026-11-24&tz=Europe/Berlin":         "token-0",
		"?from=2026-11-23&until=2026-11-23&tz=../../etc/localtime":   "token-0",
		"?from=2026-11-23&until=2026-11-23&tz=Local":                 "token-0",
		"?from=2026-11-23&until=2026-11-23&tz=America%2FLos_Angeles": "token-0",
	} {
		if got := lead.get("/activity" + query).entries(); got != want {
			t.Errorf("%s lists %q, want %q", query, got, want)
		}
	}
	page := lead.get("/activity?tz=Europe/Berlin")
	if got := page.text(".day-row"); got != "2026-11-24" || page.text("[data-zone-note]") != "Days and times are in Europe/Berlin." {
		t.Errorf("the heading is %q, %q", got, page.text("[data-zone-note]"))
	}
	if got := lead.get("/activity").text(".day-row"); got != "2026-11-23" {
		t.Errorf("in UTC the heading is %q", got)
	}
	presets := page.doc.Find(".presets a")
	names := strings.Fields(presets.Text())
	if presets.Length() != 10 || names[0] != "TodayYesterdaySundaySaturdayFridayThursdayWednesdayTuesdayLast" {
		t.Errorf("the presets are %q", presets.Text())
	}
	tuesday := page.doc.Find(".presets a[data-back='7']").AttrOr("href", "")
	if want := "/activity?from=2026-11-17&until=2026-11-17&tz=Europe%2FBerlin"; tuesday != want {
		t.Errorf("last Tuesday is at %q, want %q", tuesday, want)
	}
	if got := lead.get(tuesday).text(".presets [aria-current]"); got != "Tuesday" {
		t.Errorf("what is chosen is %q", got)
	}
}

func TestTheFieldsOfActivitySuggestWhatThereIs(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	p.note(func(e *audit.Event) { e.ActorName = "dev" })
	lead := p.as("lead")
	lead.whole("")
	page := lead.get("/activity")
	for field, want := range map[string]string{"project": "shop/payments", "agent": "idle prod", "actor": "dev lead"} {
		var names []string
		list := page.doc.Find("#"+field).AttrOr("list", "")
		for _, option := range page.doc.Find("#" + list + " option").EachIter() {
			names = append(names, option.AttrOr("value", ""))
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("%s suggests %q, want %q", field, got, want)
		}
	}
	p.gitlab.AddMember(p.project, p.people["dev"], gitlabtest.Developer)
	p.as("dev").whole("")
	if n := p.as("dev").get("/activity").doc.Find("#agent-names option").Length(); n != 0 {
		t.Errorf("a Developer is offered %d agents", n)
	}
}
