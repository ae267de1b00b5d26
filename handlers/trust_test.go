package handlers_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

func TestN1AnotherInstanceNeverGetsATokenOfTheOldOne(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	lead, under := p.as("lead"), p.visitor()
	back := under.authorize(under.get("/auth/login").header.Get("Location"), "lead", "allow")
	form := hiddenFields(lead.get("/projects").doc.Find(`form[action="/auth/logout"]`))
	p.gitlab.AddApplication(gitlabtest.Application{
		ID: "another-application", Secret: clientSecret, RedirectURIs: []string{p.public.String() + "/auth/callback"},
	})
	p.restart(setUp{keys: p.keys, application: "another-application"})
	before := len(p.gitlab.Requests())
	if got := lead.get("/projects"); got.status != http.StatusSeeOther || !strings.HasPrefix(got.header.Get("Location"), "/auth/login") {
		t.Errorf("GET /projects with a session of the other instance = %d to %q, want the way to sign in", got.status, got.header.Get("Location"))
	}
	lead.post("/auth/logout", form)
	if got := under.get(back); got.status != http.StatusBadRequest {
		t.Errorf("a sign-in that began at the other instance = %d, want 400", got.status)
	}
	p.revoked()
	if after := p.gitlab.Requests(); len(after) != before {
		t.Errorf("the instance was asked %+v on behalf of the other one", after[before:])
	}
}

// begin leaves a browser on its way back from GitLab.
func (b *browser) begin(username, decision string) (back string) {
	b.p.t.Helper()
	return b.authorize(b.get("/auth/login").header.Get("Location"), username, decision)
}

func TestN3WhateverEndsASessionEndsItsGrant(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		// act begins with somebody who is signed in.
		act func(p *portal, b *browser)
		// live is how many grants are left.
		live int
	}{
		{"three sign-ins leave the last one", func(_ *portal, b *browser) { b.signIn("/auth/login", "lead"); b.signIn("/auth/login", "lead") }, 1},
		{"a denied one", func(_ *portal, b *browser) { b.get(b.begin("lead", "deny")) }, 0},
		{"a refused code, which gets none", func(p *portal, b *browser) {
			p.gitlab.Inject(gitlabtest.OpExchangeCode, gitlabtest.InvalidGrant())
			b.get(b.begin("lead", "allow"))
		}, 0},
		{"a restricted account", func(p *portal, b *browser) {
			p.gitlab.Inject(gitlabtest.OpCurrentUser, gitlabtest.Message(http.StatusForbidden, "403 Forbidden - Your account has been blocked"))
			b.get(b.begin("lead", "allow"))
		}, 0},
		{"a GitLab that does not say who it is, which ends nothing else", func(p *portal, b *browser) {
			p.gitlab.Inject(gitlabtest.OpCurrentUser, gitlabtest.BadGateway())
			b.get(b.begin("lead", "allow"))
		}, 1},
		{"another scope", func(_ *portal, b *browser) {
			b.get(b.authorize(withScope(b.get("/auth/login").header.Get("Location"), "read_api"), "lead", "allow"))
		}, 0},
		{"a sign-in that the audit did not take", func(p *portal, b *browser) {
			back := b.begin("lead", "allow")
			p.database.Exec(p.t, `DROP TABLE audit`)
			b.get(back)
		}, 1},
		{"a sign-out", func(_ *portal, b *browser) { b.signOut() }, 0},
		{"a sign-out while GitLab fails at first", func(p *portal, b *browser) {
			p.gitlab.Inject(gitlabtest.OpOAuthRevoke, gitlabtest.BadGateway().Times(3))
			b.signOut()
		}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := newPortal(t)
			tt.act(p, p.as("lead"))
			p.gitlab.ClearFaults(gitlabtest.OpCurrentUser)
			p.revoked()
			if live := p.gitlab.LiveOAuthTokens(p.people["lead"]); live != tt.live {
				t.Errorf("%d grants are left at GitLab, want %d", live, tt.live)
			}
		})
	}
}

