package handlers_test

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

func TestAnAgentThatIsNotConnectedSaysSinceWhenAndWhatToDo(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	since := p.clock.Now().Add(-62 * time.Minute)
	p.gitlab.TouchToken(p.prodToken, since)
	lead := p.as("lead")
	page := lead.get(p.agentPath(p.prod))
	if got := page.text(".trouble .notice-title"); got != "Not connected since 10:58 UTC" {
		t.Errorf("the page says %q", got)
	}
	for i, want := range []string{"kubectl get pods", "kubectl logs", "kubectl rollout restart deployment"} {
		code := page.doc.Find(".diagnosis pre").Eq(i)
		if !strings.HasPrefix(code.Text(), want) || !strings.Contains(code.Text(), "--namespace gitlab-agent-prod") {
			t.Errorf("command %d is %q", i, code.Text())
		}
		if page.doc.Find(".diagnosis [data-copy='"+code.AttrOr("id", "")+"']").Length() != 1 {
			t.Errorf("command %d cannot be copied", i)
		}
	}
	if got := page.text(".trouble .events"); !strings.Contains(got, "30 days agoToken created prod-token @lead") {
		t.Errorf("GitLab's last events are %q", got)
	}
	if place := lead.get(p.agentPath(p.prod) + "?namespace=agents"); !strings.Contains(place.text(".diagnosis"), "--namespace agents") {
		t.Errorf("the commands do not know where it is installed: %s", place.text(".diagnosis"))
	}
	dev := p.as("dev").get(p.agentPath(p.prod))
	if dev.doc.Find(".diagnosis pre").Length() != 3 || dev.doc.Find(".events").Length() != 0 {
		t.Errorf("a Developer reads %q", dev.text(".trouble"))
	}
}

func TestTheHeadOfAnAgentsPageFollowsItsTrouble(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		as     string
		setUp  func(p *portal) int64
		says   string
		leads  string // the main action
		actual int    // how many main actions there are
	}{
		"no token": {
			"lead", func(p *portal) int64 { return p.idle },
			"No token, so it cannot connectCreate a token", "/tokens/new", 1,
		},
		"no token, to a Developer": {
			"dev", func(p *portal) int64 { return p.idle },
			"A Maintainer of the project can create one", "", 0,
		},
		"never connected": {"lead", func(p *portal) int64 {
			p.gitlab.AddToken(gitlabtest.Token{Agent: p.idle, Name: "old", CreatedAt: p.clock.Now().Add(-48 * time.Hour)})
			return p.idle
		}, "Never connectedInstall it in its cluster", "", 0},
		"connected": {"lead", func(p *portal) int64 { return p.prod }, "", "", 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPortal(t)
			page := p.as(tt.as).get(p.agentPath(tt.setUp(p)))
			if got := page.text(".trouble"); !strings.HasPrefix(got, tt.says) && !strings.Contains(got, tt.says) || tt.says == "" && got != "" {
				t.Errorf("it says %q, want %q", got, tt.says)
			}
			main := page.doc.Find("main .button-primary")
			if main.Length() != tt.actual || !strings.HasSuffix(main.AttrOr("href", ""), tt.leads) {
				t.Errorf("%d main actions, the first leads to %q", main.Length(), main.AttrOr("href", ""))
			}
		})
	}
}

func TestTheHeadOfAnAgentsPageTellsVersionPathAndBrokenConfiguration(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	id := p.runs("torn", "17.2.0", "18.5.1")
	lead := p.as("lead")
	page := lead.get(p.agentPath(id))
	if got := page.text(".facts"); !strings.Contains(got, "Version17.2.0, 18.5.1") {
		t.Errorf("the facts are %q", got)
	}
	if got := page.text("#full-name"); got != "shop/payments:torn" || page.doc.Find("[data-copy=full-name]").Length() != 1 {
		t.Errorf("the full name %q cannot be copied", got)
	}
	if got := page.text("#agent-head"); strings.Contains(got, "configuration") {
		t.Errorf("without a file it says %q", got)
	}
	p.configure("ci_access: {projects: [{id: shop/web}]}\n")
	if got := lead.get(p.agentPath(p.prod)).text("#agent-head"); strings.Contains(got, "configuration") {
		t.Errorf("with a good file it says %q", got)
	}
	p.configure("ci_access: [\n")
	broken := lead.get(p.agentPath(p.prod))
	link := broken.doc.Find("#agent-head .notice-danger a")
	if got := broken.text("#agent-head .notice-danger"); !strings.Contains(got, "The configuration file is broken") || !strings.HasSuffix(link.AttrOr("href", ""), "?tab=access") {
		t.Errorf("with a broken file it says %q and leads to %q", got, link.AttrOr("href", ""))
	}
}

