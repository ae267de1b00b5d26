package handlers_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
	"gitlab-agent-portal/internal/budget"
)

// from makes a browser one behind a trusted proxy, with an address of its own.
func (b *browser) from(address string) *browser {
	b.header.Set("X-Forwarded-For", address)
	return b
}

// behindProxy is a portal that believes its proxy, which is the test.
func behindProxy(t *testing.T) *portal {
	t.Helper()
	return newPortal(t, func(s *setUp) { s.behindProxy = true })
}

func TestB1OnePersonsTabsLeaveAnothersPagesAlone(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	lead, dev := p.as("lead"), p.as("dev")
	gate := gitlabtest.NewGate()
	p.gitlab.Inject("", gitlabtest.Hold(gate).ForUser("lead"))
	var tabs sync.WaitGroup
	for range 40 {
		tabs.Go(func() { lead.get(p.address("/projects/{project}/agents")) })
	}
	if err := gate.Await(t.Context(), 8); err != nil {
		t.Fatal(err)
	}
	if got := dev.get(p.address("/projects/{project}/agents")); got.status != http.StatusOK {
		t.Errorf("another person's page meanwhile = %d, want 200", got.status)
	}
	if n := p.gitlab.MaxInFlight(); n > 8+2 { // and the two of the other page
		t.Errorf("%d calls were under way at once, want the 8 of one person and the 2 of the other", n)
	}
	gate.Open()
	tabs.Wait()
}

func TestB1APageWhoseTurnDoesNotComeIsSaidInWords(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	lead, pages := p.as("lead"), p.config.Requests.Pages
	revoke := p.address("/projects/{project}/agents/{agent}/tokens/{token}/revoke")
	form := hiddenFields(lead.get(revoke).doc.Find(`form[action$="/revoke"]`))
	pages.Wait = 10 * time.Millisecond
	for range 8 { // tabs that hang
		done, err := pages.Take(t.Context(), p.people["lead"])
		if err != nil {
			t.Fatal(err)
		}
		defer done()
	}
	got := lead.inChinese().get("/sessions")
	if got.status != http.StatusTooManyRequests || got.header.Get("Retry-After") == "" || !strings.Contains(got.text("h1"), "同时打开的页面过多") {
		t.Errorf("a page more = %d, Retry-After %q, %q", got.status, got.header.Get("Retry-After"), got.text("main"))
	}
	if got := p.as("dev").get("/sessions"); got.status != http.StatusOK {
		t.Errorf("another person's = %d, want 200", got.status)
	}
	form.Set("confirm", "prod")
	if got := lead.post(revoke, form); got.status != http.StatusSeeOther {
		t.Errorf("a revocation = %d, want it done", got.status)
	}
}

func TestB2StrangersCodesAreLimitedByTheirAddress(t *testing.T) {
	t.Parallel()
	p := behindProxy(t)
	lead := p.as("lead").from("192.0.2.1")
	stranger := p.visitor().from("192.0.2.1")
	refused := 0
	for range 700 {
		if got := stranger.get("/auth/callback?state=x&code=y"); got.status == http.StatusTooManyRequests {
			refused++
		}
	}
	if refused != 100 {
		t.Errorf("%d of 700 codes at once were refused, want 100", refused)
	}
	rows := len(p.audit())
	got := stranger.inChinese().get("/auth/callback?state=x&code=y")
	if got.header.Get("Retry-After") == "" || !strings.Contains(got.text("h1"), "登录次数过多") {
		t.Errorf("the refusal says %q, Retry-After %q", got.text("main"), got.header.Get("Retry-After"))
	}
	if n := len(p.audit()) - rows; n != 0 {
		t.Errorf("a refused code leaves %d rows, want none", n)
	}
	if got := p.visitor().from("192.0.2.2").signIn("/auth/login", "dev"); got.status != http.StatusSeeOther {
		t.Errorf("somebody at another address = %d, want to be signed in", got.status)
	}
	if got := lead.signIn("/auth/login", "lead"); got.status != http.StatusSeeOther {
		t.Errorf("who has signed in pays for their address: %d", got.status)
	}
	p.clock.Advance(time.Minute)
	if got := p.visitor().from("192.0.2.1").signIn("/auth/login", "dev"); got.status != http.StatusSeeOther {
		t.Errorf("a minute later = %d, want to be signed in", got.status)
	}
}

