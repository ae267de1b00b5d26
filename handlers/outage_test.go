package handlers_test

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

// load has a page loaded so often, by several tabs at once, and counts the answers by their status.
func (b *browser) load(times int, paths ...string) map[int]int {
	b.p.t.Helper()
	statuses := make(chan int)
	const tabs = 8
	for range tabs {
		go func() {
			for i := range times / tabs {
				got := b.get(paths[i%len(paths)])
				status := got.status
				if status == http.StatusServiceUnavailable && (got.header.Get("Retry-After") == "" || got.text("h1") == "") {
					status = 0 // an answer that does not say when to come back
				}
				statuses <- status
			}
		}()
	}
	seen := map[int]int{}
	for range times / tabs * tabs {
		seen[<-statuses]++
	}
	return seen
}

// pages are some that ask GitLab for different things.
func (p *portal) pages() []string {
	return []string{"/projects", p.address("/projects/{project}/agents"), p.agentPath(p.prod)}
}

// allCalls is how many requests GitLab saw since its counters were reset.
func (p *portal) allCalls() int { return len(p.gitlab.Requests()) }

func TestAGitLabThatIsDownIsLeftAlone(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]gitlabtest.Fault{
		"answers 502": gitlabtest.BadGateway(), "answers 503": gitlabtest.EmptyUnavailable(), "cuts connections": gitlabtest.Cut(),
	} {
		t.Run("one that "+name, func(t *testing.T) {
			t.Parallel()
			p := newPortal(t)
			lead := p.as("lead")
			p.gitlab.ResetCounters()
			p.gitlab.Inject("", fault)
			seen := lead.load(600, p.pages()...)
			if n := p.allCalls(); n > 60 {
				t.Errorf("600 pages cost %d calls, want no more than 60", n)
			}
			if seen[http.StatusServiceUnavailable] < 500 || seen[http.StatusServiceUnavailable]+seen[http.StatusBadGateway] != 600 {
				t.Errorf("the pages were answered with %v, want 503 and Retry-After, and 502 for the first", seen)
			}
			p.gitlab.ResetCounters()
			p.clock.Advance(5 * time.Second)
			lead.load(80, p.pages()...)
			if n := p.allCalls(); n == 0 || n > 3 {
				t.Errorf("after a pause %d calls try, want one, which may be repeated", n)
			}
			p.gitlab.ClearFaults("")
			p.clock.Advance(5 * time.Second)
			lead.get("/projects")
			if seen := lead.load(80, p.pages()...); seen[http.StatusOK] != 80 {
				t.Errorf("once GitLab is back the pages are %v, want 200", seen)
			}
		})
	}
}

func TestAPersonWhomGitLabLimitsIsLeftAloneAndNobodyElse(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	lead, dev := p.as("lead"), p.as("dev")
	p.gitlab.ResetCounters()
	p.gitlab.Inject("", gitlabtest.Throttled(time.Minute).ForUser("lead"))
	if seen := lead.load(400, p.pages()...); seen[http.StatusServiceUnavailable] != 400 {
		t.Errorf("the limited person's pages are %v, want 503 and Retry-After", seen)
	}
	if n := p.allCalls(); n > 16 {
		t.Errorf("400 pages cost %d calls, want no more than were under way at first", n)
	}
	for _, path := range p.pages() {
		if got := dev.get(path); got.status != http.StatusOK {
			t.Errorf("GET %s by somebody else = %d, want 200", path, got.status)
		}
	}
	p.gitlab.ClearFaults("")
	p.clock.Advance(50 * time.Second)
	if got := lead.get("/projects"); got.header.Get("Retry-After") != "10" {
		t.Errorf("after 50 s of a minute: %d, Retry-After %q, want 10", got.status, got.header.Get("Retry-After"))
	}
	p.clock.Advance(10 * time.Second)
	if got := lead.get("/projects"); got.status != http.StatusOK {
		t.Errorf("after the minute: %d, want 200", got.status)
	}
}

