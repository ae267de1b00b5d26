package handlers_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
	"gitlab-agent-portal/handlers"
	"gitlab-agent-portal/internal/audit"
	"gitlab-agent-portal/views"
)

// readable are the addresses that programs may read with a token.
func readable() []string {
	return []string{views.PatternFleetJSON, views.PatternFleetCSV, views.PatternActivityCSV, views.PatternAlertsJSON, views.PatternHistoryCSV}
}

// token is a new personal access token of a person's; read_api without scopes.
func (p *portal) token(username string, scopes ...string) string {
	if len(scopes) == 0 {
		scopes = []string{"read_api"}
	}
	return p.gitlab.AddPersonalToken(gitlabtest.PersonalToken{User: p.people[username], Scopes: scopes})
}

// program is something without cookies that sends the token.
func (p *portal) program(token string) *browser {
	b := p.visitor()
	b.client.Jar, b.header = nil, http.Header{"Accept": {"*/*"}}
	if token != "" {
		b.header.Set("PRIVATE-TOKEN", token)
	}
	return b
}

// problem reads what a program is told of a problem.
func problem(t *testing.T, got *answer) (code string, whole map[string]any) {
	t.Helper()
	if kind := got.header.Get("Content-Type"); kind != "application/json" {
		t.Errorf("an error is %s: %.200s", kind, got.body)
	}
	if err := json.Unmarshal([]byte(got.body), &whole); err != nil {
		t.Errorf("an error cannot be read: %v in %.200s", err, got.body)
	}
	code, _ = whole["error"].(string)
	if message, _ := whole["message"].(string); message == "" || strings.HasPrefix(message, "errors.") || whole["request_id"] != got.header.Get("X-Request-Id") {
		t.Errorf("an error says %v", whole)
	}
	return code, whole
}

func TestProgramsAreToldInTheirLanguage(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	b := p.program("glpat-wrong")
	for lang, want := range map[string]string{
		"":      "GitLab does not accept the token. It is mistyped, revoked or expired. Create another one with the scope read_api.",
		"zh-CN": "GitLab 不接受此令牌。令牌有误、已撤销或已过期。请新建一个具有 read_api 范围的令牌。",
	} {
		b.header.Set("Accept-Language", lang)
		if _, whole := problem(t, b.get("/fleet.json")); whole["message"] != want {
			t.Errorf("in %q: %v, want %s", lang, whole["message"], want)
		}
	}
}

func TestProgramsReadWithATokenOfGitLabs(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	bot := p.gitlab.AddUser(gitlabtest.User{Username: "project_1_bot", Name: "Nightly"})
	p.gitlab.AddMember(p.project, bot, gitlabtest.Maintainer)
	p.people["bot"] = bot
	p.note(func(*audit.Event) {})
	oauth := p.gitlab.AddOAuthToken(gitlabtest.OAuthToken{User: p.people["lead"], Application: clientID, Scopes: []string{"read_api"}}).Access
	for name, header := range map[string][2]string{
		"a personal access token":             {"PRIVATE-TOKEN", p.token("lead")},
		"one of more scope":                   {"PRIVATE-TOKEN", p.token("lead", "api")},
		"a personal access token as a bearer": {"Authorization", "Bearer " + p.token("lead")},
		"a bearer in small letters":           {"authorization", "bearer " + p.token("lead")},
		"a project's access token":            {"PRIVATE-TOKEN", p.token("bot")},
		"an OAuth token":                      {"Authorization", "Bearer " + oauth},
	} {
		b := p.program("")
		b.header.Set(header[0], header[1])
		for _, path := range readable() {
			got := b.get(path)
			if got.status != http.StatusOK || !strings.Contains(got.body, "payments") && path != views.PatternAlertsJSON && path != views.PatternHistoryCSV {
				t.Errorf("GET %s with %s = %d: %.300s", path, name, got.status, got.body)
			}
			if got.header.Get("Set-Cookie") != "" || got.header.Get("Location") != "" || got.header.Get("Access-Control-Allow-Origin") != "" {
				t.Errorf("GET %s with %s answers with %v", path, name, got.header)
			}
			if vary := strings.Join(got.header.Values("Vary"), ", "); got.header.Get("Cache-Control") != "no-store" || !strings.Contains(vary, "Authorization, PRIVATE-TOKEN, Cookie") {
				t.Errorf("GET %s with %s may be kept: %q, %q", path, name, got.header.Get("Cache-Control"), vary)
			}
			if head := b.send(b.request(http.MethodHead, path, nil)); head.status != http.StatusOK || head.body != "" || head.header.Get("Content-Type") != got.header.Get("Content-Type") {
				t.Errorf("HEAD %s with %s = %d %q", path, name, head.status, head.body)
			}
		}
		if got := b.get("/fleet.csv").body; strings.HasPrefix(got, "\ufeff") {
			t.Errorf("with %s a CSV begins with a byte order mark", name)
		}
	}
}

