package handlers_test

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"gitlab-agent-portal/handlers"
	"gitlab-agent-portal/views"
)

// address fills the ids of the seeded project into a pattern of the route table.
func (p *portal) address(pattern string) string {
	if strings.Contains(pattern, "{alert}") {
		pattern = strings.ReplaceAll(pattern, "{alert}", strconv.FormatInt(p.anAlert(), 10))
	}
	return strings.NewReplacer(
		"{$}", "", "{path...}", "shop/payments",
		"{project}", strconv.FormatInt(p.project, 10),
		"{agent}", strconv.FormatInt(p.prod, 10),
		"{token}", strconv.FormatInt(p.prodToken, 10),
	).Replace(pattern)
}

func TestVisitorsAreSentToSignIn(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	for _, route := range handlers.Routes() {
		if !route.SignedIn {
			continue
		}
		address := p.address(route.Pattern)
		if route.Method != http.MethodGet {
			got := p.visitor().post(address, url.Values{"name": {"x"}})
			if got.status != http.StatusUnauthorized || got.doc.Find(`main a[href^="/auth/login"]`).Length() == 0 {
				t.Errorf("POST %s by a visitor = %d, want 401 with a link to sign in", address, got.status)
			}
			continue
		}
		got := p.visitor().get(address)
		if location := got.header.Get("Location"); got.status != http.StatusSeeOther || !strings.HasPrefix(location, "/auth/login") {
			t.Errorf("GET %s by a visitor = %d to %q, want 303 to sign in", address, got.status, location)
		}
		fragment := p.visitor().htmx("main").get(address)
		if redirect := fragment.header.Get("HX-Redirect"); !strings.HasPrefix(redirect, "/auth/login") {
			t.Errorf("GET %s as a fragment by a visitor: HX-Redirect = %q, want sign in", address, redirect)
		}
	}
}

func TestC1ChangesFromElsewhereAreRefused(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	lead := p.as("lead")
	tests := []struct {
		name   string
		header http.Header
		status int
	}{
		{"from another site", http.Header{"Sec-Fetch-Site": {"cross-site"}}, http.StatusForbidden},
		{"from a sibling host", http.Header{"Sec-Fetch-Site": {"same-site"}}, http.StatusForbidden},
		{"from another origin without Sec-Fetch-Site", http.Header{"Origin": {"https://evil.example"}}, http.StatusForbidden},
		{"from an opaque origin", http.Header{"Origin": {"null"}}, http.StatusForbidden},
	}
	for _, route := range handlers.Routes() {
		if route.Method == http.MethodGet {
			continue
		}
		for _, tt := range tests {
			b := &browser{p: p, client: lead.client, header: tt.header}
			if got := b.post(p.address(route.Pattern), url.Values{}); got.status != tt.status {
				t.Errorf("POST %s %s = %d, want %d", route.Pattern, tt.name, got.status, tt.status)
			}
		}
		bare := &browser{p: p, client: lead.client, header: http.Header{}}
		if got := bare.post(p.address(route.Pattern), url.Values{"name": {"x"}, "confirm": {"prod"}}); got.status != http.StatusForbidden {
			t.Errorf("POST %s without any proof of where it comes from = %d, want 403", route.Pattern, got.status)
		}
	}
	if got := p.changes(); got != 0 {
		t.Errorf("GitLab saw %d changes, want none", got)
	}
}

func TestEveryPageHasOneHeading(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	for _, person := range []string{"lead", "dev"} {
		b := p.as(person)
		for _, route := range handlers.Routes() {
			if route.Method != http.MethodGet || !strings.HasPrefix(route.Pattern, "/projects") && !strings.HasPrefix(route.Pattern, "/help") {
				continue
			}
			if route.Pattern == views.PatternGrantees { // a list for a field, and no page
				continue
			}
			got := b.get(p.address(route.Pattern))
			if headings := got.doc.Find("h1").Length(); headings != 1 {
				t.Errorf("GET %s as %s has %d h1, want one", route.Pattern, person, headings)
			}
			if title := got.text("title"); title == "" {
				t.Errorf("GET %s as %s has no title", route.Pattern, person)
			}
			wantForbidden := person == "dev" && regexp.MustCompile(`/(new|delete|revoke|receiver)$`).MatchString(route.Pattern)
			if want := map[bool]int{true: http.StatusForbidden, false: http.StatusOK}[wantForbidden]; got.status != want {
				t.Errorf("GET %s as %s = %d, want %d", route.Pattern, person, got.status, want)
			}
		}
	}
}

