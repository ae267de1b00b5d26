package handlers_test

import (
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
	"gitlab-agent-portal/handlers"
	"gitlab-agent-portal/views"
)

// TestC1WhereAChangeComesFrom walks the whole matrix on a real server: what the browser says
// decides, and the form's nonce where it says nothing.
func TestC1WhereAChangeComesFrom(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	lead := p.as("lead")
	strangers := p.as("dev").nonce()
	origins := map[string]string{"ours": p.server.URL, "evil": "https://evil.example", "opaque": "null", "absent": ""}
	for _, site := range []string{"same-origin", "none", "same-site", "cross-site", ""} {
		for name, origin := range origins {
			header := http.Header{}
			if site != "" {
				header.Set("Sec-Fetch-Site", site)
			}
			if origin != "" {
				header.Set("Origin", origin)
			}
			b := &browser{p: p, client: lead.client, header: header}
			if got := b.get("/projects"); got.status != http.StatusOK {
				t.Errorf("GET with Sec-Fetch-Site %q and an origin %s = %d, want 200", site, name, got.status)
			}
			// The browser's word on the site stands above the origin, which it also writes.
			trusted := site == "same-origin" || site == "none" || site == "" && (name == "ours" || name == "absent")
			action, values := lead.form(p.agentPath(p.prod) + "/delete")
			values.Set("confirm", "not the name")
			want := map[bool]int{true: http.StatusUnprocessableEntity, false: http.StatusForbidden}[trusted]
			if got := b.post(action, values); got.status != want {
				t.Errorf("POST with Sec-Fetch-Site %q and an origin %s = %d, want %d", site, name, got.status, want)
			}
			if trusted && site == "" && name == "absent" {
				want = http.StatusForbidden
			}
			for proof, nonce := range map[string]string{"no nonce": "", "somebody else's nonce": strangers} {
				values.Set("nonce", nonce)
				if got := b.post(action, values); got.status != want {
					t.Errorf("the same with %s, Sec-Fetch-Site %q and an origin %s = %d, want %d", proof, site, name, got.status, want)
				}
			}
			for _, method := range []string{http.MethodPut, http.MethodPatch, http.MethodDelete} {
				if got := b.send(b.request(method, p.agentPath(p.prod)+"/delete", values)); got.status != http.StatusMethodNotAllowed {
					t.Errorf("%s = %d, want 405", method, got.status)
				}
			}
		}
	}
	if n := p.changes(); n != 0 {
		t.Errorf("GitLab saw %d changes, want none", n)
	}
}

// nonce is the proof that the forms of this browser's pages carry.
func (b *browser) nonce() string {
	b.p.t.Helper()
	form := b.get("/projects").doc.Find("form:has([name=nonce])").First()
	return hiddenFields(form).Get("nonce")
}

func TestC1SignOutNeedsItsNonceToo(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	lead := p.as("lead")
	bare := &browser{p: p, client: lead.client, header: http.Header{}}
	for proof, nonce := range map[string]string{"no nonce": "", "somebody else's nonce": p.as("dev").nonce()} {
		if got := bare.post("/auth/logout", url.Values{"nonce": {nonce}}); got.status != http.StatusForbidden {
			t.Errorf("signing out with %s = %d, want 403", proof, got.status)
		}
	}
	if got := lead.get("/projects"); got.status != http.StatusOK {
		t.Errorf("the session after that = %d, want that it lives", got.status)
	}
}

// TestP18APlainOriginOfOurHostIsNoProof sends what a page over http of the portal's own host
// would send, which somebody on the way may have written.
func TestP18APlainOriginOfOurHostIsNoProof(t *testing.T) {
	t.Parallel()
	p := newPortal(t, func(s *setUp) { s.behindTLS, s.cookie = true, "__Host-portal" })
	lead := p.as("lead")
	action, values := lead.form(p.agentPath(p.prod) + "/delete")
	values.Set("confirm", "not the name")
	for origin, want := range map[string]int{
		p.server.URL: http.StatusUnprocessableEntity, strings.Replace(p.server.URL, "https", "http", 1): http.StatusForbidden,
	} {
		b := &browser{p: p, client: lead.client, header: http.Header{"Origin": {origin}}}
		if got := b.post(action, values); got.status != want {
			t.Errorf("POST from %s = %d, want %d", origin, got.status, want)
		}
	}
}

