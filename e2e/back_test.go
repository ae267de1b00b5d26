//go:build e2e

package e2e

import (
	"testing"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

// TestBackShowsNothingToWhoSignedOutWhateverTheBrowserKeeps goes back in a browser that makes pages anew
// from what it has stored, and that wipes nothing of it when somebody signs out.
func TestBackShowsNothingToWhoSignedOutWhateverTheBrowserKeeps(t *testing.T) {
	s := newStage(t)
	s.history = true
	p := s.as("lead")
	p.visit(s.agent(s.idle))
	p.visit(s.agents())
	if err := p.goesBack(); err != nil {
		t.Fatal(err)
	}
	p.sees(p.heading("idle"))
	if err := p.goesForward(); err != nil {
		t.Fatal(err)
	}
	p.sees(p.link("prod"))
	if err := p.Context().ClearCookies(); err != nil {
		t.Fatal(err)
	}
	if err := p.goesBack(); err != nil {
		t.Fatal(err)
	}
	p.lacks(p.heading("idle"))
}

// TestAPrivateKeyThatWasTypedIsNotKeptWithThePage says to the page what a browser says that keeps it.
func TestAPrivateKeyThatWasTypedIsNotKeptWithThePage(t *testing.T) {
	s := newStage(t)
	s.gitlab.Configure(func(settings *gitlabtest.Settings) { settings.ReceptiveAgents = true })
	p := s.as("lead")
	p.visit(s.agent(s.idle) + "/receiver")
	p.click(p.Locator("#form details summary"))
	p.fill(p.Locator("[name=client_key]"), "canary")
	p.eval(`() => { dispatchEvent(new PageTransitionEvent("pagehide", {persisted: true})); }`)
	if kept, err := p.Locator("[name=client_key]").InputValue(); err != nil || kept != "" {
		t.Errorf("the page keeps %q (%v)", kept, err)
	}
}
