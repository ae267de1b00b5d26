package handlers_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
	"gitlab-agent-portal/handlers"
)

// maxCookie is what every browser keeps of a cookie's name and value.
const maxCookie = 4096

// wantKept fails for a cookie that browsers would drop.
func wantKept(t *testing.T, what string, got *answer) {
	t.Helper()
	for _, cookie := range (&http.Response{Header: got.header}).Cookies() {
		if size := len(cookie.Name) + len(cookie.Value); size > maxCookie {
			t.Errorf("%s sets %s with %d bytes, want at most %d", what, cookie.Name, size, maxCookie)
		}
	}
}

// TestS2HugeTokensOfGitLabsSignIn lets GitLab give out tokens of 3 kB each: they do not fit
// into a cookie, and a portal that keeps them there sends people round in circles.
func TestS2HugeTokensOfGitLabsSignIn(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	p.gitlab.Inject(gitlabtest.OpExchangeCode, gitlabtest.Edit(func(a *gitlabtest.Answer) {
		var pair map[string]any
		if err := json.Unmarshal(a.Body, &pair); err != nil {
			t.Errorf("the answer of /oauth/token: %v", err)
		}
		pair["access_token"], pair["refresh_token"] = strings.Repeat("a", 3000), strings.Repeat("r", 3000)
		a.Body, _ = json.Marshal(pair)
	}))
	asked := 0
	p.gitlab.Inject(gitlabtest.OpCurrentUser, gitlabtest.Reply(http.StatusOK, "application/json", fmt.Sprintf(`{"id":%d,"username":"lead","name":"Lead"}`, p.people["lead"])).When(func(r *http.Request) bool {
		if r.Header.Get("Authorization") == "Bearer "+strings.Repeat("a", 3000) {
			asked++
		}
		return true
	}))
	p.gitlab.Inject(gitlabtest.OpListProjects, gitlabtest.Reply(http.StatusOK, "application/json", "[]"))
	b := p.visitor()
	landed := b.signIn("/auth/login", "lead")
	wantKept(t, "the callback", landed)
	if got := b.get("/projects"); landed.status != http.StatusSeeOther || got.status != http.StatusOK || asked == 0 {
		t.Errorf("the callback = %d, the page after it = %d, want the person signed in with the long token", landed.status, got.status)
	}
}

func TestS2NoCookieIsLargerThanBrowsersKeep(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	for _, next := range []string{"/projects?q=" + strings.Repeat("x", 900), "/projects?q=" + strings.Repeat("x", 3000), "/projects?q=" + strings.Repeat("%E4%BB%A3", 3000), "/projects?" + strings.Repeat("q&", 500)} {
		b := p.visitor()
		login := b.get("/auth/login?" + url.Values{"next": {next}}.Encode())
		wantKept(t, fmt.Sprintf("signing in with %d bytes to return to", len(next)), login)
		if landed := b.get(b.authorize(login.header.Get("Location"), "lead", "allow")); landed.status != http.StatusSeeOther {
			t.Errorf("signing in with %d bytes to return to = %d, want 303", len(next), landed.status)
		}
	}
	lead := p.as("lead")
	name := strings.Repeat("<", 255) // JSON writes six characters for each
	token := p.gitlab.AddToken(gitlabtest.Token{Agent: p.idle, Name: name, CreatedBy: p.people["lead"]})
	wantKept(t, "revoking a token with a long name", lead.submit(fmt.Sprintf("%s/tokens/%d/revoke", p.agentPath(p.idle), token), nil))
	if notice := lead.get(p.agentPath(p.idle)).text("#notice"); !strings.Contains(notice, name) {
		t.Errorf("the notice for a long name: %q", notice)
	}
	// A name that no GitLab has today does not fit. The action is done all the same, and the
	// operator is told.
	token = p.gitlab.AddToken(gitlabtest.Token{Agent: p.idle, Name: strings.Repeat("n", 5000), CreatedBy: p.people["lead"]})
	got := lead.submit(fmt.Sprintf("%s/tokens/%d/revoke", p.agentPath(p.idle), token), nil)
	wantKept(t, "revoking a token with a name of 5000 characters", got)
	if got.status != http.StatusSeeOther || !strings.Contains(p.logs.String(), "browsers keep 4096") {
		t.Errorf("revoking a token with a name of 5000 characters = %d, told to the log: %v", got.status, strings.Contains(p.logs.String(), "browsers keep 4096"))
	}
}

