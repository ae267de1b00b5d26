package handlers_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

func TestSignInReturnsToThePageAskedFor(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	b := p.visitor()
	asked := p.address("/projects/{project}/agents?page=2")
	landed := b.signIn(b.get(asked).header.Get("Location"), "lead")
	if got := landed.header.Get("Location"); got != asked {
		t.Errorf("after signing in: Location = %q, want %q", got, asked)
	}
	if got := b.get("/projects"); got.status != http.StatusOK || !strings.Contains(got.text("header"), "Lead Person") {
		t.Errorf("GET /projects after signing in = %d with header %q", got.status, got.text("header"))
	}
}

func TestO4ReturnToIsAPathOfOurs(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	for _, next := range []string{
		"//evil.example", `/\evil.example`, `\\evil.example`, "/%09/evil.example", "/\t/evil.example", "/./\\evil.example",
		"https:evil.example", "https://evil.example/projects", "javascript:alert(1)", "/%5cevil.example", "/%2f%2fevil.example",
		"/%252f%252fevil.example", "//user@evil.example", "/..//evil.example", "/.//evil.example", "projects", "", " /projects", "/projects\r\nX: y",
		"/projects/../..//evil.example", "/projects#x", "http://127.0.0.1/",
	} {
		b := p.visitor()
		landed := b.signIn("/auth/login?"+url.Values{"next": {next}}.Encode(), "lead")
		if got := landed.header.Get("Location"); got != "/" {
			t.Errorf("next=%q leads to %q, want /", next, got)
		}
	}
}

func TestDenyEndsOnAFriendlyPage(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	b := p.visitor()
	got := b.follow(b.authorize(b.get("/auth/login").header.Get("Location"), "lead", "deny"))
	if got.status != http.StatusForbidden || got.doc.Find(`main a[href="/auth/login"]`).Length() != 1 {
		t.Errorf("after Deny: %d %q, want 403 with a way to sign in", got.status, got.text("main"))
	}
	if after := b.get("/projects"); after.status != http.StatusSeeOther {
		t.Errorf("GET /projects after Deny = %d, want no session", after.status)
	}
}

func TestO1StateIsBoundToTheBrowser(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	start := func() (*browser, *url.URL) {
		b := p.visitor()
		back := b.authorize(b.get("/auth/login").header.Get("Location"), "lead", "allow")
		return b, must(url.Parse(back))(t)
	}
	with := func(u *url.URL, change func(url.Values)) string {
		query := u.Query()
		change(query)
		return u.Path + "?" + query.Encode()
	}
	tests := []struct {
		name string
		try  func(b *browser, back *url.URL) *answer
	}{
		{"without state", func(b *browser, back *url.URL) *answer {
			return b.get(with(back, func(q url.Values) { q.Del("state") }))
		}},
		{"with an empty state", func(b *browser, back *url.URL) *answer {
			return b.get(with(back, func(q url.Values) { q.Set("state", "") }))
		}},
		{"with another state", func(b *browser, back *url.URL) *answer {
			return b.get(with(back, func(q url.Values) { q.Set("state", strings.Repeat("A", 26)) }))
		}},
		{"in another browser", func(_ *browser, back *url.URL) *answer { return p.visitor().get(back.RequestURI()) }},
		{"without anything", func(b *browser, back *url.URL) *answer { return b.get(back.Path) }},
	}
	for _, tt := range tests {
		b, back := start()
		before := p.gitlab.Calls(gitlabtest.OpExchangeCode)
		if got := tt.try(b, back); got.status != http.StatusBadRequest || got.doc.Find("h1").Length() != 1 {
			t.Errorf("a callback %s = %d, want our 400 page", tt.name, got.status)
		}
		if p.gitlab.Calls(gitlabtest.OpExchangeCode) != before {
			t.Errorf("a callback %s asked GitLab for a token", tt.name)
		}
	}
}

