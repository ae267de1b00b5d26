//go:build e2e

package e2e

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/playwright-community/playwright-go"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

// shiftSoFar adds up the layout shifts of the page since it was opened.
const shiftSoFar = `() => new Promise((done) => {
	let sum = 0;
	new PerformanceObserver((list) => { for (const entry of list.getEntries()) sum += entry.value; }).observe({type: "layout-shift", buffered: true});
	requestAnimationFrame(() => requestAnimationFrame(() => done(sum)));
})`

// addProjects adds projects with an agent each, all for lead.
func (s *stage) addProjects(n int) {
	for i := range n {
		project := s.gitlab.AddProject(gitlabtest.Project{Path: fmt.Sprintf("service-%02d", i), Name: fmt.Sprintf("Service %02d", i), Group: 1})
		s.gitlab.AddMember(project, s.lead, gitlabtest.Maintainer)
		s.gitlab.AddAgent(gitlabtest.Agent{Project: project, Name: fmt.Sprintf("cluster-%02d", i)})
	}
}

// TestTheFleetComesWithProgressAndWithoutAJump holds GitLab back while the page waits.
func TestTheFleetComesWithProgressAndWithoutAJump(t *testing.T) {
	s := newStage(t)
	s.addProjects(12)
	gate := gitlabtest.NewGate()
	t.Cleanup(gate.Open)
	s.gitlab.Inject(gitlabtest.OpListProjects, gitlabtest.Hold(gate))
	p := s.signsIn("lead")
	p.sees(p.Locator("#fleet progress"))
	p.says(p.Locator("#fleet label"), "Listing your projects")
	p.lacks(p.Locator("table.fleet"))
	gate.Open()
	p.sees(p.Locator("table.fleet tbody tr").First())
	p.lacks(p.Locator("progress"))
	if shift := number(p.eval(shiftSoFar)); shift != 0 {
		t.Errorf("while the list came in, the page shifted by %v", shift)
	}
	if options := number(p.eval("() => document.querySelectorAll('#group option').length")); options != 2 {
		t.Errorf("the search offers %v groups, want all and shop", options)
	}
	p.says(p.Locator(".filters [data-kind=connected]"), "1")
	p.says(p.Locator("table.fleet tr", rowOf("prod")), "Connected")
}

// TestTheFleetGrowsWhileItIsRead holds one project back: the others are shown, can be searched, and
// stay when the last one comes.
func TestTheFleetGrowsWhileItIsRead(t *testing.T) {
	s := newStage(t)
	s.addProjects(3)
	s.gitlab.Configure(func(settings *gitlabtest.Settings) { settings.GraphQLOff = true })
	gate := gitlabtest.NewGate()
	t.Cleanup(gate.Open)
	s.gitlab.Inject(gitlabtest.OpListAgents, gitlabtest.Hold(gate).ForProject(s.project))
	p := s.signsIn("lead")
	p.says(p.Locator("#fleet label"), "3 of 4 projects read")
	p.visit(s.url + "/")
	p.sees(p.link("cluster-01"))
	p.says(p.Locator(".fleet-state"), "Incomplete")
	p.sees(p.Locator(".fleet-state progress"))
	p.fill(p.GetByRole("searchbox"), "cluster-02")
	p.lacks(p.link("cluster-01"))
	p.sees(p.link("cluster-02"))
	p.fill(p.GetByRole("searchbox"), "")
	p.sees(p.link("cluster-01"))
	gate.Open()
	p.sees(p.link("prod"))
	p.lacks(p.Locator("#fleet progress"))
	p.says(p.Locator(".fleet-state"), "Updated")
}