func TestAProgramIsToldWhatIsWrongWithItsToken(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	expired := p.gitlab.AddPersonalToken(gitlabtest.PersonalToken{User: p.people["lead"], ExpiresAt: p.clock.Now()})
	revoked := p.token("lead")
	p.gitlab.RevokePersonalToken(revoked)
	p.people["gone"] = p.gitlab.AddUser(gitlabtest.User{Username: "gone", State: "blocked"})
	blocked := p.token("gone")
	for name, tt := range map[string]struct {
		header    http.Header
		status    int
		code      string
		challenge string
	}{
		"none":                 {nil, 401, "token_missing", `Bearer realm="GitLab Agent Portal"`},
		"another scheme":       {http.Header{"Authorization": {"Basic bGVhZDp4"}}, 401, "token_missing", `Bearer realm="GitLab Agent Portal"`},
		"a job's":              {http.Header{"Job-Token": {p.token("lead")}}, 401, "token_missing", `Bearer realm="GitLab Agent Portal"`},
		"an empty one":         {http.Header{"Private-Token": {""}}, 401, "token_malformed", `error="invalid_token"`},
		"two":                  {http.Header{"Private-Token": {p.token("lead")}, "Authorization": {"Bearer " + p.token("dev")}}, 401, "token_malformed", `error="invalid_token"`},
		"two of a kind":        {http.Header{"Private-Token": {"a", "b"}}, 401, "token_malformed", `error="invalid_token"`},
		"one with a space":     {http.Header{"Private-Token": {"a b"}}, 401, "token_malformed", `error="invalid_token"`},
		"one of 2,000 letters": {http.Header{"Private-Token": {strings.Repeat("x", 2000)}}, 401, "token_malformed", `error="invalid_token"`},
		"an unknown one":       {http.Header{"Private-Token": {"glpat-nobody"}}, 401, "token_refused", `error="invalid_token"`},
		"an expired one":       {http.Header{"Private-Token": {expired}}, 401, "token_refused", `error="invalid_token"`},
		"a revoked one":        {http.Header{"Private-Token": {revoked}}, 401, "token_refused", `error="invalid_token"`},
		"one for people only":  {http.Header{"Private-Token": {p.token("lead", "read_user")}}, 403, "token_scope", `error="insufficient_scope"`},
		"one for files only":   {http.Header{"Private-Token": {p.token("lead", "read_repository")}}, 403, "token_scope", `error="insufficient_scope"`},
		"a blocked person's":   {http.Header{"Private-Token": {blocked}}, 403, "restricted_blocked", ""},
	} {
		for _, path := range readable() {
			b := p.program("")
			maps.Copy(b.header, tt.header)
			got := b.get(path)
			code, _ := problem(t, got)
			if got.status != tt.status || code != tt.code || !strings.HasSuffix(got.header.Get("WWW-Authenticate"), tt.challenge) && tt.code != "token_scope" {
				t.Errorf("GET %s with %s = %d %s, %q; want %d %s, %q", path, name, got.status, code, got.header.Get("WWW-Authenticate"), tt.status, tt.code, tt.challenge)
			}
			if got.header.Get("Set-Cookie") != "" || got.header.Get("Location") != "" || got.header.Get("Cache-Control") != "no-store" {
				t.Errorf("GET %s with %s answers with %v", path, name, got.header)
			}
		}
	}
	asked := p.gitlab.Requests()
	if slices.ContainsFunc(asked, func(r gitlabtest.Request) bool { return strings.Contains(r.Path, "glpat") }) {
		t.Error("a token is in an address")
	}
}

