//go:build e2e && screenshots

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/playwright-community/playwright-go"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

// album keeps the pictures of one way to see the portal.
type album struct {
	folder string
	change []func(*playwright.BrowserNewContextOptions)
}

// albums are both languages, and colours that are forced by the system.
func albums() []*album {
	return []*album{
		{folder: "../screenshots/en"},
		{folder: "../screenshots/zh", change: []func(*playwright.BrowserNewContextOptions){inChinese}},
		{folder: "../screenshots/forced", change: []func(*playwright.BrowserNewContextOptions){inForcedColours}},
	}
}

// TestScreenshots photographs every page and state for somebody to look at: `make screenshots`.
// One part of it is had by -run, as in TestScreenshots/zh/rotations.
func TestScreenshots(t *testing.T) {
	parts := map[string]func(*album, *testing.T){
		"strangers": (*album).strangers, "lead": (*album).lead, "readers": (*album).readers,
		"rotations": (*album).rotations, "troubles": (*album).troubles, "read-only": (*album).readOnly,
		"alerts": (*album).alerts, "dependents": (*album).dependents, "clusters": (*album).clusters, "access": (*album).access, "history": (*album).history,
	}
	for _, a := range albums() {
		t.Run(filepath.Base(a.folder), func(t *testing.T) {
			if err := os.MkdirAll(a.folder, 0o755); err != nil {
				t.Fatal(err)
			}
			for name, take := range parts {
				t.Run(name, func(t *testing.T) { take(a, t) })
			}
		})
	}
}

// shows takes the page as it stands, by day and by night, on a screen and on a phone.
func (a *album) shows(p *tab, name string) {
	p.t.Helper()
	for _, theme := range []*playwright.ColorScheme{playwright.ColorSchemeLight, playwright.ColorSchemeDark} {
		if err := p.EmulateMedia(playwright.PageEmulateMediaOptions{ColorScheme: theme}); err != nil {
			p.t.Fatal(err)
		}
		for _, size := range []playwright.Size{{Width: 1440, Height: 900}, {Width: 320, Height: 640}} {
			if err := p.SetViewportSize(size.Width, size.Height); err != nil {
				p.t.Fatal(err)
			}
			file := fmt.Sprintf("%s-%d-%s.png", name, size.Width, string(*theme))
			_, err := p.Screenshot(playwright.PageScreenshotOptions{
				Path: new(filepath.Join(a.folder, file)), Animations: playwright.ScreenshotAnimationsDisabled,
				// A dialog covers what is on screen, not the page.
				FullPage: new(p.eval(`() => document.querySelector("dialog[open]") === null`) == true),
			})
			if err != nil {
				p.t.Fatalf("photographing %s: %v", name, err)
			}
		}
	}
	if err := p.SetViewportSize(1440, 900); err != nil {
		p.t.Fatal(err)
	}
}

// visits goes somewhere and shows it.
func (a *album) visits(p *tab, name, address string) {
	p.t.Helper()
	p.visit(address)
	a.shows(p, name)
}

// asks opens the dialog behind the first link whose address ends so, and shows it.
func (a *album) asks(p *tab, name, end string) {
	p.t.Helper()
	p.click(p.Locator("main a[href$='" + end + "']").First())
	p.sees(p.Locator("#dialog"))
	a.shows(p, name)
}

// sends presses the button of the open dialog.
func (p *tab) sends() {
	p.t.Helper()
	p.click(p.Locator("#dialog-body form:has(.form-buttons) button").First())
}

func (a *album) strangers(t *testing.T) {
	t.Helper()
	s := playDemo(t)
	p := s.open(a.change...)
	a.visits(p, "sign-in", s.url)
	p.expect("status of 4(0[034]|22)")
	a.visits(p, "denied", s.url+"/auth/callback?error=access_denied")
	a.visits(p, "not-found-signed-out", s.url+"/nothing")
	a.visits(p, "styleguide", s.url+"/styleguide")
}

