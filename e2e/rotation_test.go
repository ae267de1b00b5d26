//go:build e2e

package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/playwright-community/playwright-go"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
	"gitlab-agent-portal/internal/database/databasetest"
)

// rotationStage is a stage whose clock the test moves, for the portal and GitLab alike.
type rotationStage struct {
	*stage
	clock     *gitlabtest.Clock
	portal    *running
	prodToken int64
}

func newRotationStage(t *testing.T) *rotationStage {
	t.Helper()
	t.Parallel()
	return aRotationStage(t)
}

// aRotationStage is newRotationStage for a test that runs by itself.
func aRotationStage(t *testing.T) *rotationStage {
	t.Helper()
	clock := gitlabtest.NewClock(time.Now())
	s := &rotationStage{clock: clock, stage: &stage{t: t, gitlab: gitlabtest.Start(t, gitlabtest.WithNow(clock.Now)), browser: browser}}
	s.seed(clock.Now())
	s.prodToken = s.gitlab.Tokens(s.prod)[0].ID
	s.portal = &running{t: t, address: "127.0.0.1:0", database: databasetest.New(t).URL, now: clock.Now}
	s.portal.start(s.gitlab)
	s.url = s.portal.url
	return s
}

// rotation is the address of prod's rotation.
func (s *rotationStage) rotation() string { return s.agent(s.prod) + "/rotation" }

// comesBack is what a browser tells a page that the person returns to.
const comesBack = `() => { document.dispatchEvent(new Event("visibilitychange")); }`

// wakes has the page look again, as it does when the person comes back to it, and waits until it has.
func (p *tab) wakes() {
	p.t.Helper()
	_, err := p.ExpectResponse("**/rotation*", func() error {
		_, err := p.Evaluate(comesBack)
		return err
	})
	if err != nil {
		p.t.Fatalf("the page does not look again: %v", err)
	}
	p.lacks(p.Locator("#rotation.htmx-request"))
}

// connects plays the cluster on the sandbox: agentk starts with the secret; keep says that a
// second replica goes on with the old token.
func (s *rotationStage) connects(p *tab, secret string, keep bool) {
	s.t.Helper()
	p.visit(s.gitlab.URL + "/sandbox")
	p.fill(p.Locator("#secret"), secret)
	if keep {
		if err := p.Locator("[name=keep]").First().Check(); err != nil {
			s.t.Fatal(err)
		}
	}
	p.click(p.button("agentk connects with this token"))
	p.says(p.GetByRole("status"), "is connected")
}

// TestAWholeRotation exchanges a token while the sandbox plays the cluster, watched by a second
// person, over a restart of the portal.
func TestAWholeRotation(t *testing.T) {
	s := newRotationStage(t)
	cluster := s.open()
	p, other := s.as("lead"), s.as("dev")
	p.visit(s.rotation())
	phase := p.Locator("#rotation-title")
	p.says(phase, "Ready to rotate")
	p.lacks(p.Locator("#rotation a[href*='/revoke']"))

	p.visit(s.agent(s.prod))
	p.click(p.link("Rotate token")) // which begins with what a rotation begins with
	p.says(p.Locator("#dialog"), "revoke the old one when nothing uses it any more")
	p.fill(p.GetByLabel("Name"), "second")
	p.click(p.Locator("#dialog").GetByRole("button", inLocator("Create token")))
	secret := p.seesReveal(s.stage)
	p.stores()
	p.arrives(s.rotation())
	p.says(phase, "Waiting for the new token to be used")

	other.visit(s.rotation())
	other.says(other.Locator("#rotation-title"), "Waiting for the new token to be used")
	other.lacks(other.Locator("#rotation .button-quiet-danger"))

	// One replica has it, the other still the old one.
	s.connects(cluster, secret, true)
	p.wakes()
	p.says(phase, "Checking that nothing uses the old token")
	p.says(p.Locator("#announce"), "Checking that nothing uses the old token")
	s.clock.Advance(20 * time.Minute)
	other.wakes()
	other.says(other.Locator("#rotation-title"), "The old token is still in use")
	p.wakes()
	p.says(phase, "The old token is still in use")
	p.lacks(p.link("Revoke prod-token"))

	// The portal starts again; the page finds it.
	s.portal.stop()
	s.portal.start(s.gitlab)

	s.gitlab.KeepInUse(s.prodToken, false)
	p.wakes()
	p.says(p.Locator("#rotation"), "Not used for 0 minutes")
	s.clock.Advance(10 * time.Minute)
	p.wakes()
	p.says(phase, "The old token can be revoked")
	p.click(p.link("Revoke prod-token"))
	p.lacks(p.Locator("#dialog [name=confirm]"))
	p.click(p.Locator("#dialog").GetByRole("button", inLocator("Revoke token")))
	p.arrives(s.rotation())
	p.says(phase, "Finished: second took over")
	if tokens := s.gitlab.Tokens(s.prod); !tokens[0].Revoked || tokens[1].Revoked {
		t.Errorf("revoked: the old one %v, the new one %v", tokens[0].Revoked, tokens[1].Revoked)
	}
	other.wakes()
	other.says(other.Locator("#rotation-title"), "Ready to rotate")
}

// TestARotationWithoutJavaScript goes the same way by reloading.
func TestARotationWithoutJavaScript(t *testing.T) {
	s := newRotationStage(t)
	p := s.as("lead", withoutScript)
	p.visit(s.rotation())
	p.click(p.link("Create new token"))
	p.fill(p.GetByLabel("Name"), "second")
	p.click(p.button("Create token"))
	p.stores()
	p.arrives(s.rotation())
	s.gitlab.KeepInUse(s.prodToken, false)
	s.gitlab.KeepInUse(s.gitlab.Tokens(s.prod)[1].ID, true)
	p.click(p.link("Refresh now"))
	s.clock.Advance(11 * time.Minute)
	p.click(p.link("Refresh now"))
	p.click(p.link("Revoke prod-token"))
	p.click(p.button("Revoke token"))
	p.says(p.Locator("#rotation-title"), "Finished: second took over")
}