func TestAPageWaitsForItsAgentUntilItConnects(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	lead := p.as("lead")
	reveal := lead.submit(p.agentPath(p.idle)+"/tokens/new", url.Values{"name": {"first"}})
	secret := secretIn(t, reveal)
	stored := lead.post(reveal.doc.Find("#stored-form").AttrOr("action", ""), hiddenFields(reveal.doc.Find("#stored-form")))
	if got := stored.header.Get("Location"); got != p.agentPath(p.idle)+"?tab=connect" {
		t.Fatalf("a stored token leads to %q, want the steps that install it", got)
	}
	page := lead.follow(stored.header.Get("Location"))
	if got := page.text(".trouble .notice-title"); got != "Waiting for idle to connect with first…" {
		t.Errorf("the page says %q", got)
	}
	if steps := page.text(".variants"); !strings.Contains(steps, "helm upgrade --install") || strings.Contains(steps, "After a rotation") {
		t.Errorf("the steps are %q", steps)
	}
	head := page.doc.Find("#agent-head[data-live]")
	path, tag := head.AttrOr("hx-get", ""), head.AttrOr("hx-ptag", "")
	if same := lead.poll(tag).get(path); same.status != http.StatusNotModified {
		t.Errorf("a look that finds the same = %d", same.status)
	}
	p.gitlab.UseToken(secret)
	news := lead.poll(tag).get(path)
	if got := news.text(".trouble .notice-title[data-announce]"); got != "Connected, 18.5.1" {
		t.Errorf("once it connected the page says %q: %s", got, news.body)
	}
	if news.doc.Find("[data-live]").Length() != 0 || news.text(".badge[data-status=connected]") == "" {
		t.Errorf("it goes on looking: %s", news.body)
	}
	if later := lead.get(p.agentPath(p.idle)); later.doc.Find(".trouble, [data-live]").Length() != 0 {
		t.Errorf("a later visit says %q", later.text("#agent-head"))
	}
}

func TestATabWithTokensDrawsThemAnewOnceTheAgentConnects(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	token := p.gitlab.AddToken(gitlabtest.Token{Agent: p.idle, Name: "first", CreatedAt: p.clock.Now(), CreatedBy: p.people["lead"]})
	lead := p.as("lead")
	head := lead.get(p.agentPath(p.idle)).doc.Find("#agent-head[data-live]")
	p.gitlab.KeepInUse(token, true)
	news := lead.poll(head.AttrOr("hx-ptag", "")).get(head.AttrOr("hx-get", ""))
	if !strings.Contains(news.text("hx-partial[hx-target='#tokens'] td"), "just now") {
		t.Errorf("the tokens are not drawn anew: %s", news.body)
	}
}

func TestWaitingForAnAgentHasAnEnd(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	p.gitlab.AddToken(gitlabtest.Token{Agent: p.idle, Name: "first", CreatedAt: p.clock.Now(), CreatedBy: p.people["lead"]})
	lead := p.as("lead")
	if lead.get(p.agentPath(p.idle)).doc.Find("[data-live]").Length() != 1 {
		t.Fatal("the page does not wait")
	}
	p.clock.Advance(time.Hour)
	if page := lead.get(p.agentPath(p.idle)); page.doc.Find("[data-live]").Length() != 0 || !strings.Contains(page.text(".trouble"), "Never connected") {
		t.Errorf("an hour later it says %q", page.text(".trouble"))
	}
}

