//go:build e2e

package e2e

import (
	"testing"

	"github.com/playwright-community/playwright-go"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

// revealed opens the reveal of a first token of the agent without one.
func (s *stage) revealed(p *tab) string {
	s.t.Helper()
	p.visit(s.agent(s.idle))
	return p.creates(s, "first")
}

// TestT5TheRevealStaysUntilTheTokenIsStored tries everything that closes a dialog.
func TestT5TheRevealStaysUntilTheTokenIsStored(t *testing.T) {
	s := newStage(t)
	p := s.as("lead")
	secret := s.revealed(p)
	for range 4 {
		p.press("Escape")
	}
	if err := p.Mouse().Click(5, 5); err != nil {
		t.Fatal(err)
	}
	p.sees(p.Locator("#reveal-dialog"))
	p.click(p.button("Show"))
	p.says(p.Locator("#secret"), secret)
}

// TestTheRevealTakesAndKeepsTheFocus walks through it by keyboard alone.
func TestTheRevealTakesAndKeepsTheFocus(t *testing.T) {
	s := newStage(t)
	p := s.as("lead")
	s.revealed(p)
	for i := range 12 {
		inside := p.eval(`() => document.activeElement === document.body || document.querySelector("#reveal-dialog").contains(document.activeElement)`)
		if inside != true {
			t.Fatalf("after %d times Tab the focus left the dialog", i)
		}
		p.press("Tab")
	}
}

// TestT4ARefusedClipboardLeavesTheTokenSelected takes the clipboard away.
func TestT4ARefusedClipboardLeavesTheTokenSelected(t *testing.T) {
	s := newStage(t)
	p := s.as("lead")
	secret := s.revealed(p)
	p.eval(`() => Object.defineProperty(navigator, "clipboard", {value: {writeText: () => Promise.reject(new Error("refused"))}})`)
	p.click(p.Locator("#secret-copy"))
	p.says(p.Locator("#secret"), secret)
	if selected := p.eval("() => getSelection().toString().trim()"); selected != secret {
		t.Errorf("selected is %q, want the token", selected)
	}
}

// TestT2LeavingWipesTheToken goes away from an open reveal, past the warning, and comes back.
func TestT2LeavingWipesTheToken(t *testing.T) {
	s := newStage(t).withHistory()
	p := s.as("lead")
	warned := make(chan struct{}, 4)
	p.OnDialog(func(d playwright.Dialog) {
		if d.Type() == "beforeunload" {
			warned <- struct{}{}
		}
		_ = d.Accept()
	})
	secret := s.revealed(p)
	p.visit(s.agents())
	select {
	case <-warned:
	default:
		t.Error("leaving an open reveal gave no warning")
	}
	p.holdsNowhere(secret)
	if err := p.goesBack(); err != nil {
		t.Fatal(err)
	}
	p.sees(p.heading("idle"))
	p.holdsNowhere(secret)
	p.lacks(p.Locator("#reveal-dialog"))
}

// TestT2AHiddenPageHoldsNoToken says to the page what a browser says that keeps it in its
// back/forward cache. Chromium keeps no page that fetched a no-store answer; others may.
func TestT2AHiddenPageHoldsNoToken(t *testing.T) {
	s := newStage(t)
	p := s.as("lead")
	secret := s.revealed(p)
	p.click(p.button("Show"))
	p.says(p.Locator("#secret"), secret)
	p.eval(`() => { dispatchEvent(new PageTransitionEvent("pagehide", {persisted: true})); }`)
	p.holdsNowhere(secret)
	p.lacks(p.Locator("#reveal-dialog"))
}

// TestT5NothingTakesAnOpenRevealAway lets the session end and GitLab fail behind it.
func TestT5NothingTakesAnOpenRevealAway(t *testing.T) {
	s := newStage(t)
	p := s.as("lead")
	secret := s.revealed(p)
	cookies, err := p.Context().Cookies()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Context().ClearCookies(); err != nil {
		t.Fatal(err)
	}
	s.gitlab.Inject("", gitlabtest.BadGateway())
	p.expect("status of 401")
	p.click(p.button("I have stored it"))
	p.says(p.Locator("#stored-notice"), "signed in")
	p.click(p.button("Show"))
	p.says(p.Locator("#secret"), secret)

	kept := make([]playwright.OptionalCookie, 0, len(cookies))
	for _, c := range cookies {
		kept = append(kept, c.ToOptionalCookie())
	}
	if err := p.Context().AddCookies(kept); err != nil {
		t.Fatal(err)
	}
	s.gitlab.ClearFaults("")
	p.stores()
	p.sees(p.heading("idle"))
	p.holdsNowhere(secret)
}

// TestH1ALostAnswerNamesTheTokenToRevoke creates a token whose secret got lost on the way.
func TestH1ALostAnswerNamesTheTokenToRevoke(t *testing.T) {
	s := newStage(t)
	p := s.as("lead")
	s.gitlab.Inject(gitlabtest.OpCreateToken, gitlabtest.Cut().AfterCommit())
	p.expect("status of 502")
	p.visit(s.agent(s.idle))
	p.click(p.link("Create token").First())
	p.fill(p.GetByLabel("Name"), "lost")
	p.click(p.Locator("#dialog").GetByRole("button", inLocator("Create token")))
	p.says(p.Locator("#form"), "lost")
	p.click(p.Locator("#form a[href$='/revoke']").First())
	p.click(p.Locator("main").Or(p.Locator("#dialog")).GetByRole("button", inLocator("Revoke token")).First())
	p.says(p.Locator("#notice"), "lost")
	if n := s.gitlab.Calls(gitlabtest.OpCreateToken); n != 1 {
		t.Errorf("GitLab saw %d creates, want 1", n)
	}
}
