//go:build e2e

package e2e

import "testing"

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
	p.click(p.Locator("form:has(input[name=user][value=lead]) button"))
	p.arrives(place)
	p.sees(p.heading("prod"))
}

// TestO8ADialogOfAnEndedSessionSaysSoOnItsPage opens a form after the session has ended.
func TestO8ADialogOfAnEndedSessionSaysSoOnItsPage(t *testing.T) {
	s := newStage(t)
	p := s.as("lead")
	p.visit(s.agent(s.idle))
	s.gitlab.RevokeOAuthTokens(s.lead)
	p.expect("status of 401")
	p.click(p.link("Create token").First())
	p.says(p.Locator("#notice"), "Your GitLab sign-in has ended")
	p.click(p.Locator("#notice").GetByRole("link", inLocator("Sign in with GitLab")))
	p.click(p.Locator("form:has(input[name=user][value=lead]) button"))
	p.arrives(s.agent(s.idle))
}