func TestALimitOfOneEndpointLeavesTheOthersAlone(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	lead := p.as("lead")
	p.gitlab.Inject(gitlabtest.OpListProjects, gitlabtest.Edit(func(a *gitlabtest.Answer) {
		a.Status, a.Body = http.StatusTooManyRequests, []byte(`{"message":{"error":"This endpoint has been requested too many times. Try again later."}}`)
		a.Header.Set("Retry-After", "60")
	}))
	if got := lead.get("/projects"); got.status != http.StatusServiceUnavailable {
		t.Errorf("the list = %d, want 503", got.status)
	}
	if got := lead.get(p.agentPath(p.prod)); got.status != http.StatusOK {
		t.Errorf("an agent = %d, want 200", got.status)
	}
	p.gitlab.ResetCounters()
	if got := lead.get("/projects"); got.status != http.StatusServiceUnavailable || p.gitlab.Calls(gitlabtest.OpListProjects) != 0 {
		t.Errorf("the list once more = %d after %d calls, want 503 without one", got.status, p.gitlab.Calls(gitlabtest.OpListProjects))
	}
}

func TestMaintenanceIsForEverybody(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	lead, dev := p.as("lead"), p.as("dev")
	p.gitlab.Inject("", gitlabtest.OAuthUnavailable(10*time.Minute)) // as a proxy says it of the whole instance
	lead.get("/projects")
	p.gitlab.ResetCounters()
	if got := dev.get("/projects"); got.status != http.StatusServiceUnavailable || got.header.Get("Retry-After") != "600" || p.allCalls() != 0 {
		t.Errorf("somebody else's page = %d, Retry-After %q after %d calls, want 503, 600 and none", got.status, got.header.Get("Retry-After"), p.allCalls())
	}
	p.gitlab.ClearFaults("")
	p.clock.Advance(time.Minute)
	if got := dev.get("/projects"); got.status != http.StatusOK {
		t.Errorf("a minute later, with GitLab back early = %d, want 200", got.status)
	}
}

func TestARevocationIsSentWhateverIsKnownOfGitLab(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]gitlabtest.Fault{
		"that was down": gitlabtest.BadGateway(), "in maintenance": gitlabtest.OAuthUnavailable(time.Hour), "that limits the person": gitlabtest.Throttled(time.Hour),
	} {
		t.Run("by a GitLab "+name, func(t *testing.T) {
			t.Parallel()
			p := newPortal(t)
			lead := p.as("lead")
			p.gitlab.Inject("", fault)
			lead.load(40, p.pages()...)
			p.gitlab.ClearFaults("")
			if got := lead.get("/projects"); got.status != http.StatusServiceUnavailable {
				t.Fatalf("a page = %d, want that it is held back", got.status)
			}
			got := lead.submit(p.address("/projects/{project}/agents/{agent}/tokens/{token}/revoke"), url.Values{"confirm": {"prod"}})
			if got.status != http.StatusSeeOther || p.gitlab.Calls(gitlabtest.OpRevokeToken) != 1 {
				t.Errorf("the revocation = %d after %d calls: %s", got.status, p.gitlab.Calls(gitlabtest.OpRevokeToken), got.text("main"))
			}
		})
	}
}

func TestACreateThatIsHeldBackHasNotBegun(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	lead := p.as("lead")
	action, values := lead.form(p.agentPath(p.idle) + "/tokens/new")
	values.Set("name", "second")
	p.gitlab.Inject("", gitlabtest.BadGateway())
	lead.load(40, p.pages()...)
	p.gitlab.ClearFaults("")
	got := lead.post(action, values)
	if wait, _ := strconv.Atoi(got.header.Get("Retry-After")); got.status != http.StatusServiceUnavailable || wait < 1 || wait > 5 || !strings.Contains(got.text("body"), "Nothing was changed") {
		t.Errorf("a create = %d, Retry-After %q: %s", got.status, got.header.Get("Retry-After"), got.text("body"))
	}
	if n := p.gitlab.Calls(gitlabtest.OpCreateToken); n != 0 {
		t.Errorf("GitLab saw %d creates, want none", n)
	}
	p.clock.Advance(5 * time.Second)
	if got := lead.post(action, values); got.status != http.StatusOK || p.gitlab.Calls(gitlabtest.OpCreateToken) != 1 {
		t.Errorf("the same form afterwards = %d after %d creates, want the token", got.status, p.gitlab.Calls(gitlabtest.OpCreateToken))
	}
}

func TestRetriesAreBounded(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	lead := p.as("lead")
	p.gitlab.ResetCounters()
	p.gitlab.Inject(gitlabtest.OpListProjects, gitlabtest.Status(http.StatusInternalServerError))
	lead.load(400, "/projects")
	if n := p.gitlab.Calls(gitlabtest.OpListProjects); n < 400 || n > 460 {
		t.Errorf("400 lists cost %d calls, want a tenth and a few more", n)
	}
}
