//go:build e2e

package e2e

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/playwright-community/playwright-go"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

// state is something a person can have on the screen.
type state struct {
	name string
	open func(p *tab)
}

// seedStates adds what the pages of a small organisation do not show: rotations half done, tokens
// that nobody used, a project out of reach.
func (s *stage) seedStates() (waiting, both int64) {
	now := time.Now()
	waiting = s.gitlab.AddAgent(gitlabtest.Agent{Project: s.project, Name: "waiting", CreatedBy: s.lead, CreatedAt: now.AddDate(0, -5, 0)})
	s.gitlab.AddToken(gitlabtest.Token{Agent: waiting, Name: "old", CreatedBy: s.lead, CreatedAt: now.AddDate(0, -5, 0), Live: true})
	s.gitlab.AddToken(gitlabtest.Token{Agent: waiting, Name: "new", CreatedBy: s.lead, CreatedAt: now.AddDate(0, -2, 0), Description: new("for the cluster in the second hall")})
	both = s.gitlab.AddAgent(gitlabtest.Agent{Project: s.project, Name: "both", CreatedBy: s.dev, CreatedAt: now.AddDate(-1, 0, 0)})
	s.gitlab.AddToken(gitlabtest.Token{Agent: both, Name: "old", CreatedBy: s.lead, CreatedAt: now.AddDate(-1, 0, 0), LastUsedAt: now.Add(-2 * time.Hour)})
	s.gitlab.AddToken(gitlabtest.Token{Agent: both, Name: "new", CreatedBy: s.lead, CreatedAt: now.Add(-3 * time.Hour), Live: true})
	s.seedCluster()
	return waiting, both
}

// states are all pages, and what opens on them, of a Maintainer from the first visit to the end of
// the session, in that order.
func (s *rotationStage) states() []state {
	waiting, both := s.seedStates()
	gate := gitlabtest.NewGate()
	s.t.Cleanup(gate.Open)
	all := []state{
		{"welcome", func(p *tab) { p.visit(s.url) }},
		{"fleet under way", func(p *tab) {
			s.gitlab.Inject(gitlabtest.OpListProjects, gitlabtest.Hold(gate))
			p.signsIn("lead")
			p.sees(p.Locator("#fleet progress"))
		}},
		{"fleet that came in", func(p *tab) { gate.Open(); p.sees(p.Locator("table.fleet")); p.lacks(p.Locator("#fleet progress")) }},
	}
	pages := s.pages()
	for i, agent := range []int64{waiting, both} {
		pages[fmt.Sprintf("rotation half done %d", i)] = s.agent(agent) + "/rotation"
		pages[fmt.Sprintf("agent with two tokens %d", i)] = s.agent(agent)
	}
	pages["rotations of all"] = s.url + fmt.Sprintf("/rotations?agent=%[1]d.%[2]d&agent=%[1]d.%[3]d&agent=%[1]d.%[4]d", s.project, s.prod, waiting, both)
	pages["unused of all"] = s.url + fmt.Sprintf("/unused-tokens?agent=%d.%d&days=7", s.project, waiting)
	pages["revocation page"] = s.agent(s.prod) + fmt.Sprintf("/tokens/%d/revoke", s.gitlab.Tokens(s.prod)[0].ID)
	for _, name := range slices.Sorted(maps.Keys(pages)) {
		all = append(all, state{name, func(p *tab) { p.visit(pages[name]) }})
	}
	all = append(all, s.clusterStates()...)
	all = append(all, s.agentStates()...)
	all = append(all, s.fleetTroubles()...)
	// A GitLab that hung is asked by one call first, and is well for the others once that was answered.
	all = append(all, state{"fleet that came back", func(p *tab) { p.readsAgain(); p.sees(p.link("prod")) }})
	all = append(all, s.openStates()...)
	return append(all, s.brokenStates()...)
}