// TestTheFleetIsSearchedAndFiltered types, clicks a count, and goes back.
func TestTheFleetIsSearchedAndFiltered(t *testing.T) {
	s := newStage(t).withHistory()
	s.addProjects(3)
	p := s.as("lead")
	p.sees(p.link("cluster-01"))
	p.fill(p.GetByRole("searchbox"), "cluster-0")
	p.lacks(p.link("prod"))
	p.arrives(s.url + "/?q=cluster-0")
	p.fill(p.GetByRole("searchbox"), "prod")
	p.lacks(p.link("cluster-01"))
	p.arrives(s.url + "/?q=prod")
	p.fill(p.GetByRole("searchbox"), "")
	p.sees(p.link("cluster-01"))
	p.arrives(s.url + "/")
	p.click(p.Locator(".filters [data-kind=no_token]"))
	p.arrives(s.url + "/?attention=no_token")
	p.lacks(p.link("prod"))
	p.sees(p.link("idle"))
	p.fill(p.GetByRole("searchbox"), "idle")
	p.lacks(p.link("cluster-01"))
	p.arrives(s.url + "/?q=idle&attention=no_token")
	p.click(p.link("idle"))
	p.arrives(s.agent(s.idle))
	if err := p.goesBack(); err != nil {
		t.Fatal(err)
	}
	p.arrives(s.url + "/?q=idle&attention=no_token")
	p.sees(p.link("idle"))
	p.lacks(p.link("cluster-01"))
}

// TestAProjectIsPickedByKeyboard types a slash, a few letters, an arrow and Enter.
func TestAProjectIsPickedByKeyboard(t *testing.T) {
	s := newStage(t)
	s.addProjects(3)
	p := s.as("lead")
	p.sees(p.link("prod"))
	p.readyForKeys()
	p.press("/")
	p.sees(p.Locator("#dialog #picker-input"))
	p.says(p.Locator("#picker-list [aria-selected=true]"), "Payments")
	if err := p.Keyboard().Type("service"); err != nil {
		t.Fatal(err)
	}
	p.lacks(p.Locator("#picker-list").GetByText("Payments").First())
	p.says(p.Locator("#picker-list [aria-selected=true]"), "Service 00")
	p.press("ArrowDown")
	p.says(p.Locator("#picker-list [aria-selected=true]"), "Service 01")
	if active := p.eval("() => document.getElementById(document.getElementById('picker-input').getAttribute('aria-activedescendant')).textContent.includes('Service 01')"); active != true {
		t.Error("the field does not name the marked project")
	}
	p.press("Enter")
	p.sees(p.heading("Agents of Service 01"))
	p.readyForKeys()
	p.press("/")
	p.sees(p.Locator("#picker-input"))
	p.press("Escape")
	p.lacks(p.Locator("#dialog"))
}

// TestTheFleetNeedsNoScript waits, searches and filters by plain pages.
func TestTheFleetNeedsNoScript(t *testing.T) {
	s := newStage(t)
	s.addProjects(3)
	p := s.as("lead", withoutScript)
	p.arrives(s.url + "/?wait=1")
	p.sees(p.link("prod"))
	p.says(p.Locator("table.fleet tbody tr", rowOf("prod")).Locator("td.version"), "18.5.1")
	p.fill(p.GetByRole("searchbox"), "cluster-02")
	p.click(p.button("Search"))
	p.sees(p.link("cluster-02"))
	p.lacks(p.link("prod"))
	p.lacks(p.Locator(".filters [data-kind=connected]"))
	p.click(p.Locator(".filters [data-kind=never_connected]"))
	p.sees(p.link("cluster-02"))
	p.fill(p.GetByRole("searchbox"), "prod")
	p.click(p.button("Search"))
	p.sees(p.heading("Fleet"))
	p.lacks(p.link("cluster-02"))
	p.click(p.link("Show all agents"))
	p.sees(p.link("prod"))
	p.click(p.Locator("#picker-link"))
	p.sees(p.heading("Find"))
	p.fill(p.GetByRole("searchbox"), "prod")
	p.click(p.button("Search"))
	p.click(p.Locator(".palette-list a", rowOf("prod")).First())
	p.arrives(s.agent(s.prod))
}

// selects ticks the box of an agent in the fleet.
func (p *tab) selects(agent string) {
	p.t.Helper()
	if err := p.Locator("table.fleet tr", rowOf(agent)).Locator("input[name=agent]").Check(); err != nil {
		p.t.Fatalf("select %s: %v", agent, err)
	}
}