// TestAPageThatLooksByItselfLeavesDialogsAlone lets everything go wrong while the reveal is open.
func TestAPageThatLooksByItselfLeavesDialogsAlone(t *testing.T) {
	s := newRotationStage(t)
	p := s.as("lead")
	p.visit(s.rotation())
	p.click(p.link("Create new token"))
	p.fill(p.GetByLabel("Name"), "second")
	p.click(p.Locator("#dialog").GetByRole("button", inLocator("Create token")))
	secret := p.seesReveal(s.stage)
	s.gitlab.Inject(gitlabtest.OpGetAgent, gitlabtest.BadGateway())
	s.gitlab.RevokeOAuthTokens(s.lead)
	p.eval(comesBack)
	p.click(p.button("Show"))
	p.says(p.Locator("#secret"), secret)
}

// TestALookThatFailsIsToldInPlace ends the session of a page that waits.
func TestALookThatFailsIsToldInPlace(t *testing.T) {
	s := newRotationStage(t)
	s.gitlab.AddToken(gitlabtest.Token{Agent: s.prod, Name: "second", CreatedBy: s.lead, CreatedAt: s.clock.Now()})
	p := s.as("lead")
	p.expect("status of (401|502)")
	p.visit(s.rotation())
	s.gitlab.Inject(gitlabtest.OpGetAgent, gitlabtest.BadGateway())
	p.wakes()
	p.sees(p.Locator("#live-notice .notice-danger"))
	s.gitlab.ClearFaults(gitlabtest.OpGetAgent)
	p.wakes()
	p.lacks(p.Locator("#live-notice .notice-danger"))
	s.gitlab.RevokeOAuthTokens(s.lead)
	p.wakes()
	p.sees(p.Locator("#live-notice a[href*='/auth/login']"))
	p.says(p.Locator("#rotation-title"), "Waiting for the new token to be used")
	p.lacks(p.Locator("[data-live]"))
}

// TestTheTokenInUseIsRefused tries to revoke the wrong one of two.
func TestTheTokenInUseIsRefused(t *testing.T) {
	s := newRotationStage(t)
	second := s.gitlab.AddToken(gitlabtest.Token{Agent: s.prod, Name: "second", CreatedBy: s.lead, CreatedAt: s.clock.Now()})
	p := s.as("lead")
	p.visit(s.rotation())
	p.sees(p.Locator(fmt.Sprintf("#rotation a[href*='/tokens/%d/revoke']", second)))
	p.lacks(p.Locator(fmt.Sprintf("#rotation a[href*='/tokens/%d/revoke']", s.prodToken)))
	p.visit(fmt.Sprintf("%s/tokens/%d/revoke", s.agent(s.prod), s.prodToken))
	p.sees(p.Locator("[name=confirm]"))
	p.click(p.button("Revoke token"))
	p.says(p.Locator("#confirm-error"), "name exactly")
	if s.gitlab.Tokens(s.prod)[0].Revoked {
		t.Error("the token in use is revoked")
	}
	p.click(p.link("Rotate token"))
	p.arrives(s.rotation())
}

// TestNeverUsedTokensAreRevokedTogether revokes a list of which one item fails.
func TestNeverUsedTokensAreRevokedTogether(t *testing.T) {
	s := newRotationStage(t)
	old := s.clock.Now().AddDate(0, -2, 0)
	first := s.gitlab.AddToken(gitlabtest.Token{Agent: s.prod, Name: "first", CreatedBy: s.lead, CreatedAt: old})
	s.gitlab.AddToken(gitlabtest.Token{Agent: s.idle, Name: "other", CreatedBy: s.lead, CreatedAt: old})
	p := s.as("lead")
	query := fmt.Sprintf("?agent=%d.%d&agent=%d.%d", s.project, s.prod, s.project, s.idle)
	p.visit(s.url + "/rotations" + query)
	p.click(p.link("Revoke never-used tokens"))
	p.counts(p.Locator("[name=token]:checked"), 2)
	s.gitlab.TouchToken(first, s.clock.Now())
	p.click(p.button("Revoke the chosen tokens"))
	p.says(p.Locator("li", rowOf("first")), "It was used meanwhile")
	p.says(p.Locator("li", rowOf("other")), "Revoked")
	p.click(p.link("List what is left"))
	p.says(p.Locator("#form"), "No token to clean up")
}

// TestTheRotationKeepsToItsWidth looks for sideways scrolling at 320 pixels, with a hostile name.
func TestTheRotationKeepsToItsWidth(t *testing.T) {
	s := newRotationStage(t)
	long := strings.Repeat("a-name-without-any-end-", 8)
	s.gitlab.AddToken(gitlabtest.Token{Agent: s.prod, Name: long, CreatedBy: s.lead, CreatedAt: s.clock.Now()})
	for _, change := range [][]func(*playwright.BrowserNewContextOptions){{onAPhone}, {onAPhone, inChinese}} {
		p := s.as("lead", change...)
		query := fmt.Sprintf("?agent=%d.%d&days=1", s.project, s.prod)
		for _, address := range []string{s.rotation(), s.rotation() + fmt.Sprintf("?drop=%d", s.prodToken), s.url + "/rotations" + query, s.url + "/unused-tokens" + query} {
			p.visit(address)
			if width := number(p.eval("() => document.documentElement.scrollWidth")); width > 320 {
				t.Errorf("%s is %v pixels wide", address, width)
			}
		}
	}
}
