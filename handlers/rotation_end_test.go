package handlers_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

// takeOver brings prod's rotation to where the old token can go, and returns the new one's number.
func (p *portal) takeOver(lead *browser) int64 {
	p.t.Helper()
	second := p.addToken("second", time.Minute)
	p.gitlab.KeepInUse(p.prodToken, true)
	lead.get(p.rotationPath(p.prod)) // sees the new one unused
	p.clock.Advance(time.Minute)
	p.gitlab.KeepInUse(p.prodToken, false)
	p.clock.Advance(time.Minute)
	p.gitlab.KeepInUse(second, true)
	lead.get(p.rotationPath(p.prod))
	p.clock.Advance(10 * time.Minute)
	return second
}

func TestARotationEndsWithWhatTookOverAndWhereToGoOn(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	lead := p.as("lead")
	due := p.gitlab.AddAgent(gitlabtest.Agent{Project: p.project, Name: "due"})
	p.gitlab.AddToken(gitlabtest.Token{Agent: due, Name: "old", CreatedAt: p.clock.Now().AddDate(0, -6, 0), Live: true})
	p.takeOver(lead)
	lead.get(p.rotationPath(p.prod))
	lead.whole("") // waits for what the page above has begun to read
	ask := lead.get(p.rotationPath(p.prod)).offered()[0]
	dialog := lead.get(ask).text("#form")
	if strings.Contains(dialog, "A cluster that uses it loses its connection") || !strings.Contains(dialog, "so nothing loses its connection") {
		t.Errorf("of a token that was seen to be silent the dialog says %q", dialog)
	}
	lead.submit(ask, nil)
	for range 2 { // a reload keeps it
		page := lead.get(p.rotationPath(p.prod))
		page.wantPhase(t, "Finished, nothing lost its connection: second took over at 12:02 UTC")
		links := page.doc.Find("#rotation .notice .buttons a")
		if links.Length() != 3 || links.Eq(0).AttrOr("href", "") != p.rotationPath(due) || links.Eq(1).AttrOr("href", "") != "/" {
			t.Errorf("it leads on to %q", page.text("#rotation .notice .buttons"))
		}
	}
	p.as("dev").get(p.rotationPath(p.prod)).wantPhase(t, "Ready to rotate") // who revoked it is not theirs to know
	p.clock.Advance(24 * time.Hour)
	p.as("lead").get(p.rotationPath(p.prod)).wantPhase(t, "Ready to rotate")
}

func TestARotationThatLostTheConnectionDoesNotSayThatItWentWell(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	lead := p.as("lead")
	second := p.takeOver(lead)
	lead.submit(lead.get(p.rotationPath(p.prod)).offered()[0], nil)
	p.gitlab.KeepInUse(second, false)
	p.clock.Advance(10 * time.Minute)
	page := lead.get(p.rotationPath(p.prod))
	page.wantPhase(t, "Finished: second took over, prod-token is revoked")
	if got := page.text("#rotation .notice-warning"); !strings.Contains(got, "is not connected at the moment") {
		t.Errorf("it says %q", page.text("#rotation"))
	}
}

func TestARotationTellsWhenItsTokenCanGo(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	lead := p.as("lead")
	second := p.addToken("second", time.Minute)
	p.gitlab.TouchToken(p.prodToken, p.clock.Now().Add(-2*time.Minute))
	p.gitlab.KeepInUse(second, true)
	lead.get(p.rotationPath(p.prod))
	p.clock.Advance(4 * time.Minute)
	page := lead.get(p.rotationPath(p.prod))
	bar := page.doc.Find("progress#clock")
	if got := page.text(".clock label"); got != "Revocable about 12:10 UTC" || bar.AttrOr("max", "") != "600" || bar.AttrOr("value", "") != "240" || bar.AttrOr("data-in", "") != "360000" {
		t.Errorf("%q, %s of %s, in %s ms", got, bar.AttrOr("value", ""), bar.AttrOr("max", ""), bar.AttrOr("data-in", ""))
	}
	if got := page.text("#rotation"); strings.Contains(got, "60 minutes") {
		t.Errorf("it promises two things: %q", got)
	}
	list := lead.get("/rotations")
	if got := list.lines("#rotations tbody tr"); len(got) != 1 || !strings.Contains(got[0], "Revocable about 12:10 UTC") {
		t.Errorf("the list says %q", got)
	}
}