// lead is a Maintainer's day.
func (a *album) lead(t *testing.T) {
	t.Helper()
	s := playDemo(t)
	p := s.as("mara", a.change...)
	p.expect("status of 4(0[034]|22)")
	a.visits(p, "fleet", s.url+"/?wait=1")
	a.visits(p, "fleet-filtered", s.url+"/?wait=1&attention=any&sort=age")
	a.visits(p, "fleet-none-found", s.url+"/?wait=1&q=nothing-like-this")
	p.visit(s.url + "/projects")
	p.click(p.Locator("header .menu summary"))
	a.shows(p, "menu")
	p.readyForKeys()
	p.press("/")
	p.says(p.Locator("#picker-list [aria-selected=true]"), "/")
	a.shows(p, "picker")
	a.visits(p, "projects", s.url+"/projects")
	a.visits(p, "projects-none-found", s.url+"/projects?q=nothing-like-this")
	a.visits(p, "help", s.url+"/help/status")
	a.visits(p, "sessions", s.url+"/sessions")
	a.visits(p, "not-found", s.url+"/nothing")
	a.agents(p)
	a.tokens(p)
	a.visits(p, "activity", s.url+"/activity")
	a.visits(p, "activity-none-found", s.url+"/activity?action=agent_delete&outcome=failed")
	a.visits(p, "activity-error", s.url+"/activity?project=nowhere")
	p.visit(s.url + "/go/shop/checkout/payments")
	p.click(p.link("sandbox"))
	a.shows(p, "agent-before-delete")
	a.asks(p, "delete", "/delete")
	p.sends()
	p.sees(p.Locator("#confirm-error:not(:empty)"))
	a.shows(p, "delete-error")
	p.fill(p.Locator("#dialog [name=confirm]"), "sandbox")
	p.sends()
	p.sees(p.GetByText("helm uninstall"))
	a.shows(p, "deleted")
}

func (a *album) agents(p *tab) {
	a.visits(p, "agents-empty", p.s.url+"/go/shop/checkout/vouchers")
	a.asks(p, "register", "/agents/new")
	p.fill(p.GetByRole("textbox").First(), "Not a Name")
	p.sends()
	p.sees(p.Locator(".field-error:not(:empty)"))
	a.shows(p, "register-error")
	a.visits(p, "agents", p.s.url+"/go/shop/checkout/payments")
	p.click(p.link("production-apac"))
	a.shows(p, "agent")
	agent := p.URL()
	a.visits(p, "agent-activity", agent+"?tab=activity")
	a.visits(p, "agent-connect", agent+"?tab=connect")
	a.visits(p, "agent-use", agent+"?tab=use")
	a.visits(p, "agent-pods", agent+"?tab=pods")
	a.visits(p, "rotation-demo", agent+"/rotation")
	p.visit(agent)
	p.click(p.Locator("main a[href$='/revoke']").First())
	p.sees(p.Locator("#dialog"))
	a.shows(p, "revoke-first")
	p.press("Escape")
	p.click(p.Locator("main a[href$='/revoke']").Last())
	p.sees(p.Locator("#dialog"))
	a.shows(p, "revoke-last")
	ids := strings.Split(agent, "/") // …/projects/{project}/agents/{agent}
	query := "?agent=" + ids[len(ids)-3] + "." + ids[len(ids)-1]
	a.visits(p, "rotations", p.s.url+"/rotations"+query)
	a.visits(p, "unused-none", p.s.url+"/unused-tokens"+query)
	p.visit(p.s.url + "/?attention=never_used")
	p.click(p.Locator("#select-all"))
	p.click(p.Locator("[formaction$='/unused-tokens']"))
	p.fill(p.Locator("#days"), "1")
	p.press("Enter")
	p.sees(p.Locator("main .token-list li").First())
	a.shows(p, "unused")
}

