package handlers_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/a-h/templ"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
	"gitlab-agent-portal/handlers"
)

// agentPath is the address of an agent of the seeded project.
func (p *portal) agentPath(agent int64) string {
	return p.address("/projects/{project}/agents/") + strconv.FormatInt(agent, 10)
}

// newestAgentSecret is the secret of the agent token that GitLab made last.
func (p *portal) newestAgentSecret() string {
	newest := ""
	for _, issued := range p.gitlab.Secrets() {
		if issued.Kind == "agent token" {
			newest = issued.Value
		}
	}
	return newest
}

// secretIn returns the one secret of a token that an answer shows.
func secretIn(t *testing.T, got *answer) string {
	t.Helper()
	secret := strings.TrimSpace(got.doc.Find("#secret").Text())
	if secret == "" || strings.Count(got.body, secret) != 1 {
		t.Fatalf("the answer (%d) shows the secret %d times: %s", got.status, strings.Count(got.body, secret), got.text("main"))
	}
	return secret
}

func TestT1CreatingATokenRevealsItOnce(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	lead := p.as("lead")
	action, values := lead.form(p.agentPath(p.prod) + "/tokens/new")
	values.Set("name", "second")
	values.Set("description", "line one\r\nline two")
	zips := lead.acceptingGzip()
	if got := zips.get(p.agentPath(p.prod)); got.header.Get("Content-Encoding") != "gzip" {
		t.Errorf("another page has Content-Encoding %q, so nothing is proven of the reveal", got.header.Get("Content-Encoding"))
	}
	got := zips.post(action, values)
	if got.status != http.StatusOK || got.header.Get("Cache-Control") != "no-store" || got.header.Get("Content-Encoding") != "" {
		t.Errorf("the reveal = %d, Cache-Control %q, Content-Encoding %q", got.status, got.header.Get("Cache-Control"), got.header.Get("Content-Encoding"))
	}
	secret := secretIn(t, got)
	if want := p.newestAgentSecret(); secret != want {
		t.Error("the secret shown is not the one that GitLab made")
	}
	for _, path := range []string{p.agentPath(p.prod), p.agentPath(p.prod) + "?tab=connect", p.address("/projects/{project}/agents")} {
		if page := lead.get(path); strings.Contains(page.body, secret) {
			t.Errorf("GET %s shows the secret", path)
		}
	}
	if strings.Contains(p.logs.String(), secret) {
		t.Error("the log holds the secret")
	}
	if rows := lead.get(p.agentPath(p.prod)).text("main"); !strings.Contains(rows, "second") || !strings.Contains(rows, "line one") {
		t.Errorf("the agent's page does not list the new token: %s", rows)
	}
}

// acceptingGzip makes the browser show answers as they come: Go's client hides a compression that
// it asked for by itself.
func (b *browser) acceptingGzip() *browser {
	header := b.header.Clone()
	header.Set("Accept-Encoding", "gzip")
	return &browser{p: b.p, client: b.client, header: header}
}

func TestTheRevealAsADialogIsForHTMX(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	lead := p.as("lead")
	action, values := lead.form(p.agentPath(p.prod) + "/tokens/new")
	values.Set("name", "second")
	got := lead.htmx("reveal").post(action, values)
	if got.doc.Find("dialog#reveal-dialog").Length() != 1 || strings.Contains(got.body, "<html") || got.header.Get("HX-Retarget") != "" {
		t.Errorf("the reveal for htmx = %d, HX-Retarget %q: %s", got.status, got.header.Get("HX-Retarget"), got.body)
	}
	secretIn(t, got)
}