// However slow each call is, a page about an agent waits for one of them.
func TestTheCallsBehindAnAgentsPageRunSideBySide(t *testing.T) {
	t.Parallel()
	for tab, calls := range map[string]int{"": 5, "?tab=activity": 6, "?tab=connect": 6, "?tab=access": 5, "?tab=use": 6, "?tab=pods": 5} {
		t.Run(tab, func(t *testing.T) {
			t.Parallel()
			p := newPortal(t)
			lead := p.as("lead")
			lead.get(p.agentPath(p.prod)) // since then the agent's name is known
			gate := gitlabtest.NewGate()
			p.gitlab.Inject("", gitlabtest.Hold(gate))
			p.gitlab.ResetCounters()
			done := make(chan *answer)
			go func() { done <- lead.get(p.agentPath(p.prod) + tab) }()
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			if err := gate.Await(ctx, calls); err != nil {
				t.Errorf("%d of %d calls are in flight: %v", p.gitlab.MaxInFlight(), calls, p.callsByOp())
			}
			gate.Open()
			if page := <-done; page.status != http.StatusOK || len(p.gitlab.Requests()) != calls {
				t.Errorf("the page = %d after %v", page.status, p.callsByOp())
			}
		})
	}
}

func TestTheWayBackFromAnAgentKeepsTheFleetsFilter(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	lead := p.as("lead")
	crumb := func(page *answer) string { return page.doc.Find(".crumbs a").First().AttrOr("href", "") }
	if got := crumb(lead.get(p.agentPath(p.prod))); got != "/projects" {
		t.Errorf("whoever did not come from the fleet is led back to %q", got)
	}
	lead.header.Set("Referer", p.server.URL+"/?status=connected&q=prod&unknown=1")
	const filtered = "/?q=prod&status=connected"
	if got := crumb(lead.get(p.agentPath(p.prod))); got != filtered {
		t.Errorf("whoever came from the fleet is led back to %q", got)
	}
	lead.header.Set("Referer", p.server.URL+p.agentPath(p.prod))
	for _, path := range []string{p.agentPath(p.prod) + "?tab=connect", p.rotationPath(p.prod)} {
		if got := crumb(lead.get(path)); got != filtered {
			t.Errorf("from %s back leads to %q", path, got)
		}
	}
	if got := crumb(lead.get(p.agentPath(p.idle))); got != "/projects" {
		t.Errorf("another agent leads back to %q", got)
	}
	lead.header.Set("Referer", "https://evil.example/?q=prod")
	if got := crumb(lead.get(p.agentPath(p.idle))); got != "/projects" {
		t.Errorf("somebody else's page is the way back: %q", got)
	}
}

func TestATokenThatAColleagueRevokedSaysWhoAndWhen(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	lead := p.as("lead")
	second := p.gitlab.AddToken(gitlabtest.Token{Agent: p.prod, Name: "second", CreatedBy: p.people["lead"]})
	ask := p.agentPath(p.prod) + "/tokens/" + strconv.FormatInt(second, 10) + "/revoke"
	action, values := lead.form(ask)
	p.gitlab.AddMember(p.project, p.people["dev"], gitlabtest.Maintainer)
	p.as("dev").submit(ask, nil)
	p.clock.Advance(3 * time.Minute)

	dialog := lead.htmx("dialog-body").get(ask)
	if got := dialog.text("#form"); dialog.status != http.StatusOK || !strings.Contains(got, "second was already revoked by @dev at 2026-11-24 12:00 UTC") {
		t.Errorf("the dialog = %d: %q", dialog.status, got)
	}
	if list := dialog.text("hx-partial[hx-target='#tokens']"); !strings.Contains(list, "prod-token") || strings.Contains(list, "second") {
		t.Errorf("the list is drawn anew with %q", list)
	}
	if got := lead.post(action, values); got.status != http.StatusSeeOther {
		t.Errorf("sending the form = %d", got.status)
	}
	if got := lead.get(p.agentPath(p.prod)).text("#notice"); !strings.Contains(got, "Token second was already revoked by @dev, 3 minutes ago.") {
		t.Errorf("after that the page says %q", got)
	}
	elsewhere := p.gitlab.AddToken(gitlabtest.Token{Agent: p.prod, Name: "third", CreatedBy: p.people["lead"]})
	p.gitlab.RevokeToken(elsewhere)
	if got := lead.get(p.agentPath(p.prod) + "/tokens/" + strconv.FormatInt(elsewhere, 10) + "/revoke"); got.status != http.StatusNotFound && !strings.Contains(got.text("#form"), "third was already revoked at") {
		t.Errorf("a token revoked in GitLab: %d: %s", got.status, got.text("main"))
	}
	if got := lead.get(p.agentPath(p.prod) + "/tokens/999999/revoke"); got.status != http.StatusNotFound {
		t.Errorf("a token that never was = %d", got.status)
	}
}