// openStates are what opens on a page.
func (s *stage) openStates() []state {
	dialog := func(page, link string) func(*tab) {
		return func(p *tab) {
			p.visit(page)
			p.click(p.Locator("main a[hx-get$='" + link + "']").First())
			p.sees(p.Locator("#dialog"))
		}
	}
	return []state{
		{"menu", func(p *tab) { p.visit(s.agents()); p.click(p.Locator("header details.menu summary")) }},
		{"keys", func(p *tab) { p.visit(s.agents()); p.readyForKeys(); p.press("?"); p.sees(p.Locator("#dialog .keys")) }},
		{"picker", func(p *tab) {
			p.visit(s.agents())
			p.readyForKeys()
			p.press("/")
			p.sees(p.Locator("#picker-list [role=option]").First())
		}},
		{"fleet with a selection", func(p *tab) { p.visit(s.url + "/?wait=1"); p.click(p.Locator("input[name=agent]").First()) }},
		{"menus of the fleet", func(p *tab) { p.click(p.Locator("#select-none")); p.click(p.Locator("#fleet-tools summary")) }},
		{"fleet with charts", func(p *tab) {
			p.visit(s.url + "/?wait=1")
			p.click(p.Locator(".charts-switch"))
			p.sees(p.Locator(".pictures"))
		}},
		{"palette with agents", func(p *tab) {
			p.readyForKeys()
			p.press("Control+k")
			p.fill(p.Locator("#picker-input"), "prod")
			p.sees(p.Locator("#picker-list .badge").First())
			p.press("Escape")
			p.click(p.Locator(".charts-switch"))
		}},
		{"register dialog", dialog(s.agents(), "/agents/new")},
		{"register dialog with an error", func(p *tab) {
			p.fill(p.Locator("#dialog [name=name]"), "prod")
			p.click(p.Locator("#dialog .button-primary"))
			p.sees(p.Locator("#dialog [aria-invalid=true]"))
		}},
		{"create dialog", dialog(s.agent(s.idle), "/tokens/new")},
		{"revoke dialog", dialog(s.agent(s.prod), "/revoke")},
		{"delete dialog", dialog(s.agent(s.prod), "/delete")},
		{"reveal", func(p *tab) {
			dialog(s.agent(s.idle), "/tokens/new")(p)
			p.fill(p.Locator("#dialog [name=name]"), "first")
			p.click(p.Locator("#dialog .button-primary"))
			p.sees(p.Locator("#reveal-dialog"))
		}},
		{"result of an action", func(p *tab) {
			p.click(p.Locator("#stored-form button"))
			p.lacks(p.Locator("#reveal-dialog"))
			dialog(s.agent(s.idle), "/revoke")(p)
			p.click(p.Locator("#dialog .button-danger"))
			p.sees(p.Locator("#notice .notice"))
		}},
		{"unstored", func(p *tab) {
			s.gitlab.AddToken(gitlabtest.Token{Agent: s.idle, Name: "lost", CreatedBy: s.lead, CreatedAt: time.Now().AddDate(0, 0, -3)})
			p.visit(s.agent(s.idle))
		}},
	}
}

// brokenStates are what a person sees when something is missing, and end the session.
func (s *stage) brokenStates() []state {
	return []state{
		{"partial data", func(p *tab) {
			s.gitlab.Inject(gitlabtest.OpGraphQL, gitlabtest.BadGateway())
			p.visit(s.agents())
			s.gitlab.ClearFaults(gitlabtest.OpGraphQL)
		}},
		{"GitLab down", func(p *tab) {
			s.gitlab.Inject(gitlabtest.OpGetProject, gitlabtest.BadGateway())
			p.visit(s.agents())
			s.gitlab.ClearFaults(gitlabtest.OpGetProject)
		}},
		{"refused at GitLab", func(p *tab) { p.visit(s.url + "/auth/callback?error=access_denied&state=x") }},
		{"ended session", func(p *tab) { s.gitlab.RevokeOAuthTokens(s.lead); p.visit(s.agent(s.prod)) }},
		{"reader's agent", func(p *tab) { _ = p.Context().ClearCookies(); p.signsIn("dev"); p.visit(s.agent(s.prod)) }},
		{"reader's refusal", func(p *tab) { p.visit(s.agents() + "/new") }},
	}
}

// sweep opens every state once in one context.
func (s *rotationStage) sweep(check func(p *tab, what string), change ...func(*playwright.BrowserNewContextOptions)) {
	p := s.open(change...)
	p.expect("status of 4..|status of 50[23]")
	for _, state := range s.states() {
		s.clock.Advance(10 * time.Second) // what is held back after a failure is tried again
		state.open(p)
		check(p, state.name)
	}
}