func TestN3ARevocationIsTriedAFewTimesOnly(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		fault gitlabtest.Fault
		calls int
	}{
		"a GitLab that stays down":           {gitlabtest.BadGateway(), 4},
		"a GitLab that knows no such client": {gitlabtest.OAuthError(http.StatusUnauthorized, "invalid_client", "Client authentication failed"), 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPortal(t)
			b := p.as("lead")
			p.gitlab.Inject(gitlabtest.OpOAuthRevoke, tt.fault)
			b.signOut()
			p.revoked()
			if calls := p.gitlab.Calls(gitlabtest.OpOAuthRevoke); calls != tt.calls {
				t.Errorf("GitLab was asked %d times, want %d", calls, tt.calls)
			}
			if n := strings.Count(p.logs.String(), `"revoking a GitLab token"`); n != 1 {
				t.Errorf("the log tells of it %d times, want once", n)
			}
		})
	}
}

func TestN3SigningOutWithoutARefreshTokenRevokesTheAccessToken(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	p.gitlab.Inject(gitlabtest.OpExchangeCode, gitlabtest.Edit(func(a *gitlabtest.Answer) {
		a.Body = bytes.Replace(a.Body, []byte(`"refresh_token"`), []byte(`"no_refresh_token"`), 1)
	}))
	p.as("lead").signOut()
	p.revoked()
	if live := p.gitlab.LiveOAuthTokens(p.people["lead"]); live != 0 {
		t.Errorf("%d grants are left at GitLab, want none", live)
	}
}

// withScope is GitLab's address for a sign-in that asks for another scope, as somebody may write it
// into the address bar.
func withScope(authorize, scope string) string {
	address, query, _ := strings.Cut(authorize, "?")
	values, _ := url.ParseQuery(query)
	values.Set("scope", scope)
	return address + "?" + values.Encode()
}

func TestN4SignInsUnderWayAreBounded(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	b := p.visitor()
	var backs []string
	for tab := range 40 {
		login := b.get(fmt.Sprintf("/auth/login?next=%%2Fprojects%%3Fpage%%3D%d", tab))
		backs = append(backs, b.authorize(login.header.Get("Location"), "lead", "allow"))
		p.clock.Advance(1)
	}
	if cookies := b.attempts(); len(cookies) != 5 || len(strings.Join(cookies, "; ")) > 2000 {
		t.Errorf("40 tabs leave %d cookies of %d bytes, want 5 of less than 2 kB", len(cookies), len(strings.Join(cookies, "; ")))
	}
	if got := b.get(backs[34]); got.status != http.StatusBadRequest {
		t.Errorf("the tab that is sixth from the last = %d, want 400: the oldest went", got.status)
	}
	if got := b.get(backs[35]); got.header.Get("Location") != "/projects?page=35" {
		t.Errorf("the oldest tab that was kept leads to %q", got.header.Get("Location"))
	}
	if cookies := b.attempts(); len(cookies) != 0 {
		t.Errorf("signing in leaves %d attempts, want none", len(cookies))
	}
	// The tabs that are late find that somebody has signed in, and take no second grant.
	if got := b.get(backs[39]); got.status != http.StatusSeeOther || got.header.Get("Location") != "/" {
		t.Errorf("a late tab = %d to %q, want 303 to /", got.status, got.header.Get("Location"))
	}
	if n := p.gitlab.Calls(gitlabtest.OpExchangeCode); n != 1 {
		t.Errorf("GitLab exchanged %d codes, want 1", n)
	}
}

func TestN4TabsThatAreRestoredAtOnceShareTheirPlaces(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	names := map[string]bool{}
	for range 40 { // none of these requests knows the cookies of the others
		for _, cookie := range (&http.Response{Header: p.visitor().get("/auth/login").header}).Cookies() {
			names[cookie.Name] = true
		}
	}
	if len(names) < 2 || len(names) > 5 {
		t.Errorf("40 requests at once set %d cookies, want a few", len(names))
	}
}