func TestB2RefusedChangesAreLimited(t *testing.T) {
	t.Parallel()
	p := behindProxy(t)
	lead := p.as("lead").from("192.0.2.1")
	path := p.agentPath(p.prod) + "/delete"
	for name, attacker := range map[string]struct {
		browser *browser
		most    int
	}{
		"an outsider": {p.as("outsider").from("192.0.2.1"), 120},
		"a visitor":   {p.visitor().from("192.0.2.1"), 300},
	} {
		before, refused := len(p.audit()), 0
		for range 400 {
			if attacker.browser.post(path, url.Values{"confirm": {"prod"}}).status == http.StatusTooManyRequests {
				refused++
			}
		}
		if want := 400 - attacker.most; refused != want {
			t.Errorf("%s: %d of 400 were refused for their number, want %d", name, refused, want)
		}
		if rows := len(p.audit()) - before; rows > attacker.most {
			t.Errorf("%s left %d rows, want at most %d", name, rows, attacker.most)
		}
	}
	revoke := p.address("/projects/{project}/agents/{agent}/tokens/{token}/revoke")
	if got := lead.submit(revoke, url.Values{"confirm": {"prod"}}); got.status != http.StatusSeeOther {
		t.Errorf("a revocation meanwhile, from the same address = %d, want it done", got.status)
	}
}

func TestB3ChangesOfAllKindsHaveOneAllowance(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	lead := p.as("lead")
	var agents []int64
	for i := range 22 {
		agents = append(agents, p.gitlab.AddAgent(gitlabtest.Agent{Project: p.project, Name: fmt.Sprint("a", i), CreatedBy: p.people["lead"]}))
	}
	lead.submit(p.agentPath(p.idle)+"/tokens/new", url.Values{"name": {"second"}})
	lead.submit(p.address("/projects/{project}/agents/{agent}/tokens/{token}/revoke"), url.Values{"confirm": {"prod"}})
	deleted := 0
	var last *answer
	for i, id := range agents {
		last = lead.submit(p.agentPath(id)+"/delete", url.Values{"confirm": {fmt.Sprint("a", i)}})
		if last.status == http.StatusOK {
			deleted++
		}
	}
	if want := budget.ChangesPerMinute - 2; deleted != want || p.gitlab.Calls(gitlabtest.OpDeleteAgent) != want {
		t.Errorf("%d agents deleted at once by %d calls, want %d", deleted, p.gitlab.Calls(gitlabtest.OpDeleteAgent), want)
	}
	if last.status != http.StatusTooManyRequests || last.header.Get("Retry-After") != "3" || !strings.Contains(last.text("main"), "3 s") {
		t.Errorf("the next one = %d, Retry-After %q, %q", last.status, last.header.Get("Retry-After"), last.text("main"))
	}
	p.clock.Advance(3 * time.Second)
	if got := lead.submit(p.agentPath(agents[21])+"/delete", url.Values{"confirm": {"a21"}}); got.status != http.StatusOK {
		t.Errorf("three seconds later = %d, want it deleted", got.status)
	}
}

func TestB4TheNinthStreamIsAnsweredKindly(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	lead, dev := p.as("lead"), p.as("dev")
	gate := gitlabtest.NewGate()
	p.gitlab.Inject(gitlabtest.OpListProjects, gitlabtest.Hold(gate))
	for range budget.StreamsPerPerson {
		response, err := lead.client.Do(lead.request(http.MethodGet, "/fleet/progress", nil))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = response.Body.Close() }()
	}
	ninth := lead.get("/fleet/progress")
	if ninth.status != http.StatusOK || !strings.Contains(ninth.body, "Too many tabs") || !strings.HasSuffix(ninth.body, "event: done\ndata: \n\n") {
		t.Errorf("the ninth stream = %d %q", ninth.status, ninth.body)
	}
	gate.Open()
	if got := dev.get("/fleet/progress"); !strings.Contains(got.body, "event: ready") {
		t.Errorf("another person's stream says %q", got.body)
	}
}

func TestTheLogSaysOnceThatAProxyIsNotTrusted(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	visitor := p.visitor()
	for i := range 300 {
		visitor.from(fmt.Sprintf("192.0.2.%d", i%250)).get("/help/status")
	}
	if n := strings.Count(p.logs.String(), "TRUSTED_PROXIES"); n != 1 {
		t.Errorf("the log says it %d times, want once", n)
	}
}
