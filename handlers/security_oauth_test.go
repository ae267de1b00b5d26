package handlers_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

// cookieValue is what the browser keeps under name.
func (b *browser) cookieValue(name string) string {
	for _, cookie := range b.client.Jar.Cookies(b.p.public) {
		if cookie.Name == name {
			return cookie.Value
		}
	}
	return ""
}

func TestO1AStateOfTheWrongLengthIsRefused(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	for _, change := range []func(string) string{
		func(state string) string { return state[:1] }, func(state string) string { return state[:len(state)-1] },
		func(state string) string { return state + "A" }, func(state string) string { return strings.Repeat(state, 500) }, strings.ToLower,
	} {
		b := p.visitor()
		back := must(url.Parse(b.authorize(b.get("/auth/login").header.Get("Location"), "lead", "allow")))(t)
		query := back.Query()
		state := query.Get("state")
		if len(state) < 26 { // 26 characters of base32 are 130 bits
			t.Errorf("the state %q holds less than 128 bits", state)
		}
		query.Set("state", change(state))
		if got := b.get(back.Path + "?" + query.Encode()); got.status != http.StatusBadRequest {
			t.Errorf("the state %.40q in place of %q = %d, want 400", query.Get("state"), state, got.status)
		}
		if b.cookieValue("portal") != "" {
			t.Error("a refused callback left a session")
		}
	}
	if n := p.gitlab.Posts(gitlabtest.OpExchangeCode); n != 0 {
		t.Errorf("GitLab saw %d exchanges, want none", n)
	}
}

func TestO2EachSignInHasAChallengeOfItsOwn(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	seen := map[string]bool{}
	for range 5 {
		query := must(url.Parse(p.visitor().get("/auth/login").header.Get("Location")))(t).Query()
		challenge := query.Get("code_challenge")
		if query.Get("code_challenge_method") != "S256" || len(challenge) != 43 || seen[challenge] {
			t.Errorf("challenge %q by %q, want a fresh one by S256", challenge, query.Get("code_challenge_method"))
		}
		seen[challenge] = true
	}
	// A cookie of another sign-in holds another verifier, which GitLab refuses.
	b := p.visitor()
	first := must(url.Parse(b.authorize(b.get("/auth/login").header.Get("Location"), "lead", "allow")))(t)
	second := must(url.Parse(b.authorize(b.get("/auth/login").header.Get("Location"), "lead", "allow")))(t)
	mixed := url.Values{"state": {first.Query().Get("state")}, "code": {second.Query().Get("code")}}
	if got := b.get(first.Path + "?" + mixed.Encode()); got.status != http.StatusBadGateway || b.cookieValue("portal") != "" {
		t.Errorf("a code with the verifier of another sign-in = %d, want that GitLab refuses it", got.status)
	}
}

func TestO5SignInDrawsAFreshSession(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	attacker := p.as("dev")
	planted := attacker.cookieValue("portal")
	victim := p.visitor()
	victim.client.Jar.SetCookies(p.public, []*http.Cookie{{Name: "portal", Value: planted, Path: "/"}})
	if got := victim.signIn("/auth/login", "lead"); got.status != http.StatusSeeOther {
		t.Fatalf("signing in with a planted cookie = %d", got.status)
	}
	if own := victim.cookieValue("portal"); own == planted || own == "" {
		t.Error("the planted session lives on after the sign-in")
	}
	if got := attacker.get("/projects"); got.status != http.StatusSeeOther {
		t.Errorf("the planted cookie = %d, want a visitor's answer", got.status)
	}
}

