package handlers_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

// addSilent adds an agent that was last in contact so long ago.
func (p *portal) addSilent(name string, ago time.Duration) int64 {
	p.t.Helper()
	now := p.clock.Now()
	id := p.gitlab.AddAgent(gitlabtest.Agent{Project: p.project, Name: name, CreatedAt: now.AddDate(-1, 0, 0)})
	p.gitlab.AddToken(gitlabtest.Token{Agent: id, Name: "t", CreatedBy: p.people["lead"], CreatedAt: now.AddDate(0, -1, 0), LastUsedAt: now.Add(-ago)})
	return id
}

func TestWhatBrokeComesFirstAndIsCounted(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	p.addSilent("last-night", 9*time.Hour)
	p.addSilent("just-now", 9*time.Minute)
	p.addSilent("days-ago", 3*24*time.Hour)
	p.addSilent("given-up", 10*24*time.Hour)
	lead := p.as("lead")
	page := lead.whole("")
	if got, want := agentsShown(page)[:3], []string{"just-now", "last-night", "days-ago"}; !slices.Equal(got, want) {
		t.Errorf("the fleet begins with %v, want %v", got, want)
	}
	for agent, want := range map[string]string{"just-now": "Down 9 min", "last-night": "Down 9 h", "days-ago": "Down 3 d", "given-up": "Not connected"} {
		if line := row(page, agent); !strings.Contains(line, want) {
			t.Errorf("the row of %s says %q, want %q", agent, line, want)
		}
	}
	if title := page.text("title"); !strings.HasPrefix(title, "(2) Fleet") {
		t.Errorf("the tab says %q, want how many are down within a day", title)
	}
	chip := page.doc.Find(".filters [data-kind=down_24h]")
	if !strings.Contains(chip.Text(), "Down in 24 h") || count(page, "down_24h") != "2" {
		t.Errorf("the filter says %q", chip.Text())
	}
	filtered := lead.get(chip.AttrOr("href", ""))
	if got := agentsShown(filtered); !slices.Equal(got, []string{"just-now", "last-night"}) || !strings.HasPrefix(filtered.text("title"), "(2) ") {
		t.Errorf("the filter shows %v", got)
	}
	exported := lead.get(filtered.doc.Find(".fleet-export a[href*='.csv']").AttrOr("href", "")).body
	if lines := strings.Count(exported, "\n"); lines != 3 || !strings.Contains(exported, "just-now") {
		t.Errorf("the export of the filter has %d lines: %s", lines, exported)
	}
	if other := lead.whole("q=prod"); !strings.HasPrefix(other.text("title"), "(2) ") {
		t.Errorf("a search forgets what is down: %q", other.text("title"))
	}
}

// To an agent that is not connected a new token is no help.
func TestWhatIsNotConnectedIsCheckedOrDeleted(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	const day = 24 * time.Hour
	acts := map[string]string{"just-down": "Check just-down", "silent": "Check silent", "dead": "Delete dead"}
	for name, ago := range map[string]time.Duration{"just-down": 10 * time.Minute, "silent": 40 * day, "dead": 200 * day} {
		id := p.addSilent(name, ago)
		p.gitlab.AddToken(gitlabtest.Token{Agent: id, Name: "old", CreatedAt: p.clock.Now().Add(-300 * day), LastUsedAt: p.clock.Now().Add(-ago)})
	}
	page := p.as("lead").whole("")
	for name, want := range acts {
		line := page.doc.Find("table.fleet tbody tr:has(th:contains('" + name + "'))")
		if got := line.Find(".actions").Text(); got != want {
			t.Errorf("for %s it offers %q, want %q", name, got, want)
		}
		if rotations := line.Find("a[href$='/rotation']").Length(); rotations != 0 {
			t.Errorf("%s is offered %d rotations", name, rotations)
		}
	}
}

func TestALinkToAPartOfTheFleetSurvivesTheSignIn(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	visitor := p.visitor()
	welcome := visitor.get("/?group=shop&status=down_24h&q=a+b")
	login := welcome.doc.Find("main a[href*='/auth/login']").AttrOr("href", "")
	if landed := visitor.signIn(login, "lead"); landed.header.Get("Location") != "/?group=shop&q=a+b&status=down_24h" {
		t.Errorf("%s leads to %q", login, landed.header.Get("Location"))
	}
	if plain := p.visitor().get("/").doc.Find("main a[href*='/auth/login']").AttrOr("href", ""); plain != "/auth/login" {
		t.Errorf("without a filter the address is %q", plain)
	}
}

// charts presses the switch of the pictures above the list.
func (b *browser) charts(value string) {
	b.p.t.Helper()
	form := b.whole("").doc.Find("#charts-form")
	values := hiddenFields(form)
	values.Set("charts", value)
	if got := b.post(form.AttrOr("action", ""), values); got.status != http.StatusSeeOther {
		b.p.t.Fatalf("the switch = %d", got.status)
	}
}

func TestChartsAreShownToWhoWantsThem(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	lead := p.as("lead")
	shown := func(query string) string {
		page := lead.whole(query)
		return fmt.Sprintf("%d %d %s", page.doc.Find("div.overview figure").Length(), page.doc.Find("details.overview figure").Length(), page.doc.Find(".charts-switch").AttrOr("aria-pressed", ""))
	}
	if got := shown(""); got != "0 0 false" {
		t.Errorf("at first: %s", got)
	}
	lead.charts("on")
	if got := shown(""); got != "2 0 true" {
		t.Errorf("switched on: %s", got)
	}
	if got := shown("status=connected"); got != "0 2 true" {
		t.Errorf("under a filter, where they are to be closed: %s", got)
	}
	lead.charts("off")
	if got := shown(""); got != "0 0 false" {
		t.Errorf("switched off: %s", got)
	}
}

func TestPaperHasAllRowsThatMatch(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	p.addFleet(40)
	lead := p.as("lead")
	page := lead.whole("q=agent")
	if n := len(agentsShown(page)); n != 50 {
		t.Fatalf("a page has %d rows", n)
	}
	paper := lead.get(page.doc.Find("[data-print]").AttrOr("href", ""))
	if n := len(agentsShown(paper)); n != 80 || paper.doc.Find(".pager").Length() != 0 {
		t.Errorf("the page for paper has %d rows, want 80", n)
	}
}

func TestWhoMayOnlyReadIsOfferedNothing(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	p.addSilent("broken", time.Hour)
	page := p.as("dev").whole("")
	if n := page.doc.Find("#fleet :is(input, .actions a, button:not([name=charts]))").Length(); n != 0 || len(agentsShown(page)) != 3 {
		t.Errorf("a Developer is offered %d things: %s", n, page.text("#fleet"))
	}
	mixed := p.gitlab.AddProject(gitlabtest.Project{Path: "mixed"})
	p.gitlab.AddMember(mixed, p.people["dev"], gitlabtest.Maintainer)
	p.gitlab.AddAgent(gitlabtest.Agent{Project: mixed, Name: "own"})
	again := p.as("dev").whole("")
	why := again.doc.Find("tr:has(th:contains('broken')) .why")
	if why.AttrOr("title", "") != "Not selectable: you need the Maintainer role." || again.doc.Find("input[name=agent]").Length() != 1 {
		t.Errorf("beside an own agent, the others say %q", why.AttrOr("title", ""))
	}
}
