package handlers_test

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
	"gitlab-agent-portal/internal/activity"
	"gitlab-agent-portal/internal/audit"
)

// rotationPath is the address of an agent's rotation.
func (p *portal) rotationPath(agent int64) string { return p.agentPath(agent) + "/rotation" }

// addToken adds a token of prod's that was created so long ago.
func (p *portal) addToken(name string, age time.Duration) int64 {
	return p.gitlab.AddToken(gitlabtest.Token{Agent: p.prod, Name: name, CreatedAt: p.clock.Now().Add(-age), CreatedBy: p.people["lead"]})
}

// offered are the tokens that a page of a rotation offers to revoke, by the ends of the links.
func (a *answer) offered() []string {
	var links []string
	for _, link := range a.doc.Find("#rotation a[href*='/revoke']").EachIter() {
		links = append(links, link.AttrOr("href", ""))
	}
	return links
}

// wantPhase checks the one line that says where a rotation stands.
func (a *answer) wantPhase(t *testing.T, want string) {
	t.Helper()
	if got := a.text("#rotation-title"); a.status != http.StatusOK || got != want {
		t.Errorf("status %d, phase %q; want %q: %s", a.status, got, want, a.text("main"))
	}
}

// revokePath is the link that revokes a token from prod's rotation.
func (p *portal) revokePath(token int64) string {
	return p.agentPath(p.prod) + "/tokens/" + strconv.FormatInt(token, 10) + "/revoke?from=rotation"
}

func TestAWholeRotationKeepsTheAgentConnected(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	lead := p.as("lead")
	path := p.rotationPath(p.prod)
	p.gitlab.KeepInUse(p.prodToken, true)

	page := lead.get(path)
	page.wantPhase(t, "Ready to rotate")
	create := page.doc.Find("#rotation .button-primary").AttrOr("href", "")
	reveal := lead.submit(create, url.Values{"name": {"second"}})
	secretIn(t, reveal)
	action, stored := reveal.doc.Find("#stored-form").AttrOr("action", ""), hiddenFields(reveal.doc.Find("#stored-form"))
	if got := lead.post(action, stored); got.header.Get("Location") != path {
		t.Errorf("after storing one comes to %q, want the rotation", got.header.Get("Location"))
	}
	second := p.gitlab.Tokens(p.prod)[1].ID

	// Installed in one replica of two.
	p.gitlab.KeepInUse(second, true)
	lead.get(path)
	p.clock.Advance(20 * time.Minute)
	page = lead.get(path)
	page.wantPhase(t, "The old token is still in use")
	if page.offered() != nil {
		t.Errorf("offered while the old token is in use: %v", page.offered())
	}

	// Now in both.
	p.gitlab.KeepInUse(p.prodToken, false)
	p.restart(setUp{keys: p.keys})
	lead.get(path)
	p.clock.Advance(9 * time.Minute)
	if page = lead.get(path); page.offered() != nil || !strings.Contains(page.text("#rotation"), "Not used for 9 minutes") {
		t.Errorf("after nine minutes, offered %v: %s", page.offered(), page.text("#rotation"))
	}
	p.clock.Advance(time.Minute)
	page = lead.get(path)
	page.wantPhase(t, "The old token can be revoked")
	if diff := cmp.Diff([]string{p.revokePath(p.prodToken)}, page.offered()); diff != "" {
		t.Errorf("offered (-want +got):\n%s", diff)
	}
	if got := lead.submit(page.offered()[0], nil); got.status != http.StatusSeeOther || got.header.Get("Location") != path {
		t.Errorf("revoking = %d to %q: %s", got.status, got.header.Get("Location"), got.text("main"))
	}
	for range 2 { // a reload keeps it
		lead.get(path).wantPhase(t, "Finished: second took over, nothing lost its connection")
	}
	if notice := lead.get(path).text("#notice"); notice != "" {
		t.Errorf("beside its end stands %q", notice)
	}
	if tokens := p.gitlab.Tokens(p.prod); !tokens[0].Revoked || tokens[1].Revoked {
		t.Errorf("revoked: old %v, new %v", tokens[0].Revoked, tokens[1].Revoked)
	}
}

