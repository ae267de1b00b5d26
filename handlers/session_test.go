package handlers_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

func TestO8ARefusedTokenIsRenewedAndTheSessionGoesOn(t *testing.T) {
	t.Parallel()
	for name, refusal := range map[string]gitlabtest.Fault{
		"expired early": gitlabtest.TokenExpired(), "revoked": gitlabtest.TokenRevoked(), "without a reason": gitlabtest.Status(http.StatusUnauthorized),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPortal(t)
			lead := p.as("lead")
			p.gitlab.Inject(gitlabtest.OpListAgents, refusal.Times(1))
			if got := lead.get(p.address("/projects/{project}/agents")); got.status != http.StatusOK {
				t.Errorf("the page = %d, want that it is read again with a renewed token", got.status)
			}
			action, values := lead.form(p.agentPath(p.idle) + "/tokens/new")
			values.Set("name", "second")
			p.gitlab.Inject(gitlabtest.OpCreateToken, refusal.Times(1))
			if got := lead.post(action, values); got.status != http.StatusServiceUnavailable || p.gitlab.Calls(gitlabtest.OpCreateToken) != 1 {
				t.Errorf("a refused create = %d after %d calls, want 503 and no second call", got.status, p.gitlab.Calls(gitlabtest.OpCreateToken))
			}
			if got := lead.submit(p.agentPath(p.idle)+"/tokens/new", url.Values{"name": {"second"}}); got.status != http.StatusOK {
				t.Errorf("the form once more = %d, want the token", got.status)
			}
		})
	}
}

func TestO8ATokenRefusedTwiceEndsNoSessionEither(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	lead := p.as("lead")
	page := p.address("/projects/{project}/agents")
	p.gitlab.Inject(gitlabtest.OpListAgents, gitlabtest.TokenRevoked().Times(2))
	got := lead.get(page)
	if got.status != http.StatusServiceUnavailable || got.doc.Find(`main a[href="`+page+`"]`).Length() != 1 {
		t.Errorf("GET %s = %d %s, want 503 and the way to try again", page, got.status, got.text("main"))
	}
	if got := lead.get(page); got.status != http.StatusOK {
		t.Errorf("GET %s once more = %d, want 200", page, got.status)
	}
}

func TestO8ASessionThatEndedIsTakenUpWhereItWas(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	lead := p.as("lead")
	page := p.agentPath(p.prod) + "?tab=connect"
	p.clock.Advance(3 * time.Hour)
	p.gitlab.Inject(gitlabtest.OpRefreshToken, gitlabtest.InvalidGrant())
	got := lead.get(page)
	login := got.doc.Find(`main a[href^="/auth/login"]`).AttrOr("href", "")
	if got.status != http.StatusUnauthorized || got.doc.Find("h1").Length() != 1 || login == "" {
		t.Fatalf("GET %s = %d %s, want 401 with the way to sign in", page, got.status, got.text("main"))
	}
	p.gitlab.ClearFaults("")
	back := lead.signIn(login, "lead")
	if location := back.header.Get("Location"); location != page {
		t.Fatalf("after signing in: Location = %q, want %q", location, page)
	}
	if got := lead.get(page); got.status != http.StatusOK {
		t.Errorf("GET %s after signing in = %d, want 200", page, got.status)
	}
}

func TestO8ARefusalThatIsOutOfDateEndsNoSession(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	lead := p.as("lead")
	p.clock.Advance(3 * time.Hour)
	gate := gitlabtest.NewGate()
	p.gitlab.Inject(gitlabtest.OpRefreshToken, gitlabtest.Hold(gate).Times(1))
	p.gitlab.Inject(gitlabtest.OpRefreshToken, gitlabtest.InvalidGrant().Times(1))
	answered := make(chan *answer, 1)
	go func() { answered <- lead.get("/projects") }()
	if err := gate.Await(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	// Another replica saves a pair that it had kept while the database was away.
	p.database.Exec(t, `UPDATE sessions SET version = version + 1`)
	gate.Open()
	if got := <-answered; got.status != http.StatusServiceUnavailable {
		t.Errorf("GET /projects = %d, want that it has to be sent once more", got.status)
	}
	if got := lead.get("/projects"); got.status != http.StatusOK {
		t.Errorf("GET /projects once more = %d, want that the session goes on", got.status)
	}
}