// TestS1EveryCookieIsOurs reads each Set-Cookie of each route in each of the three modes.
func TestS1EveryCookieIsOurs(t *testing.T) {
	t.Parallel()
	for name, mode := range map[string]struct {
		setUp      func(*setUp)
		base, path string
		secure     bool
	}{
		"__Host-portal":   {func(s *setUp) { s.behindTLS, s.cookie = true, "__Host-portal" }, "", "/", true},
		"__Secure-portal": {func(s *setUp) { s.behindTLS, s.publicPath, s.cookie = true, "/agents", "__Secure-portal" }, "/agents", "/agents/", true},
		"portal":          {func(*setUp) {}, "", "/", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPortal(t, mode.setUp)
			seen := 0
			for _, route := range handlers.Routes() {
				for _, cookie := range []string{"", name + "=garbled", name + "-flash=garbled", name + "-lang=garbled"} {
					b := p.visitor()
					r := b.request(route.Method, mode.base+p.address(route.Pattern), url.Values{"lang": {"en"}, "theme": {"dark"}})
					r.Header.Set("Cookie", cookie)
					for _, c := range (&http.Response{Header: b.send(r).header}).Cookies() {
						seen++
						if !strings.HasPrefix(c.Name, name) || c.Path != mode.path || c.Secure != mode.secure || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Domain != "" {
							t.Errorf("%s %s sets %s", route.Method, route.Pattern, c.Raw)
						}
					}
				}
			}
			if seen < 10 {
				t.Errorf("the sweep saw %d cookies, want many", seen)
			}
		})
	}
}

func TestS4ABadCookieIsLeftAloneAndToldToTheLogOnce(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	for _, value := range []string{"canary-of-a-cookie", strings.Repeat("canary", 500), "Y2FuYXJ5fGNhbmFyeXxjYW5hcnk="} {
		b := p.visitor()
		r := b.request(http.MethodGet, "/projects", nil)
		r.Header.Set("Cookie", "portal="+value)
		got := b.send(r)
		for _, cookie := range (&http.Response{Header: got.header}).Cookies() {
			if cookie.Name == "portal" {
				t.Errorf("GET /projects with the cookie %.20q sets %s", value, cookie.Raw)
			}
		}
		if got.status != http.StatusSeeOther {
			t.Errorf("GET /projects with the cookie %.20q = %d, want the way to sign in", value, got.status)
		}
	}
	told := 0
	for _, line := range p.logLines() {
		if strings.Contains(fmt.Sprint(line["msg"]), "cookie") {
			told++
		}
	}
	if told != 1 || strings.Contains(p.logs.String(), "canary") || strings.Contains(p.logs.String(), "Y2FuYXJ5") {
		t.Errorf("the log tells of the cookies %d times, and their values: %v", told, strings.Contains(p.logs.String(), "canary"))
	}
}