func TestARotationNeverOffersTheTokenThatIsNeeded(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, phase string
		person      string
		setUp       func(p *portal) (offered []int64)
	}{
		{"b: the new one was never used", "Waiting for the new token to be used", "lead", func(p *portal) []int64 {
			return []int64{p.addToken("new", time.Minute)}
		}},
		{"c: two from the start", "Two active tokens: which one do you want to revoke?", "lead", func(p *portal) []int64 {
			return []int64{p.addToken("forgotten", 48*time.Hour)}
		}},
		{"d: the portal died between create and reveal", "Nobody has confirmed that the new token is stored", "lead", func(p *portal) []int64 {
			if _, err := p.auditLog.Begin(p.t.Context(), audit.Event{
				Action: activity.TokenCreate, ActorID: p.people["lead"], ActorName: "lead",
				Target: audit.Target{ProjectID: p.project, AgentID: p.prod, TokenName: "new"},
			}); err != nil {
				p.t.Fatal(err)
			}
			p.clock.Advance(3 * time.Minute)
			return []int64{p.addToken("new", time.Minute)}
		}},
		{"e: three", "3 active tokens are too many", "lead", func(p *portal) []int64 {
			return []int64{p.addToken("a", 2*time.Minute), p.addToken("b", time.Minute)}
		}},
		{"nobody knows when they were used", "It is not known when the tokens were used", "lead", func(p *portal) []int64 {
			p.addToken("new", time.Minute)
			p.gitlab.Inject(gitlabtest.OpGraphQL, gitlabtest.Status(http.StatusNotFound))
			p.gitlab.Inject(gitlabtest.OpGetToken, gitlabtest.Status(http.StatusForbidden))
			return nil
		}},
		{"without GraphQL the tokens are read one by one", "Waiting for the new token to be used", "lead", func(p *portal) []int64 {
			p.gitlab.Inject(gitlabtest.OpGraphQL, gitlabtest.Status(http.StatusNotFound))
			return []int64{p.addToken("new", time.Minute)}
		}},
		{"a Developer sees the state, and no button", "Waiting for the new token to be used", "dev", func(p *portal) []int64 {
			p.addToken("new", time.Minute)
			return nil
		}},
		{"the only token was never used", "The only token was never used", "lead", func(p *portal) []int64 {
			p.gitlab.TouchToken(p.prodToken, time.Time{})
			return []int64{p.prodToken}
		}},
		{"no token", "This agent has no token", "lead", func(p *portal) []int64 {
			p.gitlab.RevokeToken(p.prodToken)
			return nil
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := newPortal(t)
			offered := tt.setUp(p)
			page := p.as(tt.person).get(p.rotationPath(p.prod))
			page.wantPhase(t, tt.phase)
			var want []string
			for _, id := range offered {
				want = append(want, p.revokePath(id))
			}
			if diff := cmp.Diff(want, page.offered()); diff != "" {
				t.Errorf("offered (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAConnectionFromBeforeKeepsTheOldToken(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	lead := p.as("lead")
	second := p.addToken("second", time.Hour)
	p.gitlab.KeepInUse(second, true)
	lead.get(p.rotationPath(p.prod))
	p.gitlab.Configure(func(s *gitlabtest.Settings) { s.KASUnreachable = true })
	p.clock.Advance(11 * time.Minute)
	lead.get(p.rotationPath(p.prod)).wantPhase(t, "The old token can be revoked")
	p.gitlab.Configure(func(s *gitlabtest.Settings) { s.KASUnreachable = false })
	p.gitlab.ConnectToken(second, p.clock.Now().Add(-5*time.Hour))
	page := lead.get(p.rotationPath(p.prod))
	page.wantPhase(t, "Checking that nothing uses the old token")
	if !strings.Contains(page.text("#rotation"), "has been connected since 2026-11-24 07:11 UTC") || page.offered() != nil {
		t.Errorf("offered %v: %s", page.offered(), page.text("#rotation"))
	}
}

func TestTheChoiceOfWhichTokenGoesStandsInTheAddress(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	lead := p.as("lead")
	forgotten := p.addToken("forgotten", 48*time.Hour)
	page := lead.get(p.rotationPath(p.prod))
	choice := page.doc.Find("#rotation a[href*='drop=']").AttrOr("href", "")
	if want := p.rotationPath(p.prod) + "?drop=" + strconv.FormatInt(p.prodToken, 10); choice != want {
		t.Fatalf("the page leads to %q, want %q", choice, want)
	}
	if got := page.text(".choice-of-token[data-proposed] h3"); !strings.Contains(got, "forgotten") {
		t.Errorf("proposed: %q", got)
	}
	page = lead.get(choice)
	page.wantPhase(t, "Waiting for the new token to be used")
	if diff := cmp.Diff([]string{p.revokePath(forgotten)}, page.offered()); diff != "" {
		t.Errorf("offered (-want +got):\n%s", diff)
	}
	lead.get(p.rotationPath(p.prod)+"?drop=nothing").wantPhase(t, "Two active tokens: which one do you want to revoke?")
}

func TestGivingUpRevokesTheNewTokenAndComesBack(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	lead := p.as("lead")
	p.addToken("new", time.Minute)
	abort := lead.get(p.rotationPath(p.prod)).offered()[0]
	if got := lead.submit(abort, nil); got.header.Get("Location") != p.rotationPath(p.prod) {
		t.Errorf("giving up = %d to %q", got.status, got.header.Get("Location"))
	}
	lead.get(p.rotationPath(p.prod)).wantPhase(t, "Ready to rotate")
	rows := must(p.auditLog.Page(t.Context(), audit.Filter{Projects: []int64{p.project}, Action: activity.TokenRevoke}, 0, 9))(t)
	if len(rows) != 1 || rows[0].Target.TokenName != "new" || rows[0].Outcome != activity.OK {
		t.Errorf("the audit has %+v", rows)
	}
}

func TestRevokedByAnotherMaintainerCountsAsDone(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	lead := p.as("lead")
	added := p.addToken("new", time.Minute)
	action, values := lead.form(p.revokePath(added))
	p.gitlab.RevokeToken(added)
	if got := lead.post(action, values); got.status != http.StatusSeeOther || got.header.Get("Location") != p.rotationPath(p.prod) {
		t.Errorf("revoking what is gone = %d to %q: %s", got.status, got.header.Get("Location"), got.text("main"))
	}
}

// poll makes the browser ask as a page of the rotation does that shows tag.
func (b *browser) poll(tag string) *browser {
	asking := b.htmx("rotation")
	asking.header.Set("HX-PTag", tag)
	return asking
}

func TestALookThatFindsTheSameChangesNothing(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	lead := p.as("lead")
	path := p.rotationPath(p.prod)
	added := p.addToken("new", time.Minute)
	page := lead.get(path)
	tag := page.doc.Find("#rotation").AttrOr("hx-ptag", "")
	if got := lead.poll(tag).get(path); got.status != http.StatusNotModified || got.body != "" || got.header.Get("X-Request-Id") == "" {
		t.Errorf("the same = %d, %q", got.status, got.body)
	}
	p.clock.Advance(time.Minute)
	minute := lead.poll(tag).get(path)
	if minute.doc.Find("[data-announce]").Length() != 0 || strings.Contains(minute.body, "<html") {
		t.Errorf("a minute later = %d: %s", minute.status, minute.body)
	}
	p.gitlab.TouchToken(added, p.clock.Now())
	news := lead.poll(minute.header.Get("HX-PTag")).get(path)
	news.wantPhase(t, "Checking that nothing uses the old token")
	if news.doc.Find("#rotation-title[data-announce]").Length() != 1 {
		t.Errorf("news are not announced: %s", news.body)
	}
	if p.as("lead").poll(news.header.Get("HX-PTag")).get(path).status != http.StatusNotModified {
		t.Error("a second browser sees something else")
	}
}

func TestAPollNeverLeadsAwayFromThePage(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	path := p.rotationPath(p.prod)
	lead := p.as("lead")
	p.gitlab.RevokeOAuthTokens(p.people["lead"])
	tests := []struct {
		name    string
		browser *browser
		path    string
		setUp   func()
		status  int
	}{
		{"signed out in another tab", p.visitor(), path, nil, http.StatusUnauthorized},
		{"the grant ended", lead, path, nil, http.StatusUnauthorized},
		{"no member any more", p.as("outsider"), path, nil, http.StatusNotFound},
		{"GitLab is down", p.as("dev"), path, func() {
			p.gitlab.Inject(gitlabtest.OpGetAgent, gitlabtest.Status(http.StatusBadGateway))
		}, http.StatusBadGateway},
	}
	for _, tt := range tests {
		if tt.setUp != nil {
			tt.setUp()
		}
		got := tt.browser.poll("watch.x").get(tt.path)
		if got.status != tt.status || got.header.Get("HX-Redirect") != "" || got.header.Get("HX-Retarget") != "#live-notice" {
			t.Errorf("%s: %d, HX-Redirect %q, HX-Retarget %q; want %d and a notice", tt.name, got.status, got.header.Get("HX-Redirect"), got.header.Get("HX-Retarget"), tt.status)
		}
	}
}

func TestTheAgentsPageNamesItsUnstoredTokens(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	lead := p.as("lead")
	lead.submit(p.agentPath(p.prod)+"/tokens/new", url.Values{"name": {"second"}})
	page := lead.get(p.agentPath(p.prod))
	if got := page.text(".notice.unstored"); !strings.Contains(got, "second was created through the portal by @lead") {
		t.Errorf("the page says %q", got)
	}
	if page.doc.Find(".notice.unstored a[href$='/revoke']").Length() != 1 {
		t.Error("it offers no revocation")
	}
	if readers := p.as("dev").get(p.agentPath(p.prod)); readers.doc.Find(".notice.unstored").Length() != 1 || readers.doc.Find("a[href$='/revoke']").Length() != 0 {
		t.Errorf("a Developer sees %q", readers.text(".notice.unstored"))
	}
}

func TestTheWayToTheRotation(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	lead := p.as("lead")
	path := p.rotationPath(p.prod)
	guard := lead.get(p.agentPath(p.prod) + "/tokens/" + strconv.FormatInt(p.prodToken, 10) + "/revoke")
	p.addToken("new", time.Minute)
	for name, page := range map[string]*answer{
		"the agent's page": lead.get(p.agentPath(p.prod)), "a Developer's agent page": p.as("dev").get(p.agentPath(p.prod)),
		"the guard": guard, "the form at the limit": lead.get(p.agentPath(p.prod) + "/tokens/new"),
	} {
		if page.doc.Find("main a[href='"+path+"']").Length() != 1 {
			t.Errorf("%s does not lead to the rotation: %s", name, page.text("main"))
		}
	}
}