func TestTokenFormProblemsAreSaidBesideTheField(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	lead := p.as("lead")
	tests := []struct {
		name, field, value string
	}{
		{"no name", "name", ""},
		{"only spaces", "name", "   "},
		{"256 characters", "name", strings.Repeat("名", 256)},
		{"a NUL", "name", "a\x00b"},
		{"an escape sequence", "name", "a\x1b[31mb"},
		{"invalid UTF-8", "name", "a\xffb"},
		{"a description of 1025 characters", "description", strings.Repeat("d", 1025)},
		{"a NUL in the description", "description", "a\x00b"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			fields := url.Values{"name": {"fine"}, "description": {"kept"}}
			fields.Set(tt.field, tt.value)
			got := lead.submit(p.agentPath(p.prod)+"/tokens/new", fields)
			input := got.doc.Find("[name=" + tt.field + "]")
			if got.status != http.StatusUnprocessableEntity || input.AttrOr("aria-invalid", "") != "true" {
				t.Errorf("status %d, aria-invalid %q; want 422 and a marked field", got.status, input.AttrOr("aria-invalid", ""))
			}
			if described := input.AttrOr("aria-describedby", ""); described == "" {
				t.Error("the field is not described by its problem")
			}
			if tt.field == "name" && got.text("[name=description]") != "kept" {
				t.Errorf("the description %q was lost", got.text("[name=description]"))
			}
		})
	}
	t.Cleanup(func() {
		if n := p.gitlab.Calls(gitlabtest.OpCreateToken); n != 0 {
			t.Errorf("GitLab saw %d creates, want none", n)
		}
	})
}

func TestTheLongestNamesAreAccepted(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	got := p.as("lead").submit(p.agentPath(p.prod)+"/tokens/new", url.Values{
		"name": {strings.Repeat("名", 255)}, "description": {strings.Repeat("a\r\n", 512)},
	})
	secretIn(t, got)
}

func TestAThirdTokenIsRefusedWithAWayOut(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	second := p.gitlab.AddToken(gitlabtest.Token{Agent: p.prod, Name: "second", CreatedBy: p.people["lead"]})
	lead := p.as("lead")
	page := lead.get(p.agentPath(p.prod) + "/tokens/new")
	if page.status != http.StatusOK || page.doc.Find("#form form[action$='/tokens']").Length() != 0 {
		t.Errorf("GET tokens/new at the limit = %d with a form to create", page.status)
	}
	for _, id := range []int64{p.prodToken, second} {
		revoke := p.agentPath(p.prod) + "/tokens/" + strconv.FormatInt(id, 10) + "/revoke"
		if page.doc.Find("#form a[href='"+revoke+"']").Length() == 0 {
			t.Errorf("the explanation offers no way to %s", revoke)
		}
	}
}

func TestTheLimitReachedBetweenPageAndForm(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	lead := p.as("lead")
	action, values := lead.form(p.agentPath(p.prod) + "/tokens/new")
	values.Set("name", "third")
	p.gitlab.AddToken(gitlabtest.Token{Agent: p.prod, Name: "second", CreatedBy: p.people["lead"]})
	got := lead.post(action, values)
	if got.status != http.StatusUnprocessableEntity || got.doc.Find("#form a[href$='/revoke']").Length() != 2 {
		t.Errorf("creating a third token = %d: %s", got.status, got.text("#form"))
	}
	if n := p.gitlab.Calls(gitlabtest.OpCreateToken); n != 0 {
		t.Errorf("GitLab saw %d creates, want none", n)
	}
}