// attempts are the cookies of the sign-ins that are under way.
func (b *browser) attempts() []string {
	var found []string
	for _, cookie := range b.client.Jar.Cookies(b.p.public) {
		if strings.Contains(cookie.Name, "-signin-") {
			found = append(found, cookie.String())
		}
	}
	return found
}

func TestN4SignInStartsFromANavigationOnly(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	for _, lang := range []string{"en", "zh-CN"} {
		for mode, want := range map[string]int{
			"": http.StatusSeeOther, "navigate": http.StatusSeeOther,
			"no-cors": http.StatusForbidden, "cors": http.StatusForbidden, "same-origin": http.StatusForbidden, "websocket": http.StatusForbidden,
		} {
			b := p.visitor()
			b.header.Set("Accept-Language", lang)
			if mode != "" {
				b.header.Set("Sec-Fetch-Mode", mode)
			}
			got := b.get("/auth/login")
			if kept := len(b.attempts()) > 0; got.status != want || kept != (want == http.StatusSeeOther) {
				t.Errorf("signing in by %q = %d, with a cookie: %v", mode, got.status, kept)
			}
			if want == http.StatusForbidden && (got.text("h1") == "" || strings.Contains(got.body, "errors.")) {
				t.Errorf("signing in by %q in %s shows %q", mode, lang, got.text("main"))
			}
		}
	}
}

func TestN4SigningInIsNoReturnAddress(t *testing.T) {
	t.Parallel()
	for _, base := range []string{"", "/agents"} {
		p := newPortal(t, func(s *setUp) { s.publicPath = base })
		for _, next := range []string{"/auth/login", "/auth/login?next=%2Fauth%2Flogin", "/auth/callback?code=x&state=y", "/auth/logout"} {
			landed := p.visitor().signIn(base+"/auth/login?"+url.Values{"next": {base + next}}.Encode(), "lead")
			if got := landed.header.Get("Location"); got != base+"/" {
				t.Errorf("next=%q leads to %q, want the first page", base+next, got)
			}
		}
	}
}

func TestN4HeadCompletesNoSignIn(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	b := p.visitor()
	back := b.begin("lead", "allow")
	got := b.send(b.request(http.MethodHead, back, nil))
	if got.status != http.StatusMethodNotAllowed || got.header.Get("Allow") != http.MethodGet || len(got.header["Set-Cookie"]) != 0 {
		t.Errorf("HEAD of a callback = %d with Allow %q and cookies %v, want 405", got.status, got.header.Get("Allow"), got.header["Set-Cookie"])
	}
	if n := p.gitlab.Calls(gitlabtest.OpExchangeCode); n != 0 {
		t.Errorf("GitLab exchanged %d codes", n)
	}
	if got := b.get(back); got.status != http.StatusSeeOther {
		t.Errorf("GET afterwards = %d, want 303", got.status)
	}
}

func TestN4ACodeThatGitLabRefusesWritesNoNonce(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	b := p.visitor()
	for range 5 {
		state := must(url.Parse(b.get("/auth/login").header.Get("Location")))(t).Query().Get("state")
		b.get("/auth/callback?code=made-up&state=" + state)
	}
	for _, table := range []string{"used_nonces", "sessions"} {
		var rows int
		if err := p.database.Raw(t).QueryRowContext(t.Context(), `SELECT COUNT(*) FROM `+table).Scan(&rows); err != nil || rows != 0 {
			t.Errorf("%s has %d rows, %v, want none", table, rows, err)
		}
	}
}

