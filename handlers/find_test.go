package handlers_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

// found are the lines of the palette in one of its groups: what they are called, and where they lead.
func found(page *answer, group string) (names, urls []string) {
	page.doc.Find("[role=group][aria-labelledby=palette-" + group + "] a").Each(func(_ int, a *goquery.Selection) {
		name := a.Find("b")
		if name.Length() == 0 {
			name = a.Find(".palette-name")
		}
		names, urls = append(names, strings.TrimSpace(name.Text())), append(urls, a.AttrOr("href", ""))
	})
	return names, urls
}

func TestThePaletteFindsAgentsProjectsAndActions(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	p.addFleet(3)
	down := p.gitlab.AddAgent(gitlabtest.Agent{Project: p.project, Name: "broken-project"})
	p.gitlab.AddToken(gitlabtest.Token{Agent: down, Name: "t", CreatedAt: p.clock.Now().Add(-48 * time.Hour), LastUsedAt: p.clock.Now().Add(-9 * time.Minute)})
	lead := p.as("lead")
	before := lead.htmx("dialog-body").get("/find")
	if names, _ := found(before, "projects"); len(names) != 4 || !strings.Contains(before.text(".palette-unread"), "once your fleet has been read") {
		t.Errorf("before the fleet was read, the palette has the projects %q and says %q", names, before.text(".palette-unread"))
	}
	lead.whole("")
	p.gitlab.ResetCounters()
	if names, urls := found(lead.htmx("dialog-body").get("/find"), "agents"); !slices.Equal(names, []string{"broken-project"}) || urls[0] != p.agentPath(down) {
		t.Errorf("before anything is typed it proposes %q at %q, want what is down", names, urls)
	}
	for query, want := range map[string][]string{
		"agent-001": {"agent-001-0", "agent-001-1"}, "PAYMENTS prod": {"prod"}, "project": {"broken-project"}, "payments": nil, "activity": nil,
	} {
		list := lead.htmx("picker-list").get("/find?q=" + strings.ReplaceAll(query, " ", "+"))
		if names, _ := found(list, "agents"); !slices.Equal(names, want) || list.doc.Find("input").Length() != 0 {
			t.Errorf("%q finds the agents %q, want %q: %s", query, names, want, list.body)
		}
	}
	if names, urls := found(lead.get("/find?q=shop+payments"), "projects"); !slices.Equal(names, []string{"Payments"}) || urls[0] != p.address("/projects/{project}/agents") {
		t.Errorf("it finds the projects %q at %q", names, urls)
	}
	if n := len(p.gitlab.Requests()); n != 3 { // for the three that are in no project of the fleet
		t.Errorf("GitLab was asked %d times, want only for what is not known", n)
	}
	if names, urls := found(lead.get("/find?q=activity"), "actions"); !slices.Equal(names, []string{"Activity"}) || urls[0] != "/activity" {
		t.Errorf("it finds the actions %q at %q", names, urls)
	}
	if got := lead.htmx("picker-list").get("/find?q=nothing-like-this").text("[role=option]"); !strings.Contains(got, "Nothing matches") {
		t.Errorf("for nothing it says %q", got)
	}
}

// TestThePaletteOffersEveryAction follows all of them.
func TestThePaletteOffersEveryAction(t *testing.T) {
	t.Parallel()
	lead := newPortal(t).as("lead")
	names, urls := found(lead.get("/find"), "actions")
	for i, address := range urls {
		if got := lead.get(address); got.status != http.StatusOK {
			t.Errorf("%s leads to %s = %d", names[i], address, got.status)
		}
	}
	if len(urls) != 9 {
		t.Errorf("there are %d actions, want 9", len(urls))
	}
}

func TestAProjectIsChosenToRegisterAnAgent(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	readable := p.gitlab.AddProject(gitlabtest.Project{Path: "read-only", Name: "Readable"})
	p.gitlab.AddMember(readable, p.people["lead"], gitlabtest.Developer)
	lead := p.as("lead")
	choose := lead.get(lead.whole("").doc.Find("#fleet-register a").AttrOr("href", ""))
	if got := choose.text("h1"); got != "Register agent: choose a project" {
		t.Fatalf("the button leads to %q", got)
	}
	links := choose.doc.Find("#projects tbody .row-link")
	if href := links.AttrOr("href", ""); links.Length() != 1 || href != p.address("/projects/{project}/agents/new") || lead.get(href).status != http.StatusOK {
		t.Errorf("%d projects can be chosen, the first at %q", links.Length(), href)
	}
	if got := hiddenFields(choose.doc.Find("main form.search")).Get("for"); got != "register" {
		t.Errorf("a search forgets what it is for: %q", got)
	}
	if p.as("dev").whole("").doc.Find("#fleet-register a").Length() != 0 {
		t.Error("a Developer is offered to register an agent")
	}
}

func TestTheListOfProjectsTellsWhichHaveAgents(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	empty := p.gitlab.AddProject(gitlabtest.Project{Path: "empty", Name: "Empty"})
	p.gitlab.AddMember(empty, p.people["lead"], gitlabtest.Maintainer)
	lead := p.as("lead")
	if lead.get("/projects").doc.Find(".project-agents").Length() != 0 {
		t.Error("before the fleet was read, it claims to know")
	}
	lead.whole("")
	cells := lead.get("/projects").lines("tbody .project-agents")
	if !slices.Equal(cells, []string{"None", "2"}) {
		t.Errorf("the projects have %q agents", cells)
	}
}