func TestC2ReadsChangeNothing(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	lead := p.as("lead")
	p.gitlab.ResetCounters()
	for _, route := range handlers.Routes() {
		if route.Method != http.MethodGet || strings.HasPrefix(route.Pattern, "/auth") {
			continue
		}
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			for _, query := range []string{"", "?confirm=prod&name=x&first_token=1&_method=POST&nonce=x"} {
				r := lead.request(method, p.address(route.Pattern)+query, nil)
				r.Header.Set("X-Http-Method-Override", http.MethodPost)
				lead.send(r)
			}
		}
	}
	asked := p.gitlab.Requests()
	if len(asked) < 20 {
		t.Errorf("the sweep led to %d requests, want many", len(asked))
	}
	for _, r := range asked {
		if r.Method != http.MethodGet && r.Op != gitlabtest.OpGraphQL {
			t.Errorf("reading led to %s %s", r.Method, r.Path)
		}
	}
	if len(p.gitlab.Agents(p.project)) != 2 {
		t.Error("reading changed the agents")
	}
}

func TestC5ErrorsWearTheHeadersToo(t *testing.T) {
	t.Parallel()
	p := newPortal(t, func(s *setUp) { s.readyPanics = true })
	lead := p.as("lead")
	asset := lead.get("/projects").doc.Find("link[rel=stylesheet]").AttrOr("href", "")
	unchanged := lead.request(http.MethodGet, asset, nil)
	unchanged.Header.Set("If-None-Match", lead.get(asset).header.Get("Etag"))
	huge := url.Values{"name": {strings.Repeat("x", 1<<20)}}
	p.gitlab.Inject(gitlabtest.OpGetProject, gitlabtest.BadGateway())
	for name, got := range map[string]*answer{
		"a panic": lead.get("/readyz"), "an asset asked for again": lead.send(unchanged), "too large": lead.post("/preferences", huge),
		"GitLab down": lead.get(p.agentPath(p.prod)), "refused as cross-site": (&browser{p: p, client: lead.client, header: http.Header{"Origin": {"null"}}}).post("/preferences", url.Values{}),
	} {
		for header, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin",
			"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin",
		} {
			if value := got.header.Get(header); value != want {
				t.Errorf("%s (%d): %s = %q, want %q", name, got.status, header, value, want)
			}
		}
		if !strings.Contains(got.header.Get("Content-Security-Policy"), "default-src 'none'") {
			t.Errorf("%s (%d) has no Content-Security-Policy", name, got.status)
		}
	}
}

// TestC6OnlySignedInPagesWithoutASecretComeBack: the browser may keep them for Back, which its script
// checks; a page with a secret (TestT1), of a visitor or about a mistake it keeps nowhere.
func TestC6OnlySignedInPagesWithoutASecretComeBack(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	lead := p.as("lead")
	for _, path := range []string{"/", "/nowhere", p.agentPath(p.prod)} {
		if got := p.visitor().get(path); got.status != http.StatusSeeOther && got.header.Get("Cache-Control") != "no-store" {
			t.Errorf("GET %s by a visitor (%d): Cache-Control %q", path, got.status, got.header.Get("Cache-Control"))
		}
	}
	if got := lead.get(p.agentPath(999)); got.header.Get("Cache-Control") != "no-store" {
		t.Errorf("what does not exist (%d): Cache-Control %q", got.status, got.header.Get("Cache-Control"))
	}
	for _, route := range handlers.Routes() {
		if route.Method != http.MethodGet || strings.HasPrefix(route.Pattern, "/static") {
			continue
		}
		want := "private, no-cache"
		if !route.SignedIn && route.Pattern != views.PatternHome {
			want = "no-store"
		}
		for name, b := range map[string]*browser{"page": lead, "fragment": lead.htmx("dialog-body")} {
			got := b.get(p.address(route.Pattern))
			isHTML := strings.HasPrefix(got.header.Get("Content-Type"), "text/html") && got.body != ""
			if isHTML && got.status < 300 && got.header.Get("Cache-Control") != want {
				t.Errorf("GET %s as a %s (%d): Cache-Control %q, want %q", route.Pattern, name, got.status, got.header.Get("Cache-Control"), want)
			}
			if isHTML && got.status < 300 && !strings.Contains(strings.Join(got.header.Values("Vary"), ","), "HX-Request-Type") {
				t.Errorf("GET %s as a %s does not vary by HX-Request-Type", route.Pattern, name)
			}
		}
	}
}

