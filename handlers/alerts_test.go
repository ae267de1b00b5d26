package handlers_test

import (
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/google/go-cmp/cmp"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
	"gitlab-agent-portal/internal/alert"
)

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
	for name, want := range map[string]string{"lost": "Maintainers can acknowledge it.", "watch": "Maintainers of any project can acknowledge it."} {
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
	if got := folded(alertRow(page, id).Find("th")); got != "Critical Lost contact" {
		t.Errorf("it says %q, want nothing that is no longer so", got)
	}
	if got := page.doc.Find(".alert-act").Length(); got != 0 {
		t.Errorf("there are %d places for what to do, want none", got)
	}
}