// access shows whom an agent lets in, and changes that.
func (a *album) access(t *testing.T) {
	t.Helper()
	p := playDemo(t).as("mara", a.change...)
	a.visits(p, "agents-unregistered", p.s.url+"/go/shop/storefront/web")
	p.click(p.link("production"))
	agent := p.URL()
	a.visits(p, "access", agent+"?tab=access")
	a.visits(p, "access-edit", agent+"/configuration")
	p.click(p.Locator("details.grant > summary"))
	p.fill(p.Locator("#grant_path"), "shop/storefront/search")
	// Photographs leave an empty attribute behind, which htmx would carry over to the new form.
	p.eval(`() => document.querySelectorAll("[style='']").forEach((one) => one.removeAttribute("style"))`)
	p.click(p.Locator("[name=add]"))
	p.sees(p.Locator(".diff [data-diff=added]").First())
	a.shows(p, "access-edit-grant")
	p.fill(p.Locator("#content"), "ci_access:\n  groups: [shop\n")
	p.sees(p.Locator("#config-check .notice-danger"))
	a.shows(p, "access-edit-broken")
	a.visits(p, "fleet-refused", p.s.url+"/?wait=1&attention=config_invalid")
}

// tokens creates the first token of an agent.
func (a *album) tokens(p *tab) {
	p.visit(p.s.url + "/go/shop/checkout/fraud")
	p.click(p.link("production"))
	a.shows(p, "agent-without-token")
	p.click(p.Locator("main a[href*='/tokens/new']").First())
	p.sees(p.Locator("#dialog"))
	a.shows(p, "create")
	p.fill(p.Locator("#dialog [name=name]"), "vault 2026")
	p.fill(p.Locator("#dialog [name=description]"), "In Vault under shop/fraud/agent, read by external-secrets")
	p.sends()
	p.sees(p.Locator("#reveal-dialog"))
	a.shows(p, "reveal")
	p.click(p.Locator("#secret-show"))
	a.shows(p, "reveal-shown")
	p.click(p.Locator("#reveal-dialog .install > summary"))
	a.shows(p, "reveal-install")
	p.click(p.Locator("#stored"))
	p.lacks(p.Locator("#reveal-dialog"))
	a.shows(p, "stored")
	p.visit(p.s.url + "/go/shop/checkout/vouchers")
	p.click(p.Locator("main a[href$='/agents/new']").First())
	p.fill(p.Locator("#dialog [name=name]"), "production")
	p.sends()
	p.sees(p.Locator("#reveal-dialog"))
	a.shows(p, "registered")
	p.click(p.Locator("#stored"))
	p.lacks(p.Locator("#reveal-dialog"))
}

// readers may look only, or not even that.
func (a *album) readers(t *testing.T) {
	t.Helper()
	s := playDemo(t)
	p := s.as("tomas", a.change...)
	a.visits(p, "reader-fleet", s.url+"/?wait=1")
	a.visits(p, "reader-agents", s.url+"/go/shop/checkout/payments")
	p.click(p.link("production-apac"))
	a.shows(p, "reader-agent")
	a.visits(p, "reader-agent-activity", p.URL()+"?tab=activity")
	a.visits(p, "reader-activity", s.url+"/activity")
	p = s.as("ines", a.change...)
	p.expect("status of 4(0[034]|22)")
	a.visits(p, "reporter-fleet", s.url+"/?wait=1")
	a.visits(p, "reporter-agents", s.url+"/go/shop/checkout/payments")
	p = s.as("root", a.change...)
	a.visits(p, "nobody-fleet", s.url+"/?wait=1")
	a.visits(p, "nobody-projects", s.url+"/projects")
}