// TestP25TheFormsProofStaysHere looks where each form of each page goes.
func TestP25TheFormsProofStaysHere(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	lead := p.as("lead")
	forms := 0
	for _, route := range handlers.Routes() {
		if route.Method != http.MethodGet || !route.SignedIn {
			continue
		}
		page := lead.get(p.address(route.Pattern))
		page.doc.Find("form").Each(func(_ int, form *goquery.Selection) {
			forms++
			action, method := form.AttrOr("action", ""), form.AttrOr("method", "get")
			if method == "dialog" {
				return // it is sent nowhere
			}
			if !strings.HasPrefix(action, "/") || strings.HasPrefix(action, "//") {
				t.Errorf("GET %s: a form goes to %q", route.Pattern, action)
			}
			if method == "get" && form.Find("[name=nonce]").Length() != 0 {
				t.Errorf("GET %s: a form puts its nonce into an address: %q", route.Pattern, action)
			}
			if method == "post" && form.Find("[name=nonce]").Length() != 1 {
				t.Errorf("GET %s: the form to %q proves nothing", route.Pattern, action)
			}
		})
		if links := page.doc.Find("a[href*='nonce=']").Length(); links != 0 {
			t.Errorf("GET %s: %d links carry a nonce", route.Pattern, links)
		}
	}
	if forms < 10 {
		t.Errorf("the sweep saw %d forms, want many", forms)
	}
}

// TestP19NothingBypassesTheCrossSiteCheck reads the source: a pattern that bypasses the check
// matched more than it said in Go before 1.25.1.
func TestP19NothingBypassesTheCrossSiteCheck(t *testing.T) {
	t.Parallel()
	for _, pattern := range []string{"*.go", "../internal/*/*.go", "../cmd/*/*.go"} {
		for _, file := range must(filepath.Glob(pattern))(t) {
			source := string(must(os.ReadFile(file))(t))
			if !strings.HasSuffix(file, "_test.go") && (strings.Contains(source, "AddInsecureBypassPattern") || strings.Contains(source, "AddTrustedOrigin")) {
				t.Errorf("%s makes an exception from the cross-site check", file)
			}
		}
	}
	if module := string(must(os.ReadFile("../go.mod"))(t)); !strings.Contains(module, "\ngo 1.26") {
		t.Error("go.mod allows a Go whose cross-site check had a hole")
	}
}

// TestP23ForbiddenAndUnknownFormsReadTheSame is the other half of P23: what is refused to a
// form must not tell more than what is refused to a page.
func TestP23ForbiddenAndUnknownFormsReadTheSame(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	outsider := p.as("outsider")
	values := hiddenFields(outsider.get("/projects").doc.Find("form[action='/auth/logout']"))
	maps.Copy(values, url.Values{"name": {"x"}, "confirm": {"prod"}})
	read := func(path string) string {
		got := outsider.post(path, values)
		if got.status != http.StatusNotFound {
			t.Errorf("POST %s = %d, want 404", path, got.status)
		}
		return strings.ReplaceAll(got.text("main"), got.header.Get("X-Request-Id"), "")
	}
	if hidden, absent := read(p.agentPath(p.prod)+"/delete"), read("/projects/999999/agents/1/delete"); hidden != absent {
		t.Errorf("hidden reads %q, absent %q", hidden, absent)
	}
}