func TestO9ARefreshIsSentOnce(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]gitlabtest.Fault{
		"500": gitlabtest.Status(http.StatusInternalServerError), "401 of the client": gitlabtest.OAuthError(http.StatusUnauthorized, "invalid_client", "no"),
		"502 in HTML": gitlabtest.BadGateway(), "a cut connection": gitlabtest.Cut(),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPortal(t)
			lead := p.as("lead")
			p.clock.Advance(3 * time.Hour)
			p.gitlab.Inject(gitlabtest.OpRefreshToken, fault)
			if got := lead.get("/projects"); got.status < http.StatusInternalServerError {
				t.Errorf("GET /projects = %d, want an error of GitLab's", got.status)
			}
			if n := p.gitlab.Posts(gitlabtest.OpRefreshToken); n != 1 {
				t.Errorf("GitLab saw %d refreshes, want 1", n)
			}
			p.gitlab.ClearFaults("")
			if got := lead.get("/projects"); got.status != http.StatusOK {
				t.Errorf("GET /projects afterwards = %d, want that the session lives", got.status)
			}
		})
	}
}

func TestO12APersonIsTheNumericID(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	p.as("lead").readsTheFleet()
	// The e-mail and the display name of the lead, and an address that two parsers read differently.
	for username, email := range map[string]string{"impostor": "lead@example.com", "multi": "lead@example.com@evil.example"} {
		p.gitlab.AddUser(gitlabtest.User{Username: username, Name: "Lead Person", Email: email})
		p.as(username).seesNothingOfTheLeads(username)
	}
	// The same account after its login and its e-mail changed.
	p.gitlab.Inject(gitlabtest.OpCurrentUser, gitlabtest.Edit(func(a *gitlabtest.Answer) {
		var user map[string]any
		if err := json.Unmarshal(a.Body, &user); err != nil {
			t.Errorf("the answer of /user: %v", err)
		}
		user["username"], user["email"] = "renamed", "root@gitlab.example"
		a.Body, _ = json.Marshal(user)
	}))
	renamed := p.as("lead")
	if got := renamed.get(p.agentPath(p.prod) + "/tokens/new"); got.status != http.StatusOK {
		t.Errorf("the renamed lead's form = %d, want 200", got.status)
	}
	for _, line := range p.logLines() {
		if line["status"] == 200.0 && line["path"] == p.agentPath(p.prod)+"/tokens/new" && line["user"] != float64(p.people["lead"]) {
			t.Errorf("the log names user %v, want %d", line["user"], p.people["lead"])
		}
	}
}

func TestO13TheScopeIsWhatWasConfigured(t *testing.T) {
	t.Parallel()
	for _, readOnly := range []bool{false, true} {
		p := newPortal(t, func(s *setUp) { s.readOnly = readOnly })
		want := map[bool]string{false: "api", true: "read_api"}[readOnly]
		query := must(url.Parse(p.visitor().get("/auth/login?scope=sudo").header.Get("Location")))(t).Query()
		if got := query["scope"]; len(got) != 1 || got[0] != want {
			t.Errorf("scope = %q, want %q", got, want)
		}
	}
}

func TestO15NothingIsShownFromAnotherPersonsReads(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	lead, outsider := p.as("lead"), p.as("outsider")
	lead.readsTheFleet()
	outsider.seesNothingOfTheLeads("an outsider")
	for _, path := range []string{p.address("/projects/{project}/agents"), p.agentPath(p.prod), p.agentPath(p.prod) + "?tab=connect", "/go/shop/payments"} {
		if got := lead.get(path); got.status >= http.StatusBadRequest {
			t.Errorf("GET %s as the lead = %d", path, got.status)
		}
		if got := outsider.get(path); got.status != http.StatusNotFound || strings.Contains(got.text("main"), "prod-token") {
			t.Errorf("GET %s as an outsider right after = %d, want 404", path, got.status)
		}
	}
	if got := outsider.get("/projects"); strings.Contains(got.body, "payments") {
		t.Error("the outsider's list names the lead's project")
	}
}

// logLines are the lines of the log. A line that is no JSON fails the test.
func (p *portal) logLines() []map[string]any {
	p.t.Helper()
	var lines []map[string]any
	for text := range strings.Lines(p.logs.String()) {
		line := map[string]any{}
		if err := json.Unmarshal([]byte(text), &line); err != nil || line["msg"] == nil {
			p.t.Errorf("a line of the log is no entry: %v: %q", err, text)
		}
		lines = append(lines, line)
	}
	return lines
}