func TestNoRouteIsRegisteredTwice(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, route := range handlers.Routes() {
		key := route.Method + " " + route.Pattern
		if seen[key] {
			t.Errorf("%s stands twice in the route table", key)
		}
		seen[key] = true
	}
}

func TestAddressesAreWrittenInOnePlace(t *testing.T) {
	t.Parallel()
	literal := regexp.MustCompile(`"/(projects|auth|go|help|preferences|healthz|readyz|static)\b`)
	for _, pattern := range []string{"*.go", "../views/*.go", "../views/*.templ"} {
		for _, file := range must(filepath.Glob(pattern))(t) {
			if strings.HasSuffix(file, "_test.go") || strings.HasSuffix(file, "_templ.go") || filepath.Base(file) == "urls.go" {
				continue
			}
			if found := literal.Find(must(os.ReadFile(file))(t)); found != nil {
				t.Errorf("%s writes the address %s; take it from views/urls.go", file, found)
			}
		}
	}
}

func TestV10UnknownAddressesAndMethods(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	tests := []struct {
		name, method, path string
		status             int
		allow              string
	}{
		{"an unknown path", http.MethodGet, "/nothing/here", http.StatusNotFound, ""},
		{"signing out by a link", http.MethodGet, "/auth/logout", http.StatusMethodNotAllowed, "POST"},
		{"deleting by DELETE", http.MethodDelete, "/projects/1/agents/1/delete", http.StatusMethodNotAllowed, "GET, HEAD, POST"},
		{"TRACE", http.MethodTrace, "/projects", http.StatusMethodNotAllowed, "GET, HEAD"},
		{"the folder of the assets", http.MethodGet, "/static/", http.StatusNotFound, ""},
		{"climbing out of the assets", http.MethodGet, "/static/..%2f..%2fgo.mod", http.StatusNotFound, ""},
		{"an unknown asset", http.MethodGet, "/static/app.css", http.StatusNotFound, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := p.visitor()
			got := b.send(b.request(tt.method, tt.path, nil))
			if got.status != tt.status || got.header.Get("Allow") != tt.allow {
				t.Errorf("%s %s = %d, Allow %q; want %d, %q", tt.method, tt.path, got.status, got.header.Get("Allow"), tt.status, tt.allow)
			}
			if got.doc.Find("h1").Length() != 1 {
				t.Errorf("%s %s does not wear our page: %s", tt.method, tt.path, got.body)
			}
		})
	}
}

func TestC5SecurityHeadersAreOnEveryAnswer(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	lead := p.as("lead")
	asset := lead.get("/projects").doc.Find("link[rel=stylesheet]").AttrOr("href", "")
	for name, got := range map[string]*answer{
		"a page": lead.get("/projects"), "a redirect": p.visitor().get("/projects"), "not found": lead.get("/nothing"),
		"method not allowed": lead.get("/auth/logout"), "an asset": lead.get(asset), "a probe": lead.get("/healthz"),
		"a refused form": lead.post(p.address("/projects/{project}/agents"), url.Values{}),
	} {
		for header, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin",
			"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin",
		} {
			if value := got.header.Get(header); value != want {
				t.Errorf("%s: %s = %q, want %q", name, header, value, want)
			}
		}
		if csp := got.header.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") {
			t.Errorf("%s: Content-Security-Policy = %q", name, csp)
		}
		if got.header.Get("X-Request-Id") == "" {
			t.Errorf("%s has no X-Request-Id", name)
		}
	}
	if caching := lead.get(asset).header.Get("Cache-Control"); !strings.Contains(caching, "immutable") {
		t.Errorf("an asset's Cache-Control = %q, want immutable", caching)
	}
	if page := lead.get("/projects"); page.header.Get("Cache-Control") != "private, no-cache" || page.header.Get("Vary") == "" {
		t.Errorf("a page's Cache-Control = %q, Vary = %q", page.header.Get("Cache-Control"), page.header.Get("Vary"))
	}
}
