package handlers_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	whatwg "github.com/nlnwa/whatwg-url/url"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
	"gitlab-agent-portal/internal/fuzztest"
)

// fuzzed is a portal that outlives the executions of a fuzz target.
type fuzzed struct{ *portal }

func newFuzzed(f *testing.F, options ...func(*setUp)) fuzzed {
	f.Helper()
	return fuzzed{newPortal(f, options...)}
}

// in makes the execution t the one that the portal's and its browsers' failures are failures of.
func (p fuzzed) in(t *testing.T) { p.t = t } //nolint:thelper // it is no helper, but what helpers use

// hostileReturns are addresses that some parser takes for another host, in every combination.
func hostileReturns() []string {
	hosts := []string{
		"evil.example", "evil.example:443", "user@evil.example", "127.0.0.1@evil.example", "127.0.0.1", "[::1]", "0x7f000001",
		"2130706433", "evil。example", "localhost.evil.example", "%65vil.example", "xn--evil.example",
	}
	before := []string{
		"//", "///", `/\`, `\\`, `\/`, "/\t/", "\t//", "/\n/", "/\r\n/", "/\x00/", " //", "\u00a0//", "/%09/", "/%0b/", "/%0d/", "/%0d%0a/",
		"/%2f", "/%5c", "/%2f%2f", "/%252f%252f", "/./\\", "/.//", "/..//", "/%2e%2e//", "/tools/..//", `/projects/../..//`, "／／", "/;//",
		"https:", "https:/", "https://", `https:\\`, "HTTPS://", "ht\ttps://", "javascript://", "data://", "//%09/", "?//", "#//", ".//", "..//",
	}
	after := []string{"", "/", "/projects", "?/projects", "#/projects", "@127.0.0.1/projects", "/..", `\..`, "%2f.."}
	var addresses []string
	for _, host := range hosts {
		for _, prefix := range before {
			for _, suffix := range after {
				addresses = append(addresses, prefix+host+suffix)
			}
		}
	}
	return addresses
}

// returnsTo is where the portal sends somebody who wants to go to next after changing a
// preference, which is decided as it is after signing in.
func (b *browser) returnsTo(next string) string {
	b.p.t.Helper()
	b.p.clock.Advance(time.Second) // nobody sends that many at once
	got := b.post(b.p.public.Path+"/preferences", url.Values{"next": {next}})
	if got.status != http.StatusSeeOther {
		b.p.t.Fatalf("POST /preferences with next=%q = %d", next, got.status)
	}
	return got.header.Get("Location")
}

// staysHere fails if a browser would take the redirect to anywhere but the portal. It reads the
// address as the WHATWG's URL standard does, and not as Go.
func (p *portal) staysHere(t *testing.T, next, location string) {
	t.Helper()
	resolved, err := whatwg.ParseRef(p.public.String()+"/auth/callback?code=x", location)
	if err != nil {
		t.Fatalf("next=%q leads to %q, which a browser does not understand: %v", next, location, err)
	}
	here := resolved.Scheme() == p.public.Scheme && resolved.Host() == p.public.Host && resolved.Username() == ""
	if path := resolved.Pathname(); !here || !strings.HasPrefix(path, p.public.Path+"/") || strings.HasPrefix(path, "//") {
		t.Errorf("next=%q leads to %q, which is %s", next, location, resolved.Href(false))
	}
}

func TestO4GeneratedReturnsStayHere(t *testing.T) {
	t.Parallel()
	for path, step := range map[string]int{"": 1, "/tools/portal": 7} {
		p := newPortal(t, func(s *setUp) { s.publicPath = path })
		b := p.visitor()
		cases := hostileReturns()
		if len(cases)/step < 500 {
			t.Fatalf("%d cases, want 500 and more", len(cases)/step)
		}
		for i := 0; i < len(cases); i += step {
			next := cases[i]
			location := b.returnsTo(next)
			p.staysHere(t, next, location)
			if location != path+"/" && !strings.HasPrefix(next, "?") && !strings.HasPrefix(next, "#") {
				t.Errorf("next=%q leads to %q, want the first page", next, location)
			}
		}
	}
}