// languages are the contexts in which every state is looked at.
func languages(change ...func(*playwright.BrowserNewContextOptions)) map[string][]func(*playwright.BrowserNewContextOptions) {
	return map[string][]func(*playwright.BrowserNewContextOptions){"English": change, "Chinese": append(slices.Clone(change), inChinese)}
}

// TestAxeFindsNothing runs axe-core over every state in both languages and both themes.
func TestAxeFindsNothing(t *testing.T) {
	t.Parallel()
	for name, change := range languages(withAxe) {
		t.Run(name, func(t *testing.T) {
			newRotationStage(t).sweep(func(p *tab, what string) { p.passesAxe(what) }, change...)
		})
	}
}

// axe is the source of axe-core.
var axe = sync.OnceValues(func() (string, error) {
	source, err := os.ReadFile("../node_modules/axe-core/axe.min.js")
	return string(source), err
})

// withAxe lets the tool into the page, which the content security policy keeps out.
func withAxe(o *playwright.BrowserNewContextOptions) { o.BypassCSP = new(true) }

// The options of axe-core: by day with the rule for targets of 24 pixels, which is off by default; by
// night, when all that changes is colours, with the rules for these.
const (
	allRules    = `{rules: {"target-size": {enabled: true}}, resultTypes: ["violations"]}`
	colourRules = `{runOnly: {type: "rule", values: ["color-contrast", "link-in-text-block"]}, resultTypes: ["violations"]}`
)

// passesAxe runs axe-core by day and by night, and leaves the page in the light.
func (p *tab) passesAxe(what string) {
	p.t.Helper()
	if p.eval(`() => window.axe === undefined`) == true {
		source, err := axe()
		if err != nil {
			p.t.Fatal(err)
		}
		p.eval(source + "; 0")
	}
	p.passesRules(what+" by day", allRules)
	p.emulates(playwright.ColorSchemeDark)
	p.passesRules(what+" by night", colourRules)
	p.emulates(playwright.ColorSchemeLight)
}

func (p *tab) passesRules(what, options string) {
	p.t.Helper()
	found := p.eval(`async () => (await axe.run(` + options + `)).violations
		.map((v) => v.id + ": " + v.nodes.map((n) => n.target.join(" ")).join(", ")).join("\n")`)
	if found != "" {
		p.t.Errorf("%s: axe finds\n%v", what, found)
	}
}

// emulates changes the system's theme under the open page.
func (p *tab) emulates(theme *playwright.ColorScheme) {
	p.t.Helper()
	if err := p.EmulateMedia(playwright.PageEmulateMediaOptions{ColorScheme: theme}); err != nil {
		p.t.Fatal(err)
	}
}

// phone is the narrowest screen; laptop is what a page zoomed to 200 % has of a window of 1440 pixels.
var phone, laptop = playwright.Size{Width: 320, Height: 640}, playwright.Size{Width: 720, Height: 450}

// TestNothingIsCutOff looks for sideways scrolling on a phone, and at 200 % on a laptop.
func TestNothingIsCutOff(t *testing.T) {
	t.Parallel()
	for name, change := range languages(onAPhone, sharp) {
		t.Run(name, func(t *testing.T) {
			newRotationStage(t).sweep(func(p *tab, what string) {
				p.fits(what+" on a phone", phone)
				p.fits(what+" at 200 %", laptop)
				p.resizes(phone)
			}, change...)
		})
	}
}

// sharp has two dots for a pixel, as phones and enlarged pages do.
func sharp(o *playwright.BrowserNewContextOptions) { o.DeviceScaleFactor = new(2.0) }

func (p *tab) resizes(size playwright.Size) {
	p.t.Helper()
	if err := p.SetViewportSize(size.Width, size.Height); err != nil {
		p.t.Fatal(err)
	}
}

// fits fails the test if anything scrolls sideways in a window of the size.
func (p *tab) fits(what string, size playwright.Size) {
	p.t.Helper()
	p.resizes(size)
	out := p.eval(`() => [document.documentElement, ...document.querySelectorAll("dialog[open], .menu-panel")]
		.filter((e) => e.checkVisibility() && e.scrollWidth > e.clientWidth + 1).map((e) => e.localName + " " + e.scrollWidth + " of " + e.clientWidth).join(", ")`)
	if out != "" {
		p.t.Errorf("%s scrolls sideways: %v", what, out)
	}
}