// TestC7ATokenOpensNothingButTheExports tries every other route with it, and every way to change something.
func TestC7ATokenOpensNothingButTheExports(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	b := p.program(p.token("lead", "api"))
	b.header.Set("Authorization", "Bearer "+b.header.Get("PRIVATE-TOKEN"))
	b.header.Del("PRIVATE-TOKEN")
	p.gitlab.ResetCounters()
	for _, route := range handlers.Routes() {
		if slices.Contains(readable(), route.Pattern) || !route.SignedIn {
			continue
		}
		got := b.send(b.request(route.Method, p.address(route.Pattern), nil))
		if got.status != http.StatusSeeOther && got.status != http.StatusUnauthorized || strings.Contains(got.body, "prod-token") {
			t.Errorf("%s %s with a token = %d", route.Method, route.Pattern, got.status)
		}
	}
	for _, path := range readable() {
		for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodPatch, http.MethodOptions} {
			got := b.send(b.request(method, path, nil))
			if code, _ := problem(t, got); got.status != http.StatusMethodNotAllowed || code != "method" || got.header.Get("Allow") != "GET, HEAD" {
				t.Errorf("%s %s with a token = %d %s, Allow: %s", method, path, got.status, code, got.header.Get("Allow"))
			}
		}
	}
	if asked := p.gitlab.Requests(); len(asked) != 0 {
		t.Errorf("GitLab was asked: %v", asked)
	}
}

// TestC7ASessionComesBeforeAToken: what stands beside a session is not sent to GitLab, and neither is what
// comes with a browser's request.
func TestC7ASessionComesBeforeAToken(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	other := p.gitlab.AddProject(gitlabtest.Project{Path: "other"})
	p.gitlab.AddMember(other, p.people["outsider"], gitlabtest.Maintainer)
	p.gitlab.AddAgent(gitlabtest.Agent{Project: other, Name: "theirs"})
	signedIn := p.as("lead")
	signedIn.header = p.program(p.token("outsider")).header
	before := p.gitlab.Calls(gitlabtest.OpCurrentUser)
	if got := signedIn.get("/fleet.json"); got.status != http.StatusOK || !strings.Contains(got.body, "payments") || strings.Contains(got.body, "theirs") {
		t.Errorf("with a session and a token: %d %s", got.status, got.body)
	}
	for name, header := range map[string][2]string{"a fetch": {"Sec-Fetch-Site", "cross-site"}, "a page": {"Accept", "text/html,*/*"}} {
		b := p.program(p.token("lead"))
		b.header.Set(header[0], header[1])
		if got := b.get("/fleet.json"); got.status != http.StatusSeeOther {
			t.Errorf("%s with a token = %d, want the way to sign in", name, got.status)
		}
	}
	if n := p.gitlab.Calls(gitlabtest.OpCurrentUser) - before; n != 0 {
		t.Errorf("GitLab was asked %d times whose a token is", n)
	}
	ended := p.as("lead")
	ended.header = p.program(p.token("outsider")).header
	p.database.Exec(t, `DELETE FROM sessions`)
	if got := ended.get("/fleet.json"); got.status != http.StatusOK || !strings.Contains(got.body, "theirs") || strings.Contains(got.body, "payments") {
		t.Errorf("with the cookie of an ended session and a token: %d %s", got.status, got.body)
	}
}

func TestO16WhatOneTokenReadsNoOtherSees(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	p.note(func(*audit.Event) {})
	// Of one person: a token that may read, and one that may only tell who they are.
	lead, narrow := p.program(p.token("lead")), p.program(p.token("lead", "read_user"))
	outsider := p.program(p.token("outsider"))
	for range 2 {
		for _, path := range readable() {
			if got := lead.get(path); got.status != http.StatusOK {
				t.Errorf("GET %s = %d", path, got.status)
			}
			if got := outsider.get(path); got.status != http.StatusOK || strings.Contains(got.body, "payments") {
				t.Errorf("GET %s with the token of somebody else = %d: %s", path, got.status, got.body)
			}
			if got := narrow.get(path); got.status != http.StatusForbidden || strings.Contains(got.body, "payments") {
				t.Errorf("GET %s with a narrow token of the same person = %d: %s", path, got.status, got.body)
			}
		}
		p.clock.Advance(20 * time.Second)
	}
	p.gitlab.ResetCounters()
	if got := p.as("lead").get("/fleet.json"); got.status != http.StatusOK || p.gitlab.Calls(gitlabtest.OpGraphQL) == 0 {
		t.Errorf("the session of the same person = %d, with what the token had read", got.status)
	}
}