func TestO1StateWorksOnceAndForTenMinutes(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	b := p.visitor()
	cookies := b.client.Jar
	back := b.authorize(b.get("/auth/login").header.Get("Location"), "lead", "allow")
	u := must(url.Parse(back))(t)
	attempt := cookies.Cookies(u)
	if got := b.get(back); got.status != http.StatusSeeOther {
		t.Fatalf("the first callback = %d, want 303", got.status)
	}
	cookies.SetCookies(u, attempt) // a browser that kept the cookie, or somebody who copied it
	if got := b.get(back); got.status != http.StatusBadRequest {
		t.Errorf("the same callback a second time = %d, want 400", got.status)
	}

	late := p.visitor()
	lateBack := late.authorize(late.get("/auth/login").header.Get("Location"), "lead", "allow")
	p.clock.Advance(11 * time.Minute)
	if got := late.get(lateBack); got.status != http.StatusBadRequest {
		t.Errorf("a callback after 11 minutes = %d, want 400", got.status)
	}
}

func TestP13AFailedExchangeLeavesNoSession(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		op      string
		fault   gitlabtest.Fault
		status  int
		heading string
	}{
		{"a code that is used up", gitlabtest.OpExchangeCode, gitlabtest.InvalidGrant(), http.StatusBadGateway, "did not complete"},
		{"a wrong client secret", gitlabtest.OpExchangeCode, gitlabtest.OAuthError(http.StatusUnauthorized, "invalid_client", "Client authentication failed"), http.StatusBadGateway, "does not know this portal"},
		{"a GitLab under maintenance", gitlabtest.OpExchangeCode, gitlabtest.OAuthUnavailable(time.Minute), http.StatusServiceUnavailable, "is busy"},
		{"a blocked person", gitlabtest.OpCurrentUser, gitlabtest.Message(http.StatusForbidden, "403 Forbidden - Your account has been blocked"), http.StatusForbidden, "account is blocked"},
		{"a person who has not accepted the terms", gitlabtest.OpCurrentUser, gitlabtest.Message(http.StatusForbidden, "403 Forbidden - You (@lead) must accept the Terms of Service in order to perform this action."), http.StatusForbidden, "terms of service"},
		{"a proxy's page in place of who it is", gitlabtest.OpCurrentUser, gitlabtest.SignInPage(), http.StatusBadGateway, "Something between"},
		{"a GitLab that is down", gitlabtest.OpExchangeCode, gitlabtest.BadGateway(), http.StatusBadGateway, "cannot be reached"},
		{"a page that only says invalid_grant", gitlabtest.OpExchangeCode, gitlabtest.Reply(http.StatusBadGateway, "text/html", "invalid_grant"), http.StatusBadGateway, "cannot be reached"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := newPortal(t)
			p.gitlab.Inject(tt.op, tt.fault)
			b := p.visitor()
			got := b.signIn("/auth/login", "lead")
			if got.status != tt.status || !strings.Contains(got.text("h1"), tt.heading) {
				t.Errorf("the callback = %d %q, want %d %q", got.status, got.text("h1"), tt.status, tt.heading)
			}
			if strings.Contains(got.body, "code=") || strings.Contains(got.body, "state=") {
				t.Errorf("the page repeats the callback's query: %s", got.body)
			}
			if n := p.gitlab.Posts(gitlabtest.OpExchangeCode); n != 1 {
				t.Errorf("GitLab saw %d exchanges, want 1", n)
			}
			if after := b.get("/projects"); after.status != http.StatusSeeOther {
				t.Errorf("GET /projects afterwards = %d, want no session", after.status)
			}
		})
	}
}

func TestO1TwoTabsMaySignInAtOnce(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	b := p.visitor()
	first := b.authorize(b.get("/auth/login").header.Get("Location"), "lead", "allow")
	second := b.authorize(b.get("/auth/login").header.Get("Location"), "lead", "allow")
	for name, back := range map[string]string{"first": first, "second": second} {
		if got := b.get(back); got.status != http.StatusSeeOther {
			t.Errorf("the %s tab's callback = %d, want 303", name, got.status)
		}
	}
}

func TestO6SignOutEndsTheSessionHereAndAtGitLab(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	b := p.as("lead")
	session := b.client.Jar.Cookies(must(url.Parse(p.server.URL))(t))
	page := b.get("/projects")
	form := page.doc.Find(`form[action="/auth/logout"]`)
	if form.Length() != 1 {
		t.Fatalf("the page has %d sign-out forms", form.Length())
	}
	got := b.post("/auth/logout", hiddenFields(form))
	if got.status != http.StatusSeeOther || got.header.Get("Location") != "/" {
		t.Errorf("signing out = %d to %q, want 303 to /", got.status, got.header.Get("Location"))
	}
	p.revoked()
	if p.gitlab.Calls(gitlabtest.OpOAuthRevoke) != 1 {
		t.Errorf("GitLab saw %d revocations, want 1", p.gitlab.Calls(gitlabtest.OpOAuthRevoke))
	}
	thief := p.visitor()
	thief.client.Jar.SetCookies(must(url.Parse(p.server.URL))(t), session)
	if got := thief.get("/projects"); got.status != http.StatusSeeOther {
		t.Errorf("a cookie from before the sign-out = %d, want the way to sign in", got.status)
	}
}

