//go:build e2e

package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/playwright-community/playwright-go"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

// addAgents adds agents with a token each to the project: every tenth went down so many minutes ago as
// its number says, others need attention for many reasons.
func (s *stage) addAgents(n int) {
	now := time.Now()
	for i := range n {
		agent := s.gitlab.AddAgent(gitlabtest.Agent{Project: s.project, Name: fmt.Sprintf("production-%03d", i), CreatedBy: s.lead, CreatedAt: now.AddDate(0, -6, 0)})
		used := now
		if i%10 == 0 {
			used = now.Add(-time.Duration(10+i) * time.Minute)
		}
		s.gitlab.AddToken(gitlabtest.Token{Agent: agent, Name: "first", CreatedBy: s.lead, CreatedAt: now.AddDate(0, -5, 0), LastUsedAt: used})
		if i%3 == 0 {
			s.gitlab.AddToken(gitlabtest.Token{Agent: agent, Name: "second", CreatedBy: s.lead, CreatedAt: now.AddDate(0, -4, 0)})
		}
	}
}

func sized(width, height int) func(*playwright.BrowserNewContextOptions) {
	return func(o *playwright.BrowserNewContextOptions) {
		o.Viewport = &playwright.Size{Width: width, Height: height}
	}
}

// rowsSeen are the rows of the list that are whole on the screen, and aboveTable the pixels above it.
const (
	rowsSeen   = `() => [...document.querySelectorAll("table.fleet tbody tr")].filter((row) => row.getBoundingClientRect().bottom <= innerHeight).length`
	aboveTable = `() => document.querySelector("table.fleet").getBoundingClientRect().top + scrollY`
)

// TestTheListIsWhatTheScreenIsFor counts what is seen without scrolling.
func TestTheListIsWhatTheScreenIsFor(t *testing.T) {
	s := newStage(t)
	s.addAgents(60)
	for _, tt := range []struct{ width, height, rows int }{{1440, 900, 16}, {1280, 720, 10}} {
		p := s.as("lead", sized(tt.width, tt.height))
		p.sees(p.Locator("table.fleet"))
		if rows := number(p.eval(rowsSeen)); rows < float64(tt.rows) {
			t.Errorf("at %dx%d %v rows are seen, want %d", tt.width, tt.height, rows, tt.rows)
		}
		if above := number(p.eval(aboveTable)); above > 260 {
			t.Errorf("at %dx%d the list begins after %v pixels, want at most 260", tt.width, tt.height, above)
		}
		p.eval(`() => scrollTo(0, 900)`)
		if top := number(p.eval(`() => document.querySelector("table.fleet thead th").getBoundingClientRect().top`)); top != 0 {
			t.Errorf("at %dx%d the table's head scrolls away to %v", tt.width, tt.height, top)
		}
	}
	wide := s.as("lead", sized(1920, 1080))
	if width := number(wide.eval(`() => document.querySelector("table.fleet").getBoundingClientRect().width`)); width < 1500 {
		t.Errorf("on a large screen the list is %v pixels wide", width)
	}
}

// TestNamesKeepTheirLine has a name as long as GitLab allows, where there is room for it, and looks for
// words that break where there is little.
func TestNamesKeepTheirLine(t *testing.T) {
	s := newStage(t)
	name := strings.Repeat("long-", 12) + "end"
	long := s.gitlab.AddAgent(gitlabtest.Agent{Project: s.project, Name: name, CreatedBy: s.lead})
	s.gitlab.AddToken(gitlabtest.Token{Agent: long, Name: "t", CreatedBy: s.lead, Live: true})
	const lines = `(name) => [...document.querySelectorAll("table.fleet .row-link")].find((a) => a.innerText === name).getClientRects().length`
	p := s.as("lead")
	if n := number(p.eval(lines, name)); n != 1 {
		t.Errorf("the name takes %v lines of a screen of 1440 pixels", n)
	}
	small := s.as("lead", sized(1024, 768))
	broken := small.eval(`() => [...document.querySelectorAll("table.fleet :is(.badge, time, .actions a, thead a)")]
		.filter((e) => e.checkVisibility() && e.getBoundingClientRect().height > 40).map((e) => e.innerText).join("; ")`)
	if broken != "" {
		t.Errorf("at 1024 pixels these take two lines: %v", broken)
	}
	if beyond := number(small.eval(`() => document.documentElement.scrollWidth - innerWidth`)); beyond > 0 {
		t.Errorf("at 1024 pixels the page is %v pixels too wide", beyond)
	}
}