func FuzzO4ReturnTo(f *testing.F) {
	p := newFuzzed(f, func(s *setUp) { s.publicPath = "/tools/portal" })
	own := []string{"/tools/portal/projects?q=pay&page=2", "/tools/portal/projects/1/agents/2?tab=connect", "/tools/portal/", "/tools/portal/go/shop/payments"}
	for _, next := range slices.Concat(own, fuzztest.Mutations(fuzztest.Executions, slices.Concat(own, hostileReturns())...)) {
		f.Add(next)
	}
	b := p.visitor()
	f.Fuzz(func(t *testing.T, next string) {
		p.in(t)
		location := b.returnsTo(next)
		p.staysHere(t, next, location)
		if again := b.returnsTo(location); again != location {
			t.Errorf("next=%q leads to %q, which leads to %q", next, location, again)
		}
	})
}

func FuzzS4Cookies(f *testing.F) {
	p := newFuzzed(f)
	lead := p.as("lead")
	lead.get("/auth/login") // leaves the sealed cookie of a sign-in
	page := p.agentPath(p.idle)
	lead.submit(page+"/delete", url.Values{"confirm": {"idle"}}) // and maybe that of a notice
	var pairs []string
	for _, cookie := range lead.client.Jar.Cookies(p.public) {
		pairs = append(pairs, cookie.Name+"="+cookie.Value)
	}
	texts := append(pairs, strings.Join(pairs, "; "), "portal-flash=AAAA; portal-lang=zh-CN; portal-theme=dark")
	for _, header := range slices.Concat(texts, fuzztest.Mutations(fuzztest.Executions, texts...)) {
		f.Add(header)
	}
	state := must(url.Parse(p.visitor().get("/auth/login").header.Get("Location")))(f).Query().Get("state")
	bare := p.visitor()
	bare.client.Jar = nil
	f.Fuzz(func(t *testing.T, header string) {
		p.in(t)
		if strings.ContainsAny(header, "\r\n\x00") || !utf8.ValidString(header) {
			header = url.QueryEscape(header) // the client would refuse to send it
		}
		for path, visitor := range map[string]int{
			"/": http.StatusOK, "/projects": http.StatusSeeOther, "/auth/callback?code=x&state=" + state: http.StatusBadRequest,
		} {
			r := bare.request(http.MethodGet, path, nil)
			r.Header.Set("Cookie", cleanHeader(header))
			got := bare.send(r)
			isSignedIn := got.header.Get("Location") == "/projects" || got.header.Get("Location") == "/" || strings.Contains(got.text("header"), "Lead Person")
			if got.status != visitor && !isSignedIn {
				t.Errorf("GET %s with the cookies %q = %d, want a visitor's answer", path, header, got.status)
			}
			if text := got.text("#notice"); strings.Contains(text, "flash.") {
				t.Errorf("GET %s with the cookies %q shows the notice %q, which nobody left", path, header, text)
			}
		}
	})
}

// cleanHeader is text without what Go's client refuses to put into a header.
func cleanHeader(text string) string {
	return strings.Map(func(c rune) rune {
		if c < ' ' && c != '\t' || c == 0x7f {
			return -1
		}
		return c
	}, text)
}

// FuzzP22GitLabErrors shows pages whose calls GitLab answers with anything at all.
func FuzzP22GitLabErrors(f *testing.F) {
	p := newFuzzed(f)
	bodies := []string{
		`{"message":"404 Project Not Found"}`, `{"message":{"name":["has already been taken"]}}`, `{"error":"insufficient_scope","error_description":"…","scope":"api"}`,
		`{"message":"400 Bad request - [\"Name can't be blank\"]"}`, `{"error":"invalid_grant"}`, `<html><body>502 <script>alert(1)</script></body></html>`, "Retry later",
		`[{"id":1,"name":"prod","config_project":{"id":1}}]`, `{"id":null}`, `{"message":["a",{"b":[]}]}`, "",
	}
	types := []string{"application/json", "text/html; charset=utf-8", "text/plain", "", "application/problem+json; charset=\"", "application/json;;"}
	statuses := []int{400, 403, 404, 405, 409, 412, 422, 501, 200, 204, 302}
	for i, body := range slices.Concat(bodies, fuzztest.Mutations(fuzztest.Executions/5, bodies...)) {
		f.Add(statuses[i%len(statuses)], types[i%len(types)], body)
	}
	lead := p.as("lead")
	f.Fuzz(func(t *testing.T, status int, contentType, body string) {
		if !isFinal(status) {
			return
		}
		p.in(t)
		p.gitlab.ClearFaults("")
		for _, op := range []string{gitlabtest.OpListAgents, gitlabtest.OpGetAgent} {
			p.gitlab.Inject(op, gitlabtest.Reply(status, cleanHeader(contentType), body))
		}
		for _, path := range []string{p.address("/projects/{project}/agents"), p.agentPath(p.prod)} {
			got := lead.get(path)
			if got.status == http.StatusInternalServerError || got.status == http.StatusUnauthorized {
				t.Errorf("GitLab's %d %q %q led to %d: %s", status, contentType, body, got.status, got.text("main"))
			}
			if got.doc.Find("h1").Length() != 1 || got.doc.Find("main script, main iframe, main img[onerror]").Length() != 0 {
				t.Errorf("GitLab's %d %q %q led to a broken page: %s", status, contentType, body, got.body)
			}
		}
	})
}

