package handlers_test

import (
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

// TestGoKeepsItsPathToItself asks for paths that a careless program reads as another address.
func TestGoKeepsItsPathToItself(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	lead := p.as("lead")
	for _, path := range []string{
		"", "%2e%2e%2f%2e%2e%2fuser", "a%2f%2e%2e%2f%2e%2e%2fuser", "https:%2f%2fevil.example%2fx", "%2f%2fevil.example%2fx", "%5c%5cevil.example%5cx",
		"shop%2fpayments%00", "shop%2fpayments%0d%0aX:%20y", "shop%2fpayments%3fprivate_token=x", "shop%2fpayments%23x", "shop%2fpayments%2fcluster_agents",
		"группа%2fпроект", "%ff%2f%fe", strings.Repeat("a%2f", 200) + "a", "20%2fagents",
	} {
		got := lead.get("/go/" + path)
		if got.status != http.StatusNotFound || got.text("h1") == "" {
			t.Errorf("GET /go/%s = %d to %q, want our 404 page", path, got.status, got.header.Get("Location"))
		}
	}
	for path, want := range map[string]string{
		"/go/shop%2Fpayments": p.address("/projects/{project}/agents"), "/go//evil.example/x": "/go/evil.example/x", "/go/../projects": "/projects",
	} {
		if got := lead.get(path); got.header.Get("Location") != want {
			t.Errorf("GET %s = %d to %q, want %q", path, got.status, got.header.Get("Location"), want)
		}
	}
}

// TestQueriesOfAnyKindShowThePage sends what hand-edited addresses hold.
func TestQueriesOfAnyKindShowThePage(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	lead := p.as("lead")
	agents, agent := p.address("/projects/{project}/agents"), p.agentPath(p.prod)
	for _, address := range []string{
		"/projects?page=0", "/projects?page=-1", "/projects?page=x", "/projects?page=99999999999999999999", "/projects?page=1001", "/projects?page=1000", "/projects?page=1&page=2",
		"/projects?q=%00", "/projects?q=pay%00ments", "/projects?q=%ff", "/projects?q=%e2%80%ae", "/projects?q=%3Cscript%3E", "/projects?q=" + strings.Repeat("%E9%A1%B9", 2000), "/projects?q=a;b=c&%zz",
		agents + "?page=2000", agents + "?page=%00", agent + "?tab=", agent + "?tab=../x", agent + "?tab=tokens&tab=connect",
	} {
		if got := lead.get(address); got.status != http.StatusOK || got.doc.Find("h1").Length() != 1 {
			t.Errorf("GET %.60s = %d %q, want the page", address, got.status, got.text("h1"))
		}
	}
	for _, asked := range p.gitlab.Requests() {
		if strings.Contains(asked.Query.Encode(), "%00") {
			t.Errorf("GitLab was asked for %s?%s, which it answers with 400", asked.Path, asked.Query.Encode())
		}
	}
}

// TestTokenNamesOfAnyKindStayText creates tokens with names that GitLab accepts and pages must not obey.
func TestTokenNamesOfAnyKindStayText(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"-a", "UPPER Case", "两 个", "a\u202eb", `"><script>alert(1)</script>`, "=HYPERLINK(1)", "{{.}} ${x}", "../..", "🔑", "null"} {
		p := newPortal(t)
		lead := p.as("lead")
		got := lead.submit(p.agentPath(p.prod)+"/tokens/new", url.Values{"name": {name}})
		secretIn(t, got)
		page := lead.get(p.agentPath(p.prod))
		if !strings.Contains(page.text("main"), name) || page.doc.Find("main script").Length() != 0 {
			t.Errorf("the token %q is listed as %q", name, page.text("main"))
		}
	}
}

// TestAFormAtTheBoundIsRead sends forms of the largest size that is read, and a byte more.
func TestAFormAtTheBoundIsRead(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	lead := p.as("lead")
	action, values := lead.form(p.agentPath(p.prod) + "/tokens/new")
	const bound = 64 << 10
	values.Set("description", "")
	values.Set("description", strings.Repeat("d", bound-len(values.Encode())))
	if got := lead.post(action, values); got.status != http.StatusUnprocessableEntity || len(got.text("[name=description]")) != len(values.Get("description")) {
		t.Errorf("a form of 64 KiB = %d, want the form with what was typed", got.status)
	}
	values.Set("description", values.Get("description")+"d")
	if got := lead.post(action, values); got.status != http.StatusRequestEntityTooLarge || got.text("h1") == "" {
		t.Errorf("a form of a byte more = %d, want our 413 page", got.status)
	}
	many := url.Values{}
	for i := range 100_000 {
		many.Set("f"+strconv.Itoa(i), "")
	}
	if got := lead.post(action, many); got.status != http.StatusRequestEntityTooLarge || got.text("h1") == "" {
		t.Errorf("a form of 100 000 fields = %d, want our 413 page", got.status)
	}
}