// rotations goes through a rotation, step by step.
func (a *album) rotations(t *testing.T) {
	t.Helper()
	s := aRotationStage(t)
	p := s.as("lead", a.change...)
	a.visits(p, "rotation-1-ready", s.rotation())
	second := s.gitlab.AddToken(gitlabtest.Token{Agent: s.prod, Name: "second", CreatedBy: s.lead, CreatedAt: s.clock.Now()})
	a.visits(p, "rotation-2-waiting", s.rotation())
	s.gitlab.KeepInUse(second, true)
	a.visits(p, "rotation-3-watching", s.rotation())
	s.clock.Advance(20 * time.Minute)
	a.visits(p, "rotation-4-in-use", s.rotation())
	s.gitlab.KeepInUse(s.prodToken, false)
	s.clock.Advance(11 * time.Minute)
	p.visit(s.rotation())
	s.clock.Advance(11 * time.Minute)
	a.visits(p, "rotation-5-revoke", s.rotation())
	a.asks(p, "rotation-6-ask", "/revoke?from=rotation")
	s.gitlab.AddToken(gitlabtest.Token{Agent: s.idle, Name: "one", CreatedBy: s.lead, CreatedAt: s.clock.Now()})
	s.gitlab.AddToken(gitlabtest.Token{Agent: s.idle, Name: "two", CreatedBy: s.lead, CreatedAt: s.clock.Now()})
	a.visits(p, "rotation-choice", s.agent(s.idle)+"/rotation")
}

// troubles are what goes wrong.
func (a *album) troubles(t *testing.T) {
	t.Helper()
	s := aRotationStage(t).stage
	s.addProjects(12)
	gate := gitlabtest.NewGate()
	t.Cleanup(gate.Open)
	s.gitlab.Inject(gitlabtest.OpListProjects, gitlabtest.Hold(gate))
	p := s.signsIn("lead", a.change...)
	p.expect("status of (403|404|401|502)")
	p.sees(p.Locator("#fleet progress"))
	a.shows(p, "fleet-progress")
	gate.Open()
	s.gitlab.ClearFaults(gitlabtest.OpListProjects)
	p.lacks(p.Locator("#fleet progress"))
	for _, trouble := range s.fleetTroubles() {
		trouble.open(p)
		a.shows(p, strings.ReplaceAll(trouble.name, " ", "-"))
	}
	s.gitlab.Inject(gitlabtest.OpListProjects, gitlabtest.BadGateway())
	other := s.signsIn("dev", a.change...)
	other.sees(other.Locator("#scan-progress .notice"))
	a.shows(other, "fleet-that-could-not-be-read")
	s.gitlab.ClearFaults("")
	s.gitlab.Inject(gitlabtest.OpListAgents, gitlabtest.BadGateway())
	s.gitlab.Inject(gitlabtest.OpGraphQL, gitlabtest.BadGateway())
	a.visits(p, "error-502", s.agents())
	s.gitlab.ClearFaults("")
	s.gitlab.Inject(gitlabtest.OpGraphQL, gitlabtest.BadGateway())
	a.visits(p, "agent-partial", s.agent(s.prod))
	s.gitlab.ClearFaults(gitlabtest.OpGraphQL)
	s.gitlab.Inject(gitlabtest.OpCreateToken, gitlabtest.Cut().AfterCommit())
	p.visit(s.agent(s.idle))
	p.click(p.Locator("main a[href$='/tokens/new']").First())
	p.fill(p.Locator("#dialog [name=name]"), "lost")
	p.sends()
	p.sees(p.Locator("#form a[href$='/revoke']"))
	a.shows(p, "create-unknown")
	a.visits(p, "agent-unstored", s.agent(s.idle))
	s.gitlab.Inject(gitlabtest.OpListTokens, gitlabtest.Status(403))
	a.visits(p, "error-403", s.agent(s.prod)+"/tokens/new")
	s.gitlab.ClearFaults("")
	s.gitlab.RevokeOAuthTokens(s.lead)
	a.visits(p, "session-ended", s.agents())
}

// readOnly is a portal that may change nothing.
func (a *album) readOnly(t *testing.T) {
	t.Helper()
	s := &stage{t: t, gitlab: gitlabtest.Start(t), browser: browser}
	s.seed(time.Now())
	s.url = startPortalAt(t, s.gitlab, "", "GITLAB_SCOPE=read_api")
	p := s.as("lead", a.change...)
	a.visits(p, "read-only-fleet", s.url+"/?wait=1")
	a.visits(p, "read-only-agent", s.agent(s.prod))
}