// isFinal reports whether an answer of this status is taken as it is: a 401 ends the session by
// right, and what is asked for again after a pause would make the target slow.
func isFinal(status int) bool {
	isRefused := status == http.StatusUnauthorized || status == http.StatusTooManyRequests
	return status >= 200 && status < 500 && !isRefused || status == http.StatusNotImplemented
}

// shown is what a browser makes of a text in a page that it was written into.
func shown(text string) string {
	text = strings.ToValidUTF8(text, "\uFFFD")
	return strings.NewReplacer("\x00", "\uFFFD", "\r\n", "\n", "\r", "\n").Replace(text)
}

// FuzzV11Forms types anything at all into the forms that create.
func FuzzV11Forms(f *testing.F) {
	p := newFuzzed(f)
	names := []string{"prod-2", "Deploy token (blue)", strings.Repeat("n", 256), "a-b", "-a", "", `"><script>alert(1)</script>`, "名前"}
	descriptions := []string{"used by CI", "line one\r\nline two", strings.Repeat("d", 1025), "</textarea><script>alert(1)</script>"}
	mutated := fuzztest.Mutations(fuzztest.Executions/2, slices.Concat(names, descriptions)...)
	for i, name := range slices.Concat(names, mutated) {
		f.Add(name, slices.Concat(descriptions, mutated)[(i*7)%len(mutated)], i%2 == 0)
	}
	f.Fuzz(func(t *testing.T, name, description string, register bool) {
		p.in(t)
		p.clock.Advance(4 * time.Second) // twenty creates a minute are allowed
		page, op := p.agentPath(p.idle)+"/tokens/new", gitlabtest.OpCreateToken
		if register {
			page, op = p.address("/projects/{project}/agents/new"), gitlabtest.OpRegisterAgent
		}
		p.gitlab.ClearFaults("")
		// GitLab refuses what gets as far as that, so that its limit of tokens is never reached.
		p.gitlab.Inject(op, gitlabtest.Message(http.StatusBadRequest, `400 Bad request - ["Name `+"`<i>`"+` is not to its taste"]`))
		p.gitlab.ResetCounters()
		lead := p.as("lead")
		got := lead.submit(page, url.Values{"name": {name}, "description": {description}})
		if got.status != http.StatusUnprocessableEntity {
			t.Fatalf("the form with the name %q and the description %q = %d: %s", name, description, got.status, got.text("main"))
		}
		field := got.doc.Find("#form [name=name]")
		if typed := field.AttrOr("value", ""); shown(typed) != shown(name) {
			t.Errorf("the field holds %q, want what was typed: %q", typed, name)
		}
		if kept := shown(got.doc.Find("#form textarea[name=description]").Text()); !register && kept != shown(description) {
			t.Errorf("the text area holds %q, want what was typed: %q", kept, description)
		}
		said := field.AttrOr("aria-invalid", "") == "true" || got.doc.Find("#form [aria-invalid=true], #form .notice").Length() > 0
		if !said || got.doc.Find("h1").Length() != 1 || got.doc.Find("#form script, #form i").Length() != 0 {
			t.Errorf("the form does not say what is wrong, or is broken: %s", got.body)
		}
		if asked := p.gitlab.Calls(op); asked > 1 || asked == 1 && !sendable(name) {
			t.Errorf("GitLab was asked %d times for the name %q", asked, name)
		}
	})
}

// sendable reports whether GitLab can be sent a name: as JSON, once and unchanged.
func sendable(name string) bool {
	encoded, err := json.Marshal(name)
	var decoded string
	return err == nil && json.Unmarshal(encoded, &decoded) == nil && decoded == name
}
