package handlers_test

import (
	"cmp"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"gitlab-agent-portal/handlers"
	"gitlab-agent-portal/internal/session"
)

// cookiesOf walks through signing in, a choice of language, an action with a notice and
// signing out, and collects every cookie that is set on the way.
func (p *portal) cookiesOf(prefix string) (cookies []*http.Cookie, signOut *answer) {
	p.t.Helper()
	b := p.visitor()
	note := func(a *answer) *answer {
		cookies = append(cookies, (&http.Response{Header: a.header}).Cookies()...)
		return a
	}
	login := note(b.get(prefix + "/auth/login"))
	note(b.get(b.authorize(login.header.Get("Location"), "lead", "allow")))
	page := note(b.get(prefix + "/projects"))
	note(b.post(prefix+"/preferences", url.Values{"lang": {"en"}, "theme": {"dark"}}))
	note(b.submit(prefix+p.address("/projects/{project}/agents/new"), url.Values{"name": {"staging"}}))
	signOut = note(b.post(prefix+"/auth/logout", hiddenFields(page.doc.Find("form[action$='/auth/logout']"))))
	return cookies, signOut
}

func TestS1CookiesFollowThePublicAddress(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		setUp    func(*setUp)
		prefix   string
		cookie   string
		path     string
		secure   bool
		clearing bool
	}{
		{"https at the root", func(s *setUp) { s.behindTLS, s.cookie = true, "__Host-portal" }, "", "__Host-portal", "/", true, true},
		{"https with a path", func(s *setUp) { s.behindTLS, s.publicPath, s.cookie = true, "/agents", "__Secure-portal" }, "/agents", "__Secure-portal", "/agents/", true, false},
		{"http", func(*setUp) {}, "", "portal", "/", false, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			cookies, signOut := newPortal(t, tt.setUp).cookiesOf(tt.prefix)
			names := map[string]bool{}
			for _, c := range cookies {
				names[c.Name] = true
				if !strings.HasPrefix(c.Name, tt.cookie) || c.Path != tt.path || c.Secure != tt.secure || c.HttpOnly == (c.Name == tt.cookie+"-mark" && c.Value != "") || c.SameSite != http.SameSiteLaxMode || c.Domain != "" {
					t.Errorf("the cookie %s", c.Raw)
				}
			}
			for _, name := range []string{tt.cookie, tt.cookie + "-lang", tt.cookie + "-theme", tt.cookie + "-flash"} {
				if !names[name] {
					t.Errorf("the cookie %s was never set: %v", name, names)
				}
			}
			if got := signOut.header.Get("Clear-Site-Data") != ""; got != tt.clearing {
				t.Errorf("signing out clears the whole site: %v, want %v", got, tt.clearing)
			}
		})
	}
}

// Without a script, only the browser's own wiping keeps Back from showing what was read before.
func TestAPageIsKeptOnlyWhereSigningOutWipesIt(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		setUp        func(*setUp)
		prefix, want string
	}{
		"https at the root": {func(s *setUp) { s.behindTLS, s.cookie = true, "__Host-portal" }, "", "private, no-cache"},
		"https with a path": {func(s *setUp) { s.behindTLS, s.publicPath, s.cookie = true, "/agents", "__Secure-portal" }, "/agents", "no-store"},
		"one's own machine": {func(*setUp) {}, "", "private, no-cache"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newPortal(t, tt.setUp).visitor()
			b.get(b.authorize(b.get(tt.prefix+"/auth/login").header.Get("Location"), "lead", "allow"))
			if got := b.get(tt.prefix + "/projects"); got.status != http.StatusOK || got.header.Get("Cache-Control") != tt.want {
				t.Errorf("a page = %d, Cache-Control %q, want %q", got.status, got.header.Get("Cache-Control"), tt.want)
			}
		})
	}
}

func TestBrowsersWipeWhatIsOfHTTPSOrOfTheirOwnMachine(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]bool{
		"https://portal.example": true, "http://localhost:8080": true, "http://127.0.0.1:8080": true, "http://[::1]:8080": true,
		"http://portal.example": false, "http://10.0.0.1": false, "https://portal.example/agents/": false,
	} {
		public := must(url.Parse(address))(t)
		if got := handlers.Wipes(public, cmp.Or(public.Path, "/")); got != want {
			t.Errorf("of %s: %v, want %v", address, got, want)
		}
	}
}