func TestO16ARevokedTokenEndsWithinAMinute(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	secret := p.token("lead")
	b := p.program(secret)
	if got := b.get("/fleet.json"); got.status != http.StatusOK {
		t.Fatalf("GET /fleet.json = %d", got.status)
	}
	p.gitlab.RevokePersonalToken(secret)
	p.clock.Advance(61 * time.Second)
	for _, path := range readable() {
		if code, _ := problem(t, b.get(path)); code != "token_refused" {
			t.Errorf("GET %s with a revoked token: %s", path, code)
		}
	}
	if kept := p.fleet.Stats().Viewers; kept != 0 {
		t.Errorf("%d fleets are kept for a token that GitLab has refused", kept)
	}
}

func TestO16ATokenThatEndsUnderWayIsRefused(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	secret := p.token("lead")
	b := p.program(secret)
	b.get("/alerts.json")
	p.clock.Advance(40 * time.Second) // the fleet is to be read again, and the owner still known
	p.gitlab.RevokePersonalToken(secret)
	if code, _ := problem(t, b.get("/fleet.json")); code != "token_refused" {
		t.Errorf("GET /fleet.json: %s", code)
	}
}

func TestB7TokensCostGitLabACallAMinute(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	b := p.program(p.token("lead"))
	p.gitlab.ResetCounters()
	for _, tt := range []struct {
		after          time.Duration
		owner, queries int
	}{{0, 1, 3}, {0, 1, 3}, {29 * time.Second, 1, 3}, {20 * time.Second, 1, 6}, {20 * time.Second, 2, 6}} {
		p.clock.Advance(tt.after)
		for _, path := range readable() {
			b.get(path)
		}
		if owner, queries := p.gitlab.Calls(gitlabtest.OpCurrentUser), p.gitlab.Calls(gitlabtest.OpGraphQL); owner != tt.owner || queries != tt.queries {
			t.Errorf("%v later: %d questions for the owner and %d queries, want %d and %d", tt.after, owner, queries, tt.owner, tt.queries)
		}
	}
}

func TestB7WrongTokensAreCountedByAddress(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	good := p.program(p.token("lead"))
	good.get("/fleet.json")
	p.gitlab.ResetCounters()
	asked := 0
	for i := range 100 {
		got := p.program("glpat-" + strings.Repeat("x", i)).get("/fleet.json")
		switch code, whole := problem(t, got); code {
		case "token_refused":
			asked++
		case "too_many_tokens":
			if got.status != http.StatusTooManyRequests || got.header.Get("Retry-After") != "2" || whole["retry_after"] != 2.0 {
				t.Errorf("a wrong token too many = %d, Retry-After %q, %v", got.status, got.header.Get("Retry-After"), whole)
			}
		default:
			t.Errorf("a wrong token = %d %s", got.status, code)
		}
	}
	if calls := p.gitlab.Calls(gitlabtest.OpCurrentUser); asked != 59 || calls != asked { // one was the good one
		t.Errorf("GitLab was asked %d times for %d of 100 wrong tokens, want 59", calls, asked)
	}
	p.clock.Advance(61 * time.Second) // whose owner is to be asked for again
	p.program("glpat-unknown").get("/fleet.json")
	if got := good.get("/fleet.json"); got.status != http.StatusOK {
		t.Errorf("a token that was good = %d: it pays for others of its address", got.status)
	}
}

func TestB7ReadingWithATokenTakesAPersonsTurn(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	lead, pages := p.program(p.token("lead")), p.config.Requests.Pages
	pages.Wait = 10 * time.Millisecond
	for range 8 { // that do not end
		done, err := pages.Take(t.Context(), p.people["lead"])
		if err != nil {
			t.Fatal(err)
		}
		defer done()
	}
	for _, path := range readable() {
		got := lead.get(path)
		if code, _ := problem(t, got); got.status != http.StatusTooManyRequests || code != "too_many_pages" || got.header.Get("Retry-After") == "" {
			t.Errorf("GET %s = %d %s, Retry-After %q", path, got.status, code, got.header.Get("Retry-After"))
		}
		if got := p.program(p.token("dev")).get(path); got.status != http.StatusOK {
			t.Errorf("another person's GET %s = %d", path, got.status)
		}
	}
}