// TestAgentsAreSelectedForRotation chooses two of three agents, with and without a script, on a
// phone too.
func TestAgentsAreSelectedForRotation(t *testing.T) {
	s := newStage(t)
	s.addProjects(1)
	for name, change := range map[string][]func(*playwright.BrowserNewContextOptions){
		"with a script": nil, "without one": {withoutScript}, "on a phone": {onAPhone}, "on a phone without one": {onAPhone, withoutScript},
	} {
		p := s.as("lead", change...)
		p.sees(p.link("idle"))
		if strings.Contains(name, "without") {
			p.click(p.button("Rotate tokens"))
			p.says(p.Locator("main"), "No rotation is under way")
			p.visit(s.url + "/?wait=1")
		}
		p.selects("prod")
		p.selects("cluster-00")
		p.click(p.button("Rotate tokens"))
		p.sees(p.heading("Rotations"))
		p.says(p.Locator("tbody tr", rowOf("prod")), "Ready to rotate")
		p.says(p.Locator("tbody tr", rowOf("cluster-00")), "This agent has no token")
		if err := expectations().Locator(p.Locator("tbody tr")).ToHaveCount(2); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestVersionsStandInTheirRows looks at the versions of a first list and of one that was read again.
func TestVersionsStandInTheirRows(t *testing.T) {
	s := newStage(t)
	s.addProjects(3)
	p := s.as("lead")
	for range 2 {
		p.says(p.Locator("table.fleet tbody tr", rowOf("prod")).Locator("td.version"), "18.5.1")
		p.counts(p.Locator("td.version bdi"), 1)
		p.click(p.link("Refresh"))
		p.lacks(p.Locator(".fleet-state progress"))
	}
}

// TestASelectionSurvivesANewReading selects while the fleet is read again, which puts other agents
// before the selected one and changes its row: nothing but an id tells then which row it was.
func TestASelectionSurvivesANewReading(t *testing.T) {
	s := newStage(t)
	s.addProjects(3)
	p := s.as("lead")
	p.visit(s.url + "/?sort=agent")
	place := func() float64 {
		return number(p.eval(`() => [...document.querySelectorAll("table.fleet tbody th")].findIndex((name) => name.innerText === "idle")`))
	}
	before := place()
	gate := gitlabtest.NewGate()
	t.Cleanup(gate.Open)
	s.gitlab.Inject(gitlabtest.OpListProjects, gitlabtest.Hold(gate))
	p.click(p.link("Refresh"))
	p.sees(p.Locator(".fleet-state progress"))
	p.selects("idle")
	if all, err := p.Locator("#select-all").IsChecked(); err != nil || all {
		t.Errorf("with one agent selected, all are: %t (%v)", all, err)
	}
	for _, name := range []string{"a-first", "h-before-idle"} {
		s.gitlab.AddAgent(gitlabtest.Agent{Project: s.project, Name: name})
	}
	s.gitlab.AddToken(gitlabtest.Token{Agent: s.idle, Name: "first", CreatedBy: s.lead})
	gate.Open()
	p.sees(p.link("a-first"))
	if after := place(); before < 0 || after != before+2 {
		t.Fatalf("the agent moved from row %v to %v, so this shows nothing", before, after)
	}
	selected := p.eval(`() => [...document.querySelectorAll("input[name=agent]:checked")].map((box) => box.closest("tr").querySelector("th").innerText).join(" ")`)
	if selected != "idle" {
		t.Errorf("after the new reading %q is selected, want idle", selected)
	}
	p.sees(p.Locator("form[data-some] tr[data-selected]", rowOf("idle")))
	p.counts(p.Locator("tr[data-selected]"), 1)
	if err := p.Locator("#select-all").Check(); err != nil {
		t.Fatal(err)
	}
	if n := number(p.eval(`() => document.querySelectorAll("input[name=agent]:checked").length`)); n != 7 {
		t.Errorf("all on the page are %v agents, want 7", n)
	}
}

// TestTheListGrowsOlderWhileItIsLookedAt reads the age in both languages as the page writes it.
func TestTheListGrowsOlderWhileItIsLookedAt(t *testing.T) {
	s := newStage(t)
	for want, change := range map[string][]func(*playwright.BrowserNewContextOptions){`^\d+ seconds ago$`: nil, `^\d+ 秒钟前$`: {inChinese}} {
		p := s.as("lead", change...)
		if err := p.Clock().Install(); err != nil {
			t.Fatal(err)
		}
		p.visit(s.url + "/?wait=1")
		if err := p.Clock().FastForward(30_000); err != nil {
			t.Fatal(err)
		}
		if err := expectations().Locator(p.Locator("[data-age]")).ToHaveText(regexp.MustCompile(want)); err != nil {
			t.Error(err)
		}
	}
}