func TestBehindAProxyEverythingIsHTTPS(t *testing.T) {
	t.Parallel()
	p := newPortal(t, func(s *setUp) { s.behindTLS, s.cookie = true, "__Host-portal" })
	lead := p.as("lead")
	got := lead.get("/projects")
	if got.status != http.StatusOK || got.header.Get("Strict-Transport-Security") == "" {
		t.Errorf("GET /projects = %d, Strict-Transport-Security %q", got.status, got.header.Get("Strict-Transport-Security"))
	}
	// A browser that sends no Sec-Fetch-Site proves itself by its Origin.
	own := &browser{p: p, client: lead.client, header: http.Header{"Origin": {p.server.URL}}}
	if got := own.submit(p.address("/projects/{project}/agents/new"), url.Values{"name": {"staging"}}); got.status != http.StatusSeeOther {
		t.Errorf("registering with an Origin = %d, want 303", got.status)
	}
}

func TestO3ForgedHeadersDoNotMoveThePortal(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	b := p.visitor()
	want := must(url.Parse(b.get("/auth/login").header.Get("Location")))(t).Query().Get("redirect_uri")
	for name, value := range map[string]string{
		"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "http", "Forwarded": "host=evil.example", "X-Forwarded-Prefix": "/evil",
		"X-Original-URL": "/evil", "X-Forwarded-Uri": "/healthz", "X_Forwarded_User": "root", "Host": "evil.example",
	} {
		r := b.request(http.MethodGet, "/auth/login", nil)
		r.Header.Set(name, value)
		if name == "Host" {
			r.Host = value
		}
		location := must(url.Parse(b.send(r).header.Get("Location")))(t)
		if got := location.Query().Get("redirect_uri"); got != want || location.Query().Get("scope") != "api" || location.Query().Get("code_challenge_method") != "S256" {
			t.Errorf("with %s: %s, the authorize address is %s", name, value, location)
		}
	}
}

func TestGitLabMayLiveBelowAPath(t *testing.T) {
	t.Parallel()
	p := newPortal(t, func(s *setUp) { s.gitlabPath = "/git/lab" })
	lead := p.as("lead")
	page := lead.get(p.agentPath(p.prod))
	if page.status != http.StatusOK || !strings.Contains(page.text("main"), "prod-token") {
		t.Errorf("GET the agent = %d: %s", page.status, page.text("main"))
	}
	list := lead.get(p.address("/projects/{project}/agents"))
	if want := p.gitlab.URL + "/shop/payments"; list.doc.Find("a[href='"+want+"']").Length() == 0 || !strings.HasSuffix(p.gitlab.URL, "/git/lab") {
		t.Errorf("the list does not lead to %s", want)
	}
}

func TestS3KeysAreReplacedWithoutLosingAnybody(t *testing.T) {
	t.Parallel()
	older, newer := session.NewKey(), session.NewKey()
	p := newPortal(t, func(s *setUp) { s.keys = session.Keys{older} })
	b := p.as("lead")
	p.restart(setUp{keys: session.Keys{newer, older}})
	got := b.get("/projects")
	if got.status != http.StatusOK || got.header.Get("Set-Cookie") == "" {
		t.Fatalf("with the new key in front: %d, Set-Cookie %q; want the session, signed anew", got.status, got.header.Get("Set-Cookie"))
	}
	p.restart(setUp{keys: session.Keys{newer}})
	if got := b.get("/projects"); got.status != http.StatusOK && got.status != http.StatusSeeOther {
		t.Errorf("without the old key: %d, want the session or the way to sign in", got.status)
	}
	stranger := p.visitor()
	p.restart(setUp{keys: session.Keys{session.NewKey()}})
	for name, b := range map[string]*browser{"a cookie of a forgotten key": b, "no cookie": stranger} {
		if got := b.get("/projects"); got.status != http.StatusSeeOther {
			t.Errorf("%s: %d, want the way to sign in", name, got.status)
		}
	}
}
