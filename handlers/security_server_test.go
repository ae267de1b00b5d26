package handlers_test

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/a-h/templ"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
	"gitlab-agent-portal/handlers"
)

func TestV1FieldsAreCountedWhateverTheirNames(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	lead := p.as("lead")
	many := url.Values{}
	for i := range 100_000 {
		many.Add("f"+strconv.Itoa(i), "")
	}
	tests := []struct {
		name   string
		form   url.Values
		status int
	}{
		{"10 MB", url.Values{"name": {strings.Repeat("x", 10<<20)}}, http.StatusRequestEntityTooLarge},
		{"a hundred thousand fields", many, http.StatusRequestEntityTooLarge},
		{"a thousand fields of one name", url.Values{"name": make([]string, 1000)}, http.StatusBadRequest},
	}
	for _, tt := range tests {
		if got := lead.post("/preferences", tt.form); got.status != tt.status || got.text("h1") == "" {
			t.Errorf("%s = %d %q, want %d with our page", tt.name, got.status, got.text("h1"), tt.status)
		}
	}
}

// TestV4APanicInATemplateLeavesNoHalfPage lets a template fail after 10 kB, in both ways.
func TestV4APanicInATemplateLeavesNoHalfPage(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	const begun = "the beginning of a page "
	for name, fail := range map[string]func() error{
		"panics": func() error { panic("canary of a panic") },
		"fails":  func() error { return errors.New("canary of an error") },
	} {
		component := templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
			if _, err := io.WriteString(w, strings.Repeat(begun, 500)); err != nil {
				return err
			}
			return fail()
		})
		handler := must(handlers.Rendering(p.config, component, false))(t)
		for range 2 { // the process lives, and no buffer is left half full
			got := httptest.NewRecorder()
			handler.ServeHTTP(got, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil))
			body := got.Body.String()
			if got.Code != http.StatusInternalServerError || strings.Contains(body, begun) || !strings.Contains(body, "<h1") {
				t.Errorf("a template that %s = %d: %.200s", name, got.Code, body)
			}
			if id := got.Header().Get("X-Request-Id"); id == "" || !strings.Contains(body, id) {
				t.Errorf("a template that %s: the page does not say its request id %q", name, id)
			}
			for _, word := range []string{"canary", "goroutine", ".go:"} {
				if strings.Contains(body, word) {
					t.Errorf("a template that %s: the page says %q", name, word)
				}
			}
		}
	}
	broken := must(handlers.Rendering(p.config, templ.ComponentFunc(func(context.Context, io.Writer) error { panic("canary of a panic") }), true))(t)
	got := httptest.NewRecorder()
	broken.ServeHTTP(got, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil))
	if got.Code != http.StatusInternalServerError || !strings.Contains(got.Body.String(), "<h1") {
		t.Errorf("an error page that panics itself = %d %q, want the prepared one", got.Code, got.Body)
	}
	if log := p.logs.String(); !strings.Contains(log, "canary of a panic") || !strings.Contains(log, "goroutine") {
		t.Error("the log does not tell the operator of the panic and where it was")
	}
	p.logLines() // and is still one entry a line
}

// hostile are names that break out of where they are put, if anything lets them.
var hostile = []string{
	`"><script>alert(1)</script>`, `'><img src=x onerror=alert(1)>`, `javascript:alert(1)`, `" autofocus onfocus="alert(1)`, `</textarea></title><svg onload=alert(1)>`,
	`{"x":"</script>"}`, "\u202egnp.exe", `=HYPERLINK("https://evil.example","x")`, `+1+1`, `-2+3`, `@SUM(1)`, "\t=1+1", `{{7*7}}`, "`id`$(id)",
}

// TestV11HostileNamesAreInert puts such names wherever GitLab lets people choose one, and reads
// every page as a parser does.
func TestV11HostileNamesAreInert(t *testing.T) {
	t.Parallel()
	for _, name := range hostile {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPortal(t)
			p.project = p.gitlab.AddProject(gitlabtest.Project{Path: "hostile", Name: name, Description: name, Group: p.gitlab.AddGroup(gitlabtest.Group{Path: "g", Name: name})})
			attacker := p.gitlab.AddUser(gitlabtest.User{Username: "attacker", Name: name})
			p.gitlab.AddMember(p.project, attacker, gitlabtest.Maintainer)
			p.prod = p.gitlab.AddAgent(gitlabtest.Agent{Project: p.project, Name: name, CreatedBy: attacker})
			p.prodToken = p.gitlab.AddToken(gitlabtest.Token{Agent: p.prod, Name: name, Description: &name, CreatedBy: attacker, LastUsedAt: p.clock.Now()})
			b := p.as("attacker")
			read := 0
			inspect := func(what string, got *answer) {
				read += strings.Count(got.doc.Text(), strings.TrimSpace(name))
				inert(t, what, got)
			}
			inspect("a form with it", b.submit(p.agentPath(p.prod)+"/tokens/new", url.Values{"name": {name}, "description": {name}}))
			b.everyRead(inspect) // after the form, so that the audit's pages and exports hold the name too
			inspect("a wrong confirmation", b.submit(p.agentPath(p.prod)+"/delete", url.Values{"confirm": {name + "x"}}))
			inspect("a search for it", b.get("/projects?"+url.Values{"q": {name}}.Encode()))
			if read < 10 {
				t.Errorf("the name was read %d times, want on many pages", read)
			}
		})
	}
}