func TestO6SignOutWorksWhileGitLabIsDown(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	b := p.as("lead")
	form := hiddenFields(b.get("/projects").doc.Find(`form[action="/auth/logout"]`))
	p.gitlab.Inject("", gitlabtest.BadGateway())
	if got := b.post("/auth/logout", form); got.status != http.StatusSeeOther {
		t.Errorf("signing out = %d, want 303", got.status)
	}
	if got := b.get("/projects"); got.status != http.StatusSeeOther || !strings.HasPrefix(got.header.Get("Location"), "/auth/login") {
		t.Errorf("GET /projects after signing out = %d, want the way to sign in", got.status)
	}
}

func TestO6SignOutDoesNotWaitForAGitLabThatHangs(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	b := p.as("lead")
	session := b.client.Jar.Cookies(must(url.Parse(p.server.URL))(t))
	form := hiddenFields(b.get("/projects").doc.Find(`form[action="/auth/logout"]`))
	gate := gitlabtest.NewGate()
	t.Cleanup(gate.Open)
	p.gitlab.Inject(gitlabtest.OpOAuthRevoke, gitlabtest.Hold(gate))
	if got := b.post("/auth/logout", form); got.status != http.StatusSeeOther || got.header.Get("Location") != "/" {
		t.Errorf("signing out = %d to %q, want 303 to /", got.status, got.header.Get("Location"))
	}
	thief := p.visitor()
	thief.client.Jar.SetCookies(must(url.Parse(p.server.URL))(t), session)
	if got := thief.get("/projects"); got.status != http.StatusSeeOther {
		t.Errorf("a cookie from before the sign-out = %d, want the way to sign in", got.status)
	}
	if err := gate.Await(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	hung, cancel := context.WithCancel(t.Context())
	cancel()
	p.config.Revocations.Close(hung)
	if line := p.logged("could not be revoked before the stop"); line.Level != "WARN" {
		t.Errorf("a stop while GitLab hangs is logged as %+v", line)
	}
}

func TestO6AStopWaitsForTheTokensOfWhoSignedOut(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	b := p.as("lead")
	form := hiddenFields(b.get("/projects").doc.Find(`form[action="/auth/logout"]`))
	gate := gitlabtest.NewGate()
	p.gitlab.Inject(gitlabtest.OpOAuthRevoke, gitlabtest.Hold(gate))
	b.post("/auth/logout", form)
	if err := gate.Await(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	gate.Open()
	p.config.Revocations.Close(t.Context())
	for _, r := range p.gitlab.Requests() {
		if r.Op == gitlabtest.OpOAuthRevoke && r.Status != http.StatusOK {
			t.Errorf("GitLab answered the revocation with %d, want it done before the stop", r.Status)
		}
	}
	if strings.Contains(p.logs.String(), "could not be revoked") || strings.Contains(p.logs.String(), "revoking the GitLab token") {
		t.Errorf("the log says %s", p.logs)
	}
}

func TestRevocationsThatAGitLabKeepsWaitingAreBounded(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	gate := gitlabtest.NewGate()
	t.Cleanup(gate.Open)
	p.gitlab.Inject(gitlabtest.OpOAuthRevoke, gitlabtest.Hold(gate))
	pair := gitlabapi.TokenPair{Refresh: gitlabapi.NewSecret("refresh-token")}
	for range 1000 + 4 {
		p.config.Revocations.Revoke(t.Context(), pair)
	}
	if n := strings.Count(p.logs.String(), "a GitLab token was not revoked"); n != 4 {
		t.Errorf("%d revocations were given up at once, want those beyond 1000", n)
	}
	if err := gate.Await(t.Context(), 16); err != nil {
		t.Fatal(err)
	}
	if n := p.gitlab.Calls(gitlabtest.OpOAuthRevoke); n != 16 {
		t.Errorf("GitLab has %d revocations at once, want 16", n)
	}
}

func TestO10TheGitLabTokenIsRenewedAheadOfItsEnd(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	b := p.as("lead")
	p.clock.Advance(2*time.Hour - 30*time.Second)
	if got := b.get("/projects"); got.status != http.StatusOK {
		t.Errorf("GET /projects half a minute before the token ends = %d, want 200", got.status)
	}
	if got := p.gitlab.Calls(gitlabtest.OpRefreshToken); got != 1 {
		t.Errorf("GitLab saw %d refreshes, want 1", got)
	}
	p.clock.Advance(3 * time.Hour)
	if got := b.get("/projects"); got.status != http.StatusOK {
		t.Errorf("GET /projects long after the token ended = %d, want 200", got.status)
	}
}

func TestO8ARevokedGrantEndsTheSessionKindly(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	b := p.as("lead")
	p.gitlab.RevokeOAuthTokens(p.people["lead"])
	got := b.get("/projects")
	if got.status != http.StatusUnauthorized || got.doc.Find(`main a[href="/auth/login?next=%2Fprojects"]`).Length() != 1 {
		t.Errorf("GET /projects = %d %s, want 401 with the way back", got.status, got.body)
	}
	if got := b.get("/projects"); got.status != http.StatusSeeOther {
		t.Errorf("GET /projects again = %d, want no session", got.status)
	}
}

func TestO8AGitLabThatIsDownKeepsTheSession(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	b := p.as("lead")
	p.clock.Advance(3 * time.Hour)
	p.gitlab.Inject("", gitlabtest.BadGateway())
	if got := b.get("/projects"); got.status != http.StatusBadGateway {
		t.Errorf("GET /projects while GitLab is down = %d, want 502", got.status)
	}
	p.gitlab.ClearFaults("")
	if got := b.get("/projects"); got.status != http.StatusOK {
		t.Errorf("GET /projects once GitLab is back = %d, want 200", got.status)
	}
}

func TestS4BadSessionCookiesAreVisitors(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	for _, value := range []string{"", "x", strings.Repeat("A", 3000), "MTIz|abc|def", "%00", `"quoted"`} {
		b := p.visitor()
		r := b.request(http.MethodGet, "/projects", nil)
		r.Header.Set("Cookie", "portal="+value)
		if got := b.send(r); got.status != http.StatusSeeOther {
			t.Errorf("GET /projects with the cookie %.20q = %d, want 303", value, got.status)
		}
	}
}

func TestPreferencesAreKept(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	b := p.as("lead")
	got := b.post("/preferences", url.Values{"lang": {"zh-CN"}, "theme": {"dark"}, "next": {"/projects?q=pay"}})
	if got.status != http.StatusSeeOther || got.header.Get("Location") != "/projects?q=pay" {
		t.Errorf("POST /preferences = %d to %q", got.status, got.header.Get("Location"))
	}
	page := b.get("/projects")
	if lang, theme := page.doc.Find("html").AttrOr("lang", ""), page.doc.Find("html").AttrOr("data-theme", ""); lang != "zh-CN" || theme != "dark" {
		t.Errorf("afterwards lang = %q, data-theme = %q", lang, theme)
	}
	b.post("/preferences", url.Values{"lang": {"klingon"}, "theme": {"auto"}, "next": {"//evil.example"}})
	page = b.get("/projects")
	if lang, theme := page.doc.Find("html").AttrOr("lang", ""), page.doc.Find("html").AttrOr("data-theme", ""); lang != "zh-CN" || theme != "" {
		t.Errorf("after nonsense lang = %q, data-theme = %q", lang, theme)
	}
}

func TestPagesCallTheInstanceByItsName(t *testing.T) {
	t.Parallel()
	for jihu, want := range map[bool]string{true: "使用极狐GitLab 登录", false: "使用 GitLab 登录"} {
		p := newPortal(t, func(s *setUp) { s.jihu = jihu })
		b := p.visitor()
		b.header.Set("Accept-Language", "zh-CN")
		if got := b.get("/"); !strings.Contains(got.text("main"), want) {
			t.Errorf("JiHu %v: the welcome says %q, want %q", jihu, got.text("main"), want)
		}
	}
}
