//go:build e2e

package e2e

import (
	"strings"
	"testing"
	"time"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

// hides makes the page believe that its tab is behind another.
const hides = `() => {
  Object.defineProperty(document, "hidden", { value: true, configurable: true });
  Object.defineProperty(document, "visibilityState", { value: "hidden", configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}`

// waits waits until a condition in the page holds. WaitForFunction evaluates a string, which the
// policy forbids.
func (p *tab) waits(condition string) {
	p.t.Helper()
	holds, _ := p.eval(`async () => {
		const holds = ` + condition + `;
		for (let i = 0; i < 100 && !holds(); i++) await new Promise((go) => setTimeout(go, 100));
		return holds();
	}`).(bool)
	if !holds {
		p.t.Fatalf("on %s, titled %v, it does not hold that %s", p.URL(), p.eval("() => document.title"), condition)
	}
}

// TestAHiddenTabSaysWhenARotationIsReady waits in the background: its title counts the minutes, it looks
// exactly when the time has come, and notifies whoever asked for it.
func TestAHiddenTabSaysWhenARotationIsReady(t *testing.T) {
	s := newRotationStage(t)
	second := s.gitlab.AddToken(gitlabtest.Token{Agent: s.prod, Name: "second", CreatedBy: s.lead, CreatedAt: s.clock.Now()})
	s.gitlab.KeepInUse(s.prodToken, false)
	s.gitlab.KeepInUse(second, true)
	p := s.as("lead")
	if err := p.Context().GrantPermissions([]string{"notifications"}); err != nil {
		t.Fatal(err)
	}
	p.visit(s.rotation())
	s.clock.Advance(9*time.Minute + 58*time.Second)
	p.eval(`() => { window.told = []; window.Notification = class { constructor(title) { told.push(title); } static requestPermission() { return Promise.resolve("granted"); } }; }`)
	p.visit(s.rotation())
	p.eval(`() => { window.told = []; window.Notification = class { constructor(title) { told.push(title); } static requestPermission() { return Promise.resolve("granted"); } }; }`)
	p.waits(`() => document.title.startsWith("1 min · ")`)
	p.click(p.button("Notify me"))
	p.says(p.Locator("#notify-status"), "You will be notified")
	p.eval(hides)
	s.clock.Advance(5 * time.Second)
	p.waits(`() => document.title.startsWith("Ready · ")`)
	p.waits(`() => told.length === 1`)
	if told := p.eval(`() => told[0]`); !strings.Contains(told.(string), "The old token can be revoked") {
		t.Errorf("the notification says %q", told)
	}
}

// TestAPageSeesItsAgentConnect installs an agent while its page waits.
func TestAPageSeesItsAgentConnect(t *testing.T) {
	s := newRotationStage(t)
	p := s.as("lead", withAxe)
	p.visit(s.agents())
	p.registers(s.stage, "staging")
	p.click(p.button("I have stored it"))
	p.says(p.Locator(".trouble .notice-title"), "Waiting for staging to connect")
	p.sees(p.Locator(".variants"))
	p.passesAxe("an agent that is awaited")
	s.gitlab.UseToken(s.newestSecret())
	p.eval(comesBack)
	p.says(p.Locator(".trouble .notice-title"), "Connected, 18.5.1")
	p.says(p.Locator("#announce"), "Connected, 18.5.1")
	p.sees(p.Locator(".variants"))
	p.lacks(p.Locator("[data-live]"))
}

// TestBackIsAtOnceUnlessSomebodySignedOut goes back to a page, and again after signing out.
func TestBackIsAtOnceUnlessSomebodySignedOut(t *testing.T) {
	s := newStage(t).withHistory()
	p := s.as("lead")
	p.visit(s.agent(s.idle))
	p.eval(`() => { window.kept = true; }`)
	p.click(p.Locator(".tabs a").Nth(1))
	p.sees(p.Locator(".tabs a[aria-current]").Nth(0))
	if err := p.goesBack(); err != nil {
		t.Fatal(err)
	}
	p.waits(`() => window.kept === true`)
	p.click(p.Locator("header details.menu summary"))
	p.click(p.button("Sign out"))
	p.sees(p.Locator("main a[href*='/auth/login']"))
	if err := p.goesBack(); err != nil {
		t.Fatal(err)
	}
	p.lacks(p.heading("idle"))
}