func TestRotationsUnderWayAreAPlaceWithACount(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	lead := p.as("lead")
	entry := func(page *answer) string { return page.text("header nav a[href='/rotations']") }
	if got := entry(lead.get("/projects")); got != "Rotations" {
		t.Errorf("before anything is known the entry reads %q", got)
	}
	waiting := p.gitlab.AddAgent(gitlabtest.Agent{Project: p.project, Name: "a-waiting"})
	p.gitlab.AddToken(gitlabtest.Token{Agent: waiting, Name: "old", CreatedAt: p.clock.Now().AddDate(0, -1, 0), Live: true})
	p.gitlab.AddToken(gitlabtest.Token{Agent: waiting, Name: "new", CreatedAt: p.clock.Now(), CreatedBy: p.people["lead"]})
	p.takeOver(lead)
	p.fleet.Drop(p.people["lead"])
	page := lead.get("/rotations")
	if got := entry(page); got != "Rotations 2" {
		t.Errorf("the entry reads %q", got)
	}
	lines := page.lines("#rotations tbody tr")
	if len(lines) != 2 || !strings.HasPrefix(lines[0], "prod shop/paymentsThe old token can be revoked") || !strings.HasPrefix(lines[1], "a-waiting") {
		t.Errorf("what can be done now is not first: %q", lines)
	}
	table := page.doc.Find("#rotations[data-live]")
	if same := lead.poll(table.AttrOr("hx-ptag", "")).get(table.AttrOr("hx-get", "")); same.status != 304 {
		t.Errorf("a look that finds the same = %d", same.status)
	}
	p.fleet.Drop(p.people["dev"])
	if got := entry(p.as("dev").whole("")); got != "Rotations" {
		t.Errorf("a Developer, who can go on with none, reads %q", got)
	}
}

func TestTheNameOfANewTokenIsProposed(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	lead := p.as("lead")
	proposed := func() string {
		return lead.get(p.agentPath(p.prod)+"/tokens/new").doc.Find("[name=name]").AttrOr("value", "")
	}
	if got := proposed(); got != "prod-2026-11" {
		t.Errorf("proposed is %q", got)
	}
	created := lead.submit(p.agentPath(p.prod)+"/tokens/new", url.Values{"name": {"prod-2026-11"}})
	secretIn(t, created)
	p.gitlab.RevokeToken(p.prodToken)
	if got := proposed(); got != "prod-2026-11-2" {
		t.Errorf("with a token of that name, proposed is %q", got)
	}
}

func TestTheCommandsOfARotationAreOnItsPage(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	p.addToken("second", time.Minute)
	page := p.as("lead").get(p.rotationPath(p.prod) + "?namespace=agents")
	for _, want := range []string{"kubectl create secret generic gitlab-agent-token --namespace agents", "kubectl rollout restart deployment"} {
		if got := page.doc.Find("#rotation [aria-current=step] pre").Text(); !strings.Contains(got, want) {
			t.Errorf("the step does not say %q: %s", want, got)
		}
	}
}

func TestRevokingSaysWhatTheTokenIsOfAndThatItIsInUse(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	form := p.as("lead").get(p.revokePath(p.prodToken))
	if got := form.text("#form"); !strings.Contains(got, "It is a token of agent prod in shop/payments.") {
		t.Errorf("the form says %q", got)
	}
	if got := form.text("#form .notice-danger"); !strings.Contains(got, "It was last used 1 minute ago. A cluster that uses it loses its connection") {
		t.Errorf("what stands out is %q", got)
	}
	if form.doc.Find("#form [name=confirm][data-exactly=prod]").Length() != 1 {
		t.Error("it does not ask for the agent's name")
	}
}