// TestFormsOfOtherShapesChangeNothing sends what no form of ours sends.
func TestFormsOfOtherShapesChangeNothing(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	lead := p.as("lead")
	action, values := lead.form(p.agentPath(p.idle) + "/tokens/new")
	values.Set("name", "first")
	form := values.Encode()
	tests := []struct{ name, contentType, body string }{
		{"JSON", "application/json", `{"name":"first","nonce":"` + values.Get("nonce") + `"}`},
		{"plain text", "text/plain", form},
		{"no type", "", form},
		{"several parts", "multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\nfirst\r\n--x\r\nContent-Disposition: form-data; name=\"nonce\"\r\n\r\n" + values.Get("nonce") + "\r\n--x--\r\n"},
		{"an escape that is none", "application/x-www-form-urlencoded", form + "&x=%zz"},
		{"a semicolon", "application/x-www-form-urlencoded", form + "&x;y"},
	}
	for _, tt := range tests {
		r := lead.request(http.MethodPost, action+"?"+form, url.Values{})
		r.Body = io.NopCloser(strings.NewReader(tt.body))
		r.Header.Set("Content-Type", tt.contentType)
		if got := lead.send(r); got.status < 400 || got.status >= 500 || got.text("h1") == "" {
			t.Errorf("%s = %d %q, want a page that says what is wrong", tt.name, got.status, got.text("h1"))
		}
	}
	if n := p.gitlab.Calls(gitlabtest.OpCreateToken); n != 0 {
		t.Errorf("GitLab saw %d creates, want none", n)
	}
}

// TestARegistrationSentTwiceNamesTheAgent sends the form again after it was answered.
func TestARegistrationSentTwiceNamesTheAgent(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	lead := p.as("lead")
	action, values := lead.form(p.address("/projects/{project}/agents/new"))
	values.Set("name", "staging")
	values.Set("first_token", "1")
	secret := secretIn(t, lead.post(action, values))
	got := lead.post(action, values)
	if got.status != http.StatusConflict || strings.Contains(got.body, secret) || got.doc.Find("main a[href*='/agents/']").Length() == 0 {
		t.Errorf("the form sent again = %d: %s", got.status, got.text("main"))
	}
	if n := p.gitlab.Calls(gitlabtest.OpRegisterAgent) + p.gitlab.Calls(gitlabtest.OpCreateToken); n != 2 {
		t.Errorf("GitLab saw %d creates, want the agent and its token", n)
	}
}

// TestAnotherPersonsFormIsNotSent sends a form that somebody else was given.
func TestAnotherPersonsFormIsNotSent(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	other := p.gitlab.AddUser(gitlabtest.User{Username: "other"})
	p.gitlab.AddMember(p.project, other, gitlabtest.Maintainer)
	action, values := p.as("other").form(p.agentPath(p.prod) + "/tokens/new")
	values.Set("name", "typed")
	lead := p.as("lead")
	got := lead.post(action, values)
	if got.status != http.StatusUnprocessableEntity || got.doc.Find("[name=name]").AttrOr("value", "") != "typed" {
		t.Errorf("with a browser that vouches for the page = %d, want the form again", got.status)
	}
	bare := &browser{p: p, client: lead.client, header: http.Header{}}
	for name, nonce := range map[string]string{"another person's nonce": values.Get("nonce"), "no nonce": ""} {
		values.Set("nonce", nonce)
		if got := bare.post(action, values); got.status != http.StatusForbidden || got.text("h1") == "" {
			t.Errorf("%s without any other proof = %d, want 403", name, got.status)
		}
	}
	if n := p.gitlab.Calls(gitlabtest.OpCreateToken); n != 0 {
		t.Errorf("GitLab saw %d creates, want none", n)
	}
}

// TestRateLimitsWithoutATimeSayOneToo asks GitLab that refuses without saying until when.
func TestRateLimitsWithoutATimeSayOneToo(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	lead := p.as("lead")
	action, values := lead.form(p.agentPath(p.prod) + "/tokens/new")
	values.Set("name", "second")
	p.gitlab.Inject(gitlabtest.OpCreateToken, gitlabtest.ThrottledBare())
	got := lead.post(action, values)
	if got.status != http.StatusServiceUnavailable || got.header.Get("Retry-After") == "" || got.text("h1") == "" {
		t.Errorf("creating = %d, Retry-After %q: %s", got.status, got.header.Get("Retry-After"), got.text("main"))
	}
	if n := p.gitlab.Calls(gitlabtest.OpCreateToken); n != 1 {
		t.Errorf("GitLab saw %d creates, want 1", n)
	}
}
