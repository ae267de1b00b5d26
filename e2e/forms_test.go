//go:build e2e

package e2e

import (
	"testing"

	"github.com/playwright-community/playwright-go"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

// TestDialogsGiveTheFocusBack opens and closes a form by keyboard.
func TestDialogsGiveTheFocusBack(t *testing.T) {
	s := newStage(t)
	p := s.as("lead")
	p.visit(s.agents())
	p.readyForKeys()
	if err := p.link("Register agent").First().Focus(); err != nil {
		t.Fatal(err)
	}
	p.press("Enter")
	p.sees(p.Locator("#dialog"))
	p.focusComesTo("#dialog [name=name]")
	p.press("Escape")
	p.lacks(p.Locator("#dialog"))
	p.focusComesTo("main .head a[href$='/agents/new']")
}

// TestAProblemIsSaidBesideItsField sends what only GitLab can refuse.
func TestAProblemIsSaidBesideItsField(t *testing.T) {
	s := newStage(t)
	p := s.as("lead")
	p.expect("status of 422")
	p.visit(s.agents())
	p.click(p.link("Register agent").First())
	p.fill(p.GetByLabel("Name"), "prod")
	p.click(p.Locator("#dialog").GetByRole("button", inLocator("Register agent")))
	p.says(p.Locator("#dialog"), "already has an agent of that name")
	field := p.Locator("#dialog [name=name]")
	if value, _ := field.InputValue(); value != "prod" {
		t.Errorf("the name came back as %q", value)
	}
	if name := p.eval("() => document.activeElement.name"); name != "name" {
		t.Errorf("the focus is on %q, want the field", name)
	}
	p.fill(field, "prod-2")
	p.click(p.Locator("#dialog").GetByRole("button", inLocator("Register agent")))
	p.seesReveal(s)
}

// TestWhatNeverReachedThePortalLosesNothing cuts the network under an open form.
func TestWhatNeverReachedThePortalLosesNothing(t *testing.T) {
	s := newStage(t)
	p := s.as("lead")
	p.expect("net::ERR|Failed to fetch|status of 502")
	p.visit(s.agents())
	p.click(p.link("Register agent").First())
	p.fill(p.GetByLabel("Name"), "staging")
	send := p.Locator("#dialog").GetByRole("button", inLocator("Register agent"))

	p.answer(func(route playwright.Route) { _ = route.Abort() })
	p.click(send)
	p.sees(p.Locator("#form-notice .notice"))
	p.answer(func(route playwright.Route) {
		_ = route.Fulfill(playwright.RouteFulfillOptions{
			Status: new(502), ContentType: new("text/html"), Body: "<h1>A proxy's page</h1>",
		})
	})
	p.click(send)
	p.sees(p.Locator("#form-notice .notice"))
	p.lacks(p.GetByText("A proxy's page"))
	if value, _ := p.Locator("#dialog [name=name]").InputValue(); value != "staging" {
		t.Errorf("the name came back as %q", value)
	}
	if err := p.UnrouteAll(); err != nil {
		t.Fatal(err)
	}
	p.click(send)
	p.seesReveal(s)
}

// answer answers every POST of the page in place of the portal.
func (p *tab) answer(with func(playwright.Route)) {
	p.t.Helper()
	if err := p.UnrouteAll(); err != nil {
		p.t.Fatal(err)
	}
	err := p.Route("**/*", func(route playwright.Route) {
		if route.Request().Method() == "POST" {
			with(route)
			return
		}
		_ = route.Continue()
	})
	if err != nil {
		p.t.Fatal(err)
	}
}

// TestGitLabDownIsSaidInTheForm fails behind the portal.
func TestGitLabDownIsSaidInTheForm(t *testing.T) {
	s := newStage(t)
	p := s.as("lead")
	p.expect("status of 502")
	p.visit(s.agents())
	p.click(p.link("Register agent").First())
	p.fill(p.GetByLabel("Name"), "staging")
	s.gitlab.Inject("", gitlabtest.BadGateway())
	p.click(p.Locator("#dialog").GetByRole("button", inLocator("Register agent")))
	p.says(p.Locator("#form-notice"), "Nothing was changed")
	if value, _ := p.Locator("#dialog [name=name]").InputValue(); value != "staging" {
		t.Errorf("the name came back as %q", value)
	}
}

// TestSearchAsYouType finds projects without a button, keeps the address, and Back is exact.
func TestSearchAsYouType(t *testing.T) {
	s := newStage(t).withHistory()
	other := s.gitlab.AddProject(gitlabtest.Project{Path: "warehouse", Name: "Warehouse", Group: 1})
	s.gitlab.AddMember(other, s.lead, gitlabtest.Maintainer)
	p := s.as("lead")
	p.visit(s.url + "/projects")
	p.sees(p.link("Warehouse"))
	p.fill(p.GetByRole("searchbox"), "paym")
	p.lacks(p.link("Warehouse"))
	p.sees(p.link("Payments"))
	p.arrives(s.url + "/projects?q=paym")
	p.click(p.link("Payments"))
	p.arrives(s.agents())
	if err := p.goesBack(); err != nil {
		t.Fatal(err)
	}
	p.sees(p.link("Payments"))
	p.lacks(p.link("Warehouse"))
}