// inert fails for whatever a page holds that no page of ours does.
func inert(t *testing.T, what string, got *answer) {
	t.Helper()
	if strings.HasPrefix(got.header.Get("Content-Type"), "text/csv") {
		inertCSV(t, what, got.body)
		return
	}
	for _, selector := range []string{"script:not([src^='/static/'])", "img:not([src^='/static/'])", "svg[onload]", "iframe", "object", "style", "base", "[autofocus][onfocus]"} {
		if n := got.doc.Find(selector).Length(); n != 0 {
			t.Errorf("%s holds %d times %s", what, n, selector)
		}
	}
	for node := range got.doc.Get(0).Descendants() {
		for _, attribute := range node.Attr {
			key, value := strings.ToLower(attribute.Key), strings.ToLower(strings.TrimSpace(attribute.Val))
			isCode := strings.HasPrefix(key, "on") || strings.HasPrefix(key, "hx-on") || key == "style"
			isAddress := key == "href" || key == "src" || key == "action" || key == "formaction" || strings.HasPrefix(key, "hx-")
			if isCode || isAddress && strings.HasPrefix(value, "javascript:") {
				t.Errorf("%s: <%s %s=%q>", what, node.Data, attribute.Key, attribute.Val)
			}
		}
	}
}

// inertCSV fails for a cell that a spreadsheet would take for a formula.
func inertCSV(t *testing.T, what, body string) {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(body, "\ufeff"))).ReadAll()
	if err != nil {
		t.Errorf("%s is no CSV: %v", what, err)
	}
	for _, row := range rows {
		for _, cell := range row {
			if cell != "" && strings.ContainsRune("=+-@\t\r\n", rune(cell[0])) {
				t.Errorf("%s: a spreadsheet takes %q for a formula", what, cell)
			}
		}
	}
}

// TestV5HostileNamesForgeNoLines lets everything that can come from outside carry line ends,
// escape sequences and quotes, and reads the log as a collector does.
func TestV5HostileNamesForgeNoLines(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	forged := "x\n{\"time\":\"2026-01-01T00:00:00Z\",\"level\":\"ERROR\",\"msg\":\"forged\"}\r\n\x1b[31m\"\u2028"
	attacker := p.gitlab.AddUser(gitlabtest.User{Username: "attacker", Name: forged})
	p.gitlab.AddMember(p.project, attacker, gitlabtest.Maintainer)
	b := p.as("attacker")
	for _, path := range []string{"/projects/" + url.PathEscape(forged) + "/agents", "/go/" + url.PathEscape(forged), "/" + url.PathEscape(forged), "/projects?q=" + url.QueryEscape(forged)} {
		b.get(path)
	}
	b.submit(p.agentPath(p.prod)+"/tokens/new", url.Values{"name": {forged}, "description": {forged}})
	for _, text := range []string{forged, strings.Repeat(forged, 400), strings.Repeat(forged, 1<<14)} {
		message := must(json.Marshal(map[string]string{"message": text}))(t)
		for _, status := range []int{http.StatusBadRequest, http.StatusForbidden, http.StatusInternalServerError} {
			p.gitlab.Inject("", gitlabtest.Reply(status, "application/json", string(message)))
			b.get(p.agentPath(p.prod))
			p.gitlab.ClearFaults("")
		}
	}
	lines := p.logLines()
	if len(lines) < 10 {
		t.Errorf("the log has %d lines, want one for each request", len(lines))
	}
	for _, line := range lines {
		if line["msg"] == "forged" {
			t.Errorf("a name forged the line %v", line)
		}
		if text := fmt.Sprint(line["error"]); strings.ContainsAny(text, "\n\r\x1b\u2028") {
			t.Errorf("an error holds control characters: %.300q", text)
		}
	}
	for text := range strings.Lines(p.logs.String()) {
		if strings.ContainsAny(text, "\x1b\r\u2028") || len(text) > 16<<10 {
			t.Errorf("a line of %d bytes holds control characters: %.300q", len(text), text)
		}
	}
}

func TestV5AFailureNamesGitLabsRequest(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	lead := p.as("lead")
	p.gitlab.Inject(gitlabtest.OpGetAgent, gitlabtest.Status(http.StatusInternalServerError))
	got := lead.get(p.agentPath(p.prod))
	for _, line := range p.logLines() {
		if line["msg"] == "request" && line["request_id"] == got.header.Get("X-Request-Id") {
			id, _ := line["gitlab_request_id"].(string)
			if !strings.HasPrefix(id, "req-") {
				t.Errorf("the line of the failure names GitLab's request %q: %v", id, line)
			}
			return
		}
	}
	t.Error("the log has no line for the failure")
}

func TestV12APersonCreatesTwentyAMinute(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	p.gitlab.AddMember(p.project, p.people["dev"], gitlabtest.Maintainer)
	lead := p.as("lead")
	for i := range 30 {
		got := lead.submit(p.address("/projects/{project}/agents/new"), url.Values{"name": {fmt.Sprintf("agent-%d", i)}})
		switch {
		case i < 20 && got.status != http.StatusSeeOther:
			t.Fatalf("create %d = %d, want that it works", i+1, got.status)
		case i >= 20 && (got.status != http.StatusTooManyRequests || got.header.Get("Retry-After") == "" || got.text("main p") == ""):
			t.Errorf("create %d = %d, Retry-After %q, want 429 with a text", i+1, got.status, got.header.Get("Retry-After"))
		}
	}
	if n := p.gitlab.Calls(gitlabtest.OpRegisterAgent); n != 20 {
		t.Errorf("GitLab saw %d registrations, want 20", n)
	}
	if got := p.as("dev").submit(p.address("/projects/{project}/agents/new"), url.Values{"name": {"of-another-person"}}); got.status != http.StatusSeeOther {
		t.Errorf("another person's create = %d, want that it works", got.status)
	}
}
