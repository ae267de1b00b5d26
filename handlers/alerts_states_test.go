package handlers_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
	"gitlab-agent-portal/handlers"
	"gitlab-agent-portal/internal/alert"
)

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
	refresh := must(goquery.NewDocumentFromReader(strings.NewReader(page.doc.Find("head noscript").Text())))(t)
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