func TestT3ADoubleSubmitCreatesOneTokenAndRevealsIt(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	lead := p.as("lead")
	action, values := lead.form(p.agentPath(p.prod) + "/tokens/new")
	values.Set("name", "second")
	gate := gitlabtest.NewGate()
	p.gitlab.Inject(gitlabtest.OpCreateToken, gitlabtest.Hold(gate))
	answers := make([]*answer, 2)
	var clicks sync.WaitGroup
	clicks.Go(func() { answers[0] = lead.post(action, values) })
	if err := gate.Await(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	clicks.Go(func() { answers[1] = lead.post(action, values) })
	gate.Open()
	clicks.Wait()
	if n := p.gitlab.Calls(gitlabtest.OpCreateToken); n != 1 {
		t.Errorf("GitLab saw %d creates, want 1", n)
	}
	shown := 0
	for _, got := range answers {
		switch got.status {
		case http.StatusOK:
			secretIn(t, got)
			shown++
		case http.StatusConflict:
		default:
			t.Errorf("a click was answered %d: %s", got.status, got.text("main"))
		}
	}
	if shown == 0 {
		t.Error("neither click shows the token")
	}
}

func TestT3AUsedFormNamesTheTokenItCreated(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	lead := p.as("lead")
	action, values := lead.form(p.agentPath(p.prod) + "/tokens/new")
	values.Set("name", "second")
	secret := secretIn(t, lead.post(action, values))
	got := lead.post(action, values)
	if got.status != http.StatusConflict || strings.Contains(got.body, secret) {
		t.Errorf("the form sent again = %d, secret shown: %v", got.status, strings.Contains(got.body, secret))
	}
	if !strings.Contains(got.text("main"), "second") || got.doc.Find("main a[href$='/revoke']").Length() != 1 {
		t.Errorf("the answer does not name the token and offer to revoke it: %s", got.text("main"))
	}
	if n := p.gitlab.Calls(gitlabtest.OpCreateToken); n != 1 {
		t.Errorf("GitLab saw %d creates, want 1", n)
	}
}

func TestAStaleFormComesBackWithEverythingTyped(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	lead := p.as("lead")
	other := p.as("lead")
	fields := url.Values{"name": {"typed name"}, "description": {"typed description"}}
	tests := []struct {
		name  string
		nonce func() string
	}{
		{"of another session of the same person", func() string {
			_, values := other.form(p.agentPath(p.prod) + "/tokens/new")
			return values.Get("nonce")
		}},
		{"garbled", func() string { return "!!" }},
		{"missing", func() string { return "" }},
		{"that was open for a day", func() string {
			_, values := lead.form(p.agentPath(p.prod) + "/tokens/new")
			p.clock.Advance(11 * time.Hour)
			lead.get("/projects") // keeps the session from idling out
			p.clock.Advance(2 * time.Hour)
			return values.Get("nonce")
		}},
	}
	for _, tt := range tests {
		fields.Set("nonce", tt.nonce())
		got := lead.post(p.agentPath(p.prod)+"/tokens", fields)
		if got.status != http.StatusUnprocessableEntity || got.doc.Find("[name=name]").AttrOr("value", "") != "typed name" || got.text("[name=description]") != "typed description" {
			t.Errorf("a form with a nonce %s = %d: %s", tt.name, got.status, got.text("main"))
		}
		again := hiddenFields(got.doc.Find("#form form"))
		if again.Get("nonce") == fields.Get("nonce") {
			t.Errorf("a form with a nonce %s came back with the same one", tt.name)
		}
	}
	if n := p.gitlab.Calls(gitlabtest.OpCreateToken); n != 0 {
		t.Errorf("GitLab saw %d creates, want none", n)
	}
}

func TestV1FormsTooLargeAreRefused(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	lead := p.as("lead")
	many := url.Values{}
	for i := range 5000 {
		many.Set("f"+strconv.Itoa(i), "")
	}
	tests := []struct {
		name   string
		form   url.Values
		status int
	}{
		{"a megabyte of name", url.Values{"name": {strings.Repeat("x", 1<<20)}}, http.StatusRequestEntityTooLarge},
		{"thousands of fields", many, http.StatusBadRequest},
	}
	for _, tt := range tests {
		if got := lead.post(p.agentPath(p.prod)+"/tokens", tt.form); got.status != tt.status {
			t.Errorf("%s = %d, want %d", tt.name, got.status, tt.status)
		}
	}
}

func TestRevokingATokenInUseAsksForTheNameOfItsAgent(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	lead := p.as("lead")
	ask := p.agentPath(p.prod) + "/tokens/" + strconv.FormatInt(p.prodToken, 10) + "/revoke"
	if page := lead.get(ask); page.doc.Find("#form [name=confirm]").Length() != 1 {
		t.Fatalf("revoking a token in use asks for no name: %s", page.text("main"))
	}
	for _, typed := range []string{"", "prod-token", "PROD", "prod "} {
		got := lead.submit(ask, url.Values{"confirm": {typed}})
		if got.status != http.StatusUnprocessableEntity || got.doc.Find("[name=confirm]").AttrOr("value", "") != typed {
			t.Errorf("typing %q = %d, want 422 with what was typed", typed, got.status)
		}
	}
	if n := p.gitlab.Calls(gitlabtest.OpRevokeToken); n != 0 {
		t.Fatalf("GitLab saw %d revocations, want none", n)
	}
	got := lead.submit(ask, url.Values{"confirm": {"prod"}})
	if got.status != http.StatusSeeOther || got.header.Get("Location") != p.agentPath(p.prod) {
		t.Errorf("revoking = %d to %q", got.status, got.header.Get("Location"))
	}
	page := lead.get(p.agentPath(p.prod))
	if notice := page.text("#notice"); !strings.Contains(notice, "prod-token") {
		t.Errorf("the agent's page says %q", notice)
	}
	if again := lead.get(p.agentPath(p.prod)); strings.Contains(again.text("#notice"), "prod-token") {
		t.Error("the result is said a second time")
	}
}

func TestRevokingAnUnusedTokenNeedsNoName(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	unused := p.gitlab.AddToken(gitlabtest.Token{Agent: p.prod, Name: "unused", CreatedBy: p.people["lead"]})
	lead := p.as("lead")
	ask := p.agentPath(p.prod) + "/tokens/" + strconv.FormatInt(unused, 10) + "/revoke"
	action, values := lead.form(ask)
	if got := lead.htmx("form").post(action, values); got.status != http.StatusOK || got.header.Get("HX-Redirect") != p.agentPath(p.prod) {
		t.Errorf("revoking by htmx = %d, HX-Redirect %q", got.status, got.header.Get("HX-Redirect"))
	}
	if got := lead.post(action, values); got.status != http.StatusSeeOther {
		t.Errorf("revoking again = %d, want the same end", got.status)
	}
	if page := lead.get(ask); page.status != http.StatusOK || !strings.Contains(page.text("#form"), "unused was already revoked by @lead at 2026-11-24 12:00 UTC") {
		t.Errorf("GET revoke of a revoked token = %d: %s", page.status, page.text("main"))
	}
}

func TestADeveloperSeesButCannotChange(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	dev := p.as("dev")
	for _, path := range []string{p.address("/projects/{project}/agents"), p.agentPath(p.prod)} {
		page := dev.get(path)
		if page.status != http.StatusOK || page.doc.Find("main a[href$='/new'], main a[href$='/delete'], main a[href$='/revoke']").Length() != 0 {
			t.Errorf("GET %s as a Developer = %d with controls", path, page.status)
		}
		if page.doc.Find("main a[href$='/shop/payments/-/project_members']").Length() == 0 {
			t.Errorf("GET %s does not lead to the members", path)
		}
	}
	_, values := p.as("lead").form(p.agentPath(p.prod) + "/tokens/new")
	for path, form := range map[string]url.Values{
		p.agentPath(p.prod) + "/tokens":                                       {"name": {"x"}},
		p.address("/projects/{project}/agents"):                               {"name": {"x"}},
		p.agentPath(p.prod) + "/delete":                                       {"confirm": {"prod"}},
		p.address("/projects/{project}/agents/{agent}/tokens/{token}/revoke"): {"confirm": {"prod"}},
	} {
		form.Set("nonce", values.Get("nonce"))
		if got := dev.post(path, form); got.status != http.StatusForbidden && got.status != http.StatusUnprocessableEntity {
			t.Errorf("POST %s by a Developer = %d", path, got.status)
		}
	}
	if n := p.changes(); n != 0 {
		t.Errorf("GitLab was asked for %d changes by a form that was not the Developer's, want none", n)
	}
}

func TestO15ARoleLostBetweenPageAndForm(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	lead := p.as("lead")
	action, values := lead.form(p.agentPath(p.prod) + "/tokens/new")
	values.Set("name", "second")
	p.gitlab.AddMember(p.project, p.people["lead"], gitlabtest.Developer)
	if got := lead.post(action, values); got.status != http.StatusForbidden {
		t.Errorf("creating after a demotion = %d, want 403", got.status)
	}
	if page := lead.get(p.agentPath(p.prod)); page.doc.Find("main a[href$='/tokens/new']").Length() != 0 {
		t.Error("the page still offers to create")
	}
}

// TestAPageWithASecretLeavesNothingToOtherPages looks into the buffers that the next pages get.
func TestAPageWithASecretLeavesNothingToOtherPages(t *testing.T) {
	t.Parallel()
	const secret = "glagent-canary"
	page := templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		_, err := io.WriteString(w, strings.Repeat(secret+"\n", 500)) // more than any buffer begins with
		return err
	})
	handler, leftBehind, err := handlers.RenderingSecret(newPortal(t).config, page)
	if err != nil {
		t.Fatal(err)
	}
	r, got := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil), httptest.NewRecorder()
	r.Header.Set("Accept-Encoding", "gzip")
	handler.ServeHTTP(got, r)
	if got.Code != http.StatusOK || strings.Count(got.Body.String(), secret) != 500 {
		t.Errorf("the page = %d, want the secret in it, uncompressed", got.Code)
	}
	if bytes.Contains(leftBehind(), []byte(secret)) {
		t.Error("the next page gets a buffer that holds the secret")
	}
}