// TestC5HTTPSIsStrictOnEveryAnswer is C5 for what only a portal on https says.
func TestC5HTTPSIsStrictOnEveryAnswer(t *testing.T) {
	t.Parallel()
	p := newPortal(t, func(s *setUp) { s.behindTLS, s.cookie, s.readyPanics = true, "__Host-portal", true })
	lead := p.as("lead")
	asset := lead.get("/projects").doc.Find("link[rel=stylesheet]").AttrOr("href", "")
	unchanged := lead.request(http.MethodGet, asset, nil)
	unchanged.Header.Set("If-Modified-Since", "Tue, 24 Nov 2026 12:00:00 GMT")
	for name, tt := range map[string]struct {
		got    *answer
		status int
	}{
		"a page": {lead.get("/projects"), 200}, "a redirect": {p.visitor().get("/projects"), 303}, "an asset asked for again": {lead.send(unchanged), 200},
		"no session": {p.visitor().post(p.agentPath(p.prod)+"/delete", url.Values{}), 401}, "cross-site": {(&browser{p: p, client: lead.client, header: http.Header{"Origin": {"null"}}}).post("/preferences", url.Values{}), 403},
		"not found": {lead.get("/nothing"), 404}, "the wrong method": {lead.get("/auth/logout"), 405}, "a panic": {lead.get("/readyz"), 500},
		"an asset": {lead.get(asset), 200}, "a probe": {lead.get("/healthz"), 200}, "a fragment": {lead.htmx("dialog-body").get(p.agentPath(p.prod) + "/delete"), 200},
	} {
		if got := tt.got.header.Get("Strict-Transport-Security"); tt.got.status != tt.status || !strings.HasPrefix(got, "max-age=63072000") {
			t.Errorf("%s = %d with Strict-Transport-Security %q, want %d with two years", name, tt.got.status, got, tt.status)
		}
		for _, header := range []string{"X-Content-Type-Options", "Referrer-Policy", "Cross-Origin-Opener-Policy", "Cross-Origin-Resource-Policy", "Content-Security-Policy"} {
			if tt.got.header.Get(header) == "" {
				t.Errorf("%s (%d) lacks %s", name, tt.got.status, header)
			}
		}
	}
}

// TestC6ACacheNeverMixesPageAndFragment plays a cache that keeps everything, even what must
// not be stored, and tells answers apart only by address and Vary.
func TestC6ACacheNeverMixesPageAndFragment(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	lead := p.as("lead")
	type entry struct{ fragment, body string }
	kept := map[string]entry{}
	for _, route := range handlers.Routes() {
		if route.Method != http.MethodGet || strings.HasPrefix(route.Pattern, "/auth") {
			continue
		}
		for fragment, b := range map[string]*browser{"page": lead, "fragment": lead.htmx("dialog-body")} {
			r := b.request(http.MethodGet, p.address(route.Pattern), nil)
			got := b.send(r)
			key := route.Pattern
			for _, names := range got.header.Values("Vary") {
				for name := range strings.SplitSeq(names, ",") {
					key += "|" + r.Header.Get(strings.TrimSpace(name))
				}
			}
			body := strings.ReplaceAll(got.body, got.header.Get("X-Request-Id"), "")
			if other, ok := kept[key]; ok && other.fragment != fragment && strings.Contains(other.body, "<html") != strings.Contains(body, "<html") {
				t.Errorf("a cache would answer for %s with the %s in place of the %s", route.Pattern, other.fragment, fragment)
			}
			kept[key] = entry{fragment, body}
		}
	}
	if len(kept) < 10 {
		t.Errorf("the cache keeps %d answers, want many", len(kept))
	}
}

// TestT7SecretsOfAnyShapeAreShownAsTheyAre is about instances that prefix their tokens and
// versions that make them longer.
func TestT7SecretsOfAnyShapeAreShownAsTheyAre(t *testing.T) {
	t.Parallel()
	for _, secret := range []string{
		"corp-glagent-" + strings.Repeat("A", 50), "glagent-" + strings.Repeat("b", 56), strings.Repeat("c", 64), strings.Repeat("D", 128),
		"glagent-ends-with-", "glagent-ends-with_", "-begins", "glagent-a.b.01.120abcdef", "q7Zx", "with+plus/and=equals", strings.Repeat("é", 20),
	} {
		p := newPortal(t)
		p.gitlab.Configure(func(s *gitlabtest.Settings) { s.NewSecret = func(int64, int64) string { return secret } })
		lead := p.as("lead")
		if got := secretIn(t, lead.submit(p.agentPath(p.prod)+"/tokens/new", url.Values{"name": {"second"}})); got != secret {
			t.Errorf("the page shows %q, want %q", got, secret)
		}
		got := lead.submit(p.address("/projects/{project}/agents/new"), url.Values{"name": {"staging"}, "first_token": {"1"}})
		if shown := secretIn(t, got); shown != secret {
			t.Errorf("the page of a registration shows %q, want %q", shown, secret)
		}
	}
}
