//go:build e2e

package e2e

import (
	"os"
	"strings"
	"testing"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

// TestTheMainJob is what a Maintainer comes for, from signing in to deleting.
func TestTheMainJob(t *testing.T) {
	s := newStage(t).withHistory()
	p := s.asByHand("lead")

	p.click(p.link("Projects"))
	p.fill(p.GetByRole("searchbox"), "pay")
	p.click(p.link("Payments"))
	p.arrives(s.agents())
	p.says(p.Locator("tr", rowOf("prod")), "Connected")
	p.says(p.Locator("tr", rowOf("idle")), "Never connected")

	secret := p.registers(s, "staging")
	p.click(p.button("Show"))
	p.says(p.Locator("#secret"), secret)
	p.click(p.button("Hide"))
	p.lacks(p.GetByText(secret))
	p.click(p.Locator("#secret-copy"))
	p.says(p.Locator("#secret-status"), "Copied")
	if copied := p.eval("() => navigator.clipboard.readText()"); copied != secret {
		t.Errorf("the clipboard holds %q", copied)
	}
	p.stores()
	p.sees(p.heading("staging"))
	p.holdsNowhere(secret)
	p.leavesNoTrace(secret)

	second := p.creates(s, "second")
	p.stores()
	p.sees(p.Locator("tr", rowOf("second")))
	p.holdsNowhere(second)

	p.lacks(p.link("Create token"))
	p.revokes("second")
	p.says(p.Locator("#notice"), "second")
	p.lacks(p.Locator("tr", rowOf("second")))

	p.deletes("staging")
	p.says(p.Locator("main"), "helm uninstall staging")
	p.visit(s.agents())
	p.lacks(p.Locator("tr", rowOf("staging")))
}

// registers registers an agent with its first token and returns the secret that is revealed.
func (p *tab) registers(s *stage, name string) string {
	p.t.Helper()
	p.click(p.link("Register agent").First())
	p.sees(p.Locator("#dialog"))
	p.fill(p.GetByLabel("Name"), name)
	p.click(p.Locator("#dialog").GetByRole("button", inLocator("Register agent")))
	return p.seesReveal(s)
}

// creates creates a token from the agent's page and returns the secret that is revealed.
func (p *tab) creates(s *stage, name string) string {
	p.t.Helper()
	p.click(p.link("Create token").First())
	p.fill(p.GetByLabel("Name"), name)
	p.click(p.Locator("#dialog").GetByRole("button", inLocator("Create token")))
	return p.seesReveal(s)
}

// stores says that the token is stored, and waits for the page that follows.
func (p *tab) stores() {
	p.t.Helper()
	p.click(p.button("I have stored it"))
	p.lacks(p.Locator("[data-reveal]"))
	if strings.Contains(p.URL(), "tab=connect") { // the steps that install it; the tokens are beside
		p.click(p.Locator(".tabs a").First())
		p.sees(p.Locator(".tabs a[aria-current]").First())
	}
}

// seesReveal waits for the reveal and checks that it is masked.
func (p *tab) seesReveal(s *stage) string {
	p.t.Helper()
	p.sees(p.Locator("#reveal-dialog"))
	secret := s.newestSecret()
	if text, _ := p.Locator("#reveal-dialog").InnerText(); strings.Contains(text, secret) {
		p.t.Error("the secret is not masked")
	}
	return secret
}

// revokes revokes a token that was never used from the agent's page.
func (p *tab) revokes(name string) {
	p.t.Helper()
	p.click(p.Locator("tr", rowOf(name)).GetByRole("link", inLocator("Revoke")))
	p.click(p.Locator("#dialog").GetByRole("button", inLocator("Revoke token")))
}

// deletes deletes the agent whose page is open by typing its name.
func (p *tab) deletes(name string) {
	p.t.Helper()
	p.click(p.link("Delete agent"))
	p.fill(p.Locator("#dialog [name=confirm]"), name)
	p.click(p.Locator("#dialog").GetByRole("button", inLocator("Delete agent")))
	p.sees(p.GetByText("helm uninstall"))
}

// leavesNoTrace goes around the page on which a secret was shown, and looks for it.
func (p *tab) leavesNoTrace(secret string) {
	p.t.Helper()
	steps := map[string]func() error{
		"reloading":     func() error { _, err := p.Reload(); return err },
		"going back":    p.goesBack,
		"going forward": p.goesForward,
	}
	for _, step := range []string{"reloading", "going back", "going forward"} {
		if err := steps[step](); err != nil {
			p.t.Fatalf("%s: %v", step, err)
		}
		p.sees(p.Locator("main h1"))
		p.holdsNowhere(secret)
	}
}

// TestT3ADoubleClickCreatesOneToken presses Create twice while GitLab takes its time.
func TestT3ADoubleClickCreatesOneToken(t *testing.T) {
	s := newStage(t)
	p := s.as("lead")
	gate := gitlabtest.NewGate()
	s.gitlab.Inject(gitlabtest.OpCreateToken, gitlabtest.Hold(gate))
	p.visit(s.agent(s.idle))
	p.click(p.link("Create token").First())
	p.fill(p.GetByLabel("Name"), "first")
	p.eval(`() => { const button = document.querySelector("#dialog #form form button"); button.click(); button.click(); }`)
	if err := gate.Await(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	gate.Open()
	secret := p.seesReveal(s)
	p.click(p.button("Show"))
	p.says(p.Locator("#secret"), secret)
	if n := s.gitlab.Calls(gitlabtest.OpCreateToken); n != 1 {
		t.Errorf("GitLab saw %d creates, want 1", n)
	}
}

// TestAThirdTokenIsExplained opens the address of the form while there are two tokens.
func TestAThirdTokenIsExplained(t *testing.T) {
	s := newStage(t)
	s.gitlab.AddToken(gitlabtest.Token{Agent: s.prod, Name: "second", CreatedBy: s.lead})
	p := s.as("lead")
	p.visit(s.agent(s.prod) + "/tokens/new")
	p.says(p.Locator("#form"), "two active tokens")
	p.lacks(p.GetByLabel("Name"))
	p.click(p.Locator("#form a[href$='/revoke']").First())
	p.sees(p.button("Revoke token"))
}

// TestATokenInUseIsGuarded revokes the token that the cluster uses.
func TestATokenInUseIsGuarded(t *testing.T) {
	s := newStage(t)
	p := s.as("lead")
	p.expect("status of 422")
	p.visit(s.agent(s.prod))
	p.click(p.Locator("tr", rowOf("prod-token")).GetByRole("link", inLocator("Revoke")))
	confirm := p.Locator("#dialog [name=confirm]")
	p.fill(confirm, "prof")
	p.eval(`() => document.querySelector("#dialog #form form").requestSubmit()`)
	if n := s.gitlab.Calls(gitlabtest.OpRevokeToken); n != 0 {
		t.Fatalf("GitLab saw %d revocations, want none", n)
	}
	p.fill(confirm, "prod")
	p.click(p.Locator("#dialog").GetByRole("button", inLocator("Revoke token")))
	p.says(p.Locator("#notice"), "prod-token")
}

// TestADeveloperReads sees what a Developer sees.
func TestADeveloperReads(t *testing.T) {
	s := newStage(t)
	p := s.as("dev")
	p.visit(s.agents())
	p.lacks(p.link("Register agent"))
	p.says(p.Locator("main"), "Maintainer")
	p.click(p.link("prod"))
	p.sees(p.Locator("tr", rowOf("prod-token")))
	p.lacks(p.link("Create token"))
	p.lacks(p.link("Delete agent"))
	p.lacks(p.link("Revoke"))
}

// TestDenyIsNoDeadEnd says no on GitLab's page.
func TestDenyIsNoDeadEnd(t *testing.T) {
	s := newStage(t)
	p := s.open()
	p.expect("status of 403")
	p.visit(s.url)
	p.click(p.Locator("main a[href*='/auth/login']"))
	p.click(p.button("Deny"))
	p.sees(p.heading("You did not give access"))
	p.click(p.Locator("main a[href*='/auth/login']"))
	p.sees(p.button("Deny"))
}

// TestTheJobWithoutJavaScript is the main job in a browser that runs no script.
func TestTheJobWithoutJavaScript(t *testing.T) {
	s := newStage(t)
	p := s.asByHand("lead", withoutScript)
	p.expect("status of 422")
	p.fill(p.GetByRole("searchbox"), "prod")
	p.click(p.button("Search"))
	p.lacks(p.link("idle"))
	p.click(p.link("Projects"))
	p.fill(p.GetByRole("searchbox"), "pay")
	p.click(p.Locator("form[role=search] button, search button").First())
	p.click(p.link("Payments"))

	p.click(p.link("Register agent").First())
	p.fill(p.GetByLabel("Name"), "staging")
	p.click(p.button("Register agent"))
	secret := s.newestSecret()
	p.says(p.Locator("#secret"), secret)
	p.stores()
	p.sees(p.heading("staging"))

	p.click(p.link("Create token").First())
	p.fill(p.GetByLabel("Name"), "second")
	p.click(p.button("Create token"))
	p.says(p.Locator("#secret"), s.newestSecret())
	p.stores()

	p.click(p.Locator("tr", rowOf("second")).GetByRole("link", inLocator("Revoke")))
	p.click(p.button("Revoke token"))
	p.says(p.Locator("#notice"), "second")

	p.click(p.link("Delete agent"))
	p.fill(p.Locator("[name=confirm]"), "staging")
	p.click(p.button("Delete agent"))
	p.says(p.Locator("main"), "helm uninstall staging")

	p.visit(s.agent(s.prod))
	p.revokesGuarded("prod-token")
	p.sees(p.Locator("#notice"))
	p.exportsActivity("prod-token")

	p.click(p.Locator("header details.menu summary"))
	p.click(p.link("Keyboard shortcuts"))
	p.arrives(s.url + "/help/keys")
	p.click(p.Locator("header details.menu summary"))
	p.click(p.button("Sign out"))
	p.sees(p.Locator("main a[href*='/auth/login']"))
}

// revokesGuarded revokes a token in use on a page of its own, at the second try.
func (p *tab) revokesGuarded(name string) {
	p.t.Helper()
	p.click(p.Locator("tr", rowOf(name)).GetByRole("link", inLocator("Revoke")))
	p.fill(p.Locator("[name=confirm]"), "another")
	p.click(p.button("Revoke token"))
	p.says(p.Locator("#confirm-error"), "prod exactly")
	p.fill(p.Locator("[name=confirm]"), "prod")
	p.click(p.button("Revoke token"))
}

// exportsActivity finds what was done with a token, and takes it along as a file.
func (p *tab) exportsActivity(name string) {
	p.t.Helper()
	p.click(p.link("Activity").First())
	p.says(p.Locator("#activity"), name)
	download, err := p.ExpectDownload(func() error { return p.Locator("main a[href*='activity.csv']").Click() })
	if err != nil {
		p.t.Fatal(err)
	}
	path, err := download.Path()
	if err != nil {
		p.t.Fatal(err)
	}
	if content, err := os.ReadFile(path); err != nil || !strings.Contains(string(content), name) {
		p.t.Errorf("the export holds no %s (%v)", name, err)
	}
}