// TestASelectionIsKept selects a range with Shift, on a second page and by a search, and then all.
func TestASelectionIsKept(t *testing.T) {
	s := newStage(t)
	s.addAgents(60)
	p := s.as("lead")
	p.visit(s.url + "/?wait=1&sort=agent")
	box := func(agent string) playwright.Locator {
		return p.Locator("table.fleet tr", rowOf(agent)).Locator("input[name=agent]")
	}
	if disabled, err := p.button("Rotate tokens").IsDisabled(); err != nil || !disabled {
		t.Errorf("with nothing selected, something can be done: %v", err)
	}
	p.click(box("production-002"))
	if err := box("production-006").Click(playwright.LocatorClickOptions{Modifiers: []playwright.KeyboardModifier{*playwright.KeyboardModifierShift}}); err != nil {
		t.Fatal(err)
	}
	p.says(p.Locator("#selected"), "5 selected")
	p.click(p.Locator("a[rel=next]"))
	p.says(p.Locator("#selected"), "5 selected")
	p.click(box("production-055"))
	p.fill(p.GetByRole("searchbox"), "production-01")
	p.lacks(p.link("production-055"))
	p.says(p.Locator("#selected"), "6 selected")
	p.click(p.Locator("#select-all"))
	p.says(p.Locator("#selected"), "16 selected")
	p.fill(p.GetByRole("searchbox"), "")
	p.sees(p.link("production-002"))
	p.click(p.button("Rotate tokens"))
	p.sees(p.heading("Rotations"))
	p.counts(p.Locator("main tbody tr"), 16)
	p.visit(s.url + "/?sort=agent")
	p.says(p.Locator("#selected"), "16 selected")
	p.click(p.button("Select all 62 that match"))
	p.says(p.Locator("#selected"), "62 selected")
	p.click(p.button("Rotate tokens"))
	p.counts(p.Locator("main tbody tr"), 50)
	p.visit(s.url + "/?sort=agent")
	p.says(p.Locator("#selected"), "12 selected")
	p.click(p.button("Clear"))
	p.says(p.Locator("#selected"), "All on this page")
	p.visit(s.url + "/")
	p.counts(p.Locator("input[name=agent]:checked"), 0)
}

// TestTheListIsWalkedByKeys goes down and up, selects and opens.
func TestTheListIsWalkedByKeys(t *testing.T) {
	s := newStage(t)
	s.addProjects(3)
	p := s.as("lead")
	p.visit(s.url + "/?sort=agent")
	p.readyForKeys()
	for _, key := range []string{"j", "j", "k", "j", "x"} {
		p.press(key)
	}
	p.says(p.Locator("#selected"), "1 selected")
	p.sees(p.Locator("tr[data-selected]", rowOf("cluster-01")))
	p.press("Enter")
	p.sees(p.heading("cluster-01"))
	p.readyForKeys()
	p.press("Control+k")
	p.sees(p.Locator("#picker-input"))
	if err := p.Keyboard().Type("prod"); err != nil {
		t.Fatal(err)
	}
	p.says(p.Locator("#picker-list [aria-selected=true]"), "prod")
	p.says(p.Locator("#picker-list [aria-selected=true]"), "Connected")
	p.press("Enter")
	p.arrives(s.agent(s.prod))
}

// TestTheListLooksForNewsByItself lets a minute go by: nothing is taken from who uses the list.
func TestTheListLooksForNewsByItself(t *testing.T) {
	s := newStage(t)
	s.addProjects(1)
	p := s.as("lead")
	if err := p.Clock().Install(); err != nil {
		t.Fatal(err)
	}
	p.visit(s.url + "/?wait=1")
	p.selects("prod")
	if err := p.link("idle").Focus(); err != nil {
		t.Fatal(err)
	}
	s.gitlab.AddAgent(gitlabtest.Agent{Project: s.project, Name: "newcomer", CreatedBy: s.lead})
	s.stales(p)
	if err := p.Clock().FastForward(61_000); err != nil {
		t.Fatal(err)
	}
	p.sees(p.link("newcomer"))
	p.says(p.Locator("#fleet-count"), "4")
	p.says(p.Locator("#selected"), "1 selected")
	p.sees(p.Locator("tr[data-selected]", rowOf("prod")))
	if at := p.eval(`() => document.activeElement.innerText`); at != "idle" {
		t.Errorf("the focus is now on %v", at)
	}
}

