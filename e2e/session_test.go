//go:build e2e

package e2e

import (
	"testing"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

// TestO8AnEndedSessionIsTakenUpWhereItWas takes GitLab's access away while somebody works.
func TestO8AnEndedSessionIsTakenUpWhereItWas(t *testing.T) {
	s := newStage(t)
	p := s.as("lead")
	place := s.agent(s.prod) + "?tab=connect"
	p.visit(place)
	s.gitlab.RevokeOAuthTokens(s.lead)
	p.expect("status of 401")
	p.visit(place)
	p.sees(p.heading("Your GitLab sign-in has ended"))
	p.click(p.Locator("main").GetByRole("link", inLocator("Sign in with GitLab")))
	p.authorizes("lead")
	p.arrives(place)
	p.sees(p.heading("prod"))
}

// TestO8ADialogOfAnEndedSessionSaysSoOnItsPage opens a form after the session has ended.
func TestO8ADialogOfAnEndedSessionSaysSoOnItsPage(t *testing.T) {
	s := newStage(t)
	p := s.as("lead")
	p.visit(s.agent(s.idle))
	p.lacks(p.Locator(".dependents[hx-get]")) // what the page asks for by itself has come
	s.gitlab.RevokeOAuthTokens(s.lead)
	p.expect("status of 401")
	p.click(p.link("Create token").First())
	p.says(p.Locator("#notice"), "Your GitLab sign-in has ended")
	p.click(p.Locator("#notice").GetByRole("link", inLocator("Sign in with GitLab")))
	p.authorizes("lead")
	p.arrives(s.agent(s.idle))
}

// besides opens a second tab of the same browser.
func (p *tab) besides() *tab {
	p.t.Helper()
	page, err := p.Context().NewPage()
	if err != nil {
		p.t.Fatal(err)
	}
	return &tab{Page: page, t: p.t, s: p.s}
}

// signsOutElsewhere signs out in another tab, behind the back of this one.
func (p *tab) signsOutElsewhere() {
	p.t.Helper()
	other := p.besides()
	other.visit(p.s.agents())
	other.signsOut()
	if err := other.Close(); err != nil {
		p.t.Fatal(err)
	}
}

// authorizes says on GitLab's page who one is.
func (p *tab) authorizes(username string) {
	p.t.Helper()
	p.click(p.Locator("form:has(input[name=user][value=" + username + "]) button"))
}

// signsInBeside follows the link of a notice, which opens another tab, signs in there, and comes
// back to this one.
func (p *tab) signsInBeside(notice string) {
	p.t.Helper()
	page, err := p.Context().ExpectPage(func() error {
		return p.Locator(notice).GetByRole("link", inLocator("Sign in with GitLab (new tab)")).Click()
	})
	if err != nil {
		p.t.Fatal(err)
	}
	other := &tab{Page: page, t: p.t, s: p.s}
	other.authorizes("lead")
	other.sees(other.Locator("header .menu-name"))
	if err := other.Close(); err != nil {
		p.t.Fatal(err)
	}
}

// TestSigningOutElsewhereLeadsBackToTheSamePlace follows a link and opens a dialog without a
// session.
func TestSigningOutElsewhereLeadsBackToTheSamePlace(t *testing.T) {
	s := newStage(t)
	p := s.as("lead")

	p.visit(s.agents())
	p.signsOutElsewhere()
	p.click(p.link("prod"))
	p.authorizes("lead")
	p.arrives(s.agent(s.prod))
	p.sees(p.heading("prod"))

	p.signsOutElsewhere()
	p.click(p.link("Delete agent"))
	p.authorizes("lead")
	p.arrives(s.agent(s.prod))
	p.click(p.link("Delete agent"))
	p.sees(p.Locator("#dialog [name=confirm]"))
}

// TestSigningOutElsewhereLosesNothingThatWasTyped fills in a form, sends it without a session, and
// sends it again after signing in.
func TestSigningOutElsewhereLosesNothingThatWasTyped(t *testing.T) {
	s := newStage(t)
	p := s.as("lead")
	p.expect("status of (401|422)")
	p.visit(s.agent(s.idle))
	p.click(p.link("Create token").First())
	p.fill(p.Locator("#dialog [name=name]"), "vault 2026")
	p.fill(p.Locator("#dialog [name=description]"), "read by external-secrets")
	p.signsOutElsewhere()
	send := p.Locator("#dialog").GetByRole("button", inLocator("Create token"))

	p.click(send)
	p.says(p.Locator("#form-notice"), "You are not signed in")
	p.signsInBeside("#form-notice")
	p.click(send)
	p.says(p.Locator("#form-notice"), "what you typed is still here")
	for field, want := range map[string]string{"name": "vault 2026", "description": "read by external-secrets"} {
		if typed, _ := p.Locator("#dialog [name=" + field + "]").InputValue(); typed != want {
			t.Errorf("the %s came back as %q, want %q", field, typed, want)
		}
	}
	p.click(send)
	p.seesReveal(s)
	if n := s.gitlab.Calls(gitlabtest.OpCreateToken); n != 1 {
		t.Errorf("GitLab saw %d creates, want 1", n)
	}
}

// TestT5SigningOutElsewhereLeavesAnOpenReveal stores a token after the session has ended.
func TestT5SigningOutElsewhereLeavesAnOpenReveal(t *testing.T) {
	s := newStage(t)
	p := s.as("lead")
	p.expect("status of 401")
	secret := s.revealed(p)
	p.signsOutElsewhere()
	p.click(p.button("I have stored it"))
	p.says(p.Locator("#stored-notice"), "You are not signed in")
	p.signsInBeside("#stored-notice")
	p.sees(p.Locator("#reveal-dialog"))
	p.click(p.button("Show"))
	p.says(p.Locator("#secret"), secret)
	p.stores()
	p.sees(p.heading("idle"))
	p.holdsNowhere(secret)
}

// TestSigningOutElsewhereWithoutJavaScript sends a form that was filled in without a session.
func TestSigningOutElsewhereWithoutJavaScript(t *testing.T) {
	s := newStage(t)
	p := s.as("lead", withoutScript)
	p.expect("status of 401")
	form := s.agent(s.idle) + "/tokens/new"
	p.visit(form)
	p.fill(p.GetByLabel("Name"), "first")
	p.signsOutElsewhere()
	p.click(p.button("Create token"))
	p.sees(p.heading("You are not signed in"))
	p.click(p.Locator("main").GetByRole("link", inLocator("Sign in with GitLab")))
	p.authorizes("lead")
	p.arrives(form)
	p.fill(p.GetByLabel("Name"), "first")
	p.click(p.button("Create token"))
	p.says(p.Locator("#secret"), s.newestSecret())
}