func TestN5PortalsOnOneHostLeaveEachOtherAlone(t *testing.T) {
	t.Parallel()
	one, other := newPortal(t), newPortal(t) // with keys of their own, and, as it happens, one cookie's name
	b := one.as("lead")
	neighbour := other.as("lead").client.Jar.Cookies(other.public)
	mine := slices.Clone(b.client.Jar.Cookies(one.public))
	both := one.visitor()
	both.client.Jar = nil
	for _, path := range []string{"/", "/projects", "/auth/login", "/no-such-page"} {
		r := both.request(http.MethodGet, path, nil)
		for _, cookie := range slices.Concat(neighbour, mine) {
			r.AddCookie(cookie)
		}
		got := both.send(r)
		if path == "/projects" && !strings.Contains(got.text("header"), "Lead Person") {
			t.Errorf("GET %s beside another portal's cookie = %d, want the person", path, got.status)
		}
		r = both.request(http.MethodGet, path, nil)
		for _, cookie := range neighbour {
			r.AddCookie(cookie)
		}
		for _, cookie := range (&http.Response{Header: both.send(r).header}).Cookies() {
			if cookie.Name == "portal" {
				t.Errorf("GET %s with another portal's cookie alone sets %s", path, cookie.Raw)
			}
		}
	}
}

func TestN6TheGrantedScopeIsTheConfiguredOne(t *testing.T) {
	t.Parallel()
	none := gitlabtest.Edit(func(a *gitlabtest.Answer) { a.Body = bytes.Replace(a.Body, []byte(`"scope"`), []byte(`"no_scope"`), 1) })
	tests := []struct {
		name, asked string
		readOnly    bool
		fault       *gitlabtest.Fault
		want        int
	}{
		{"as asked", "api", false, nil, http.StatusSeeOther},
		{"as asked, twice", "api api", false, nil, http.StatusSeeOther},
		{"less", "read_api", false, nil, http.StatusForbidden},
		{"more", "api read_api", false, nil, http.StatusForbidden},
		{"more than a portal that reads", "api", true, nil, http.StatusForbidden},
		{"none", "api", false, &none, http.StatusForbidden},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := newPortal(t, func(s *setUp) { s.readOnly = tt.readOnly })
			if tt.fault != nil {
				p.gitlab.Inject(gitlabtest.OpExchangeCode, *tt.fault)
			}
			for _, lang := range []string{"en", "zh-CN"} {
				b := p.visitor()
				b.header.Set("Accept-Language", lang)
				got := b.get(b.authorize(withScope(b.get("/auth/login").header.Get("Location"), tt.asked), "lead", "allow"))
				if got.status != tt.want || strings.Contains(got.body, "errors.") {
					t.Errorf("the callback = %d %q, want %d", got.status, got.text("main"), tt.want)
				}
				if after := b.get("/projects"); (after.status == http.StatusOK) != (tt.want == http.StatusSeeOther) {
					t.Errorf("GET /projects afterwards = %d", after.status)
				}
			}
		})
	}
}

func TestN6ASessionOfAnotherScopeEnds(t *testing.T) {
	t.Parallel()
	for name, readOnlyAtFirst := range map[string]bool{"more than is configured now": false, "less than is configured now": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPortal(t, func(s *setUp) { s.readOnly = readOnlyAtFirst })
			b := p.as("lead")
			p.restart(setUp{keys: p.keys, readOnly: !readOnlyAtFirst})
			if got := b.get("/projects"); got.status != http.StatusSeeOther || !strings.HasPrefix(got.header.Get("Location"), "/auth/login") {
				t.Errorf("GET /projects = %d to %q, want the way to sign in", got.status, got.header.Get("Location"))
			}
			p.revoked()
			if live := p.gitlab.LiveOAuthTokens(p.people["lead"]); live != 0 {
				t.Errorf("%d grants are left at GitLab, want none", live)
			}
			if landed := b.signIn("/auth/login", "lead"); landed.status != http.StatusSeeOther {
				t.Errorf("signing in again = %d, want 303", landed.status)
			}
		})
	}
}