// TestAHiddenTabDoesNotLook hides the tab for an hour.
func TestAHiddenTabDoesNotLook(t *testing.T) {
	s := newStage(t)
	p := s.as("lead")
	if err := p.Clock().Install(); err != nil {
		t.Fatal(err)
	}
	p.visit(s.url + "/?wait=1")
	hide := func(hidden bool) {
		p.eval(`(hidden) => { Object.defineProperty(document, "hidden", {value: hidden, configurable: true}); document.dispatchEvent(new Event("visibilitychange")); }`, hidden)
	}
	p.eval(`() => { window.looks = 0; document.addEventListener("look", () => { window.looks += 1; }, true); }`)
	hide(true)
	if err := p.Clock().FastForward(3_600_000); err != nil {
		t.Fatal(err)
	}
	if looks := number(p.eval(`() => window.looks`)); looks != 0 {
		t.Errorf("a tab that nobody sees looked %v times", looks)
	}
	hide(false)
	if err := p.Clock().RunFor(2_000); err != nil {
		t.Fatal(err)
	}
	if looks := number(p.eval(`() => window.looks`)); looks != 1 {
		t.Errorf("who comes back finds a list that looked %v times, want once", looks)
	}
}

// stales makes the portal read the fleet again when it is asked for the next time.
func (s *stage) stales(p *tab) {
	s.t.Helper()
	p.eval(`async () => { await fetch("/?refresh=1", {redirect: "manual"}); }`)
}

// TestChartsAreRemembered switches them on, and reads a value by the keys.
func TestChartsAreRemembered(t *testing.T) {
	s := newStage(t)
	s.addAgents(12)
	p := s.as("lead")
	p.lacks(p.Locator(".pictures"))
	p.click(p.button("Charts"))
	p.sees(p.Locator(".pictures"))
	p.visit(s.url + "/?wait=1")
	p.sees(p.Locator(".pictures"))
	if err := p.Locator(".group-bar .mark").First().Focus(); err != nil {
		t.Fatal(err)
	}
	p.says(p.Locator("figure .reading").First(), "shop, Not connected: 2")
	starts := p.eval(`() => new Set([...document.querySelectorAll(".group-bar .seg-not_connected")].map((bar) => bar.getAttribute("x"))).size`)
	if number(starts) != 1 {
		t.Errorf("what is not connected begins at %v lines, want one", starts)
	}
	p.visit(s.url + "/?wait=1&attention=any")
	p.lacks(p.Locator(".pictures"))
	p.click(p.Locator(".overview > summary"))
	p.sees(p.Locator(".pictures"))
	p.click(p.button("Charts"))
	p.lacks(p.Locator(".overview"))
}

// TestPaperGetsEveryRowWithItsTime prints a list of two pages.
func TestPaperGetsEveryRowWithItsTime(t *testing.T) {
	s := newStage(t)
	s.addAgents(60)
	p := s.as("lead")
	p.eval(`() => { window.printed = 0; window.print = () => { window.printed += 1; }; }`)
	p.click(p.Locator("#fleet-tools summary"))
	p.click(p.link("Print all that match"))
	p.counts(p.Locator("table.fleet tbody tr"), 62)
	if _, err := p.WaitForFunction(`() => window.printed === 1`, nil); err != nil {
		t.Fatal(err)
	}
	if err := p.EmulateMedia(playwright.PageEmulateMediaOptions{Media: playwright.MediaPrint}); err != nil {
		t.Fatal(err)
	}
	written := p.eval(`() => getComputedStyle(document.querySelector("table.fleet tbody time"), "::after").content`)
	if text, ok := written.(string); !ok || !strings.Contains(text, time.Now().Format("2006-")) {
		t.Errorf("paper says %v", written)
	}
	p.says(p.Locator("#zone"), "Europe/Berlin")
}
