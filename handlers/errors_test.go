package handlers_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/gitlabapi/gitlabtest"
	"gitlab-agent-portal/handlers"
	"gitlab-agent-portal/internal/budget"
	"gitlab-agent-portal/internal/session"
	"gitlab-agent-portal/internal/tokens"
)

func TestErrorsBecomeHonestStatuses(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		err    error
		change bool
		status int
		id     string
	}{
		{"a forbidden read", gitlabapi.ErrForbidden, false, 403, "forbidden"},
		{"a forbidden change that nobody could explain", gitlabapi.ErrForbidden, true, 403, "forbidden"},
		{"a page of a proxy", gitlabapi.ErrForeign, false, 502, "foreign"},
		{"a scope that is too small", gitlabapi.ErrInsufficientScope, true, 403, "read_only_portal"},
		{"something that is not there", gitlabapi.ErrNotFound, false, 404, "not_visible"},
		{"a refused change", gitlabapi.ErrInvalid, true, 422, "gitlab_refused"},
		{"a rate limit", gitlabapi.ErrRateLimited, false, 503, "gitlab_busy"},
		{"GitLab down while reading", gitlabapi.ErrUnavailable, false, 502, "gitlab_down"},
		{"GitLab slow while reading", gitlabapi.ErrTimeout, false, 504, "gitlab_slow"},
		{"a deadline of ours", context.DeadlineExceeded, false, 504, "gitlab_slow"},
		{"GitLab down before a change was sent", gitlabapi.ErrUnavailable, true, 502, "gitlab_down_unchanged"},
		{"a deletion that did not happen", tokens.ErrStillThere, true, 502, "gitlab_down_unknown"},
		{"too many changes", &budget.SpentError{Wait: time.Second}, true, 429, "too_many_changes"},
		{"a registration of unknown outcome", &tokens.UnknownAgentError{Cause: errors.New("cut")}, true, 502, "agent_unknown"},
		{"a client that went away", context.Canceled, false, 499, "internal"},
		{"anything else", errors.New("sql: no rows"), false, 500, "internal"},
		{"a wrapped error", fmt.Errorf("doing something: %w", gitlabapi.ErrNotFound), false, 404, "not_visible"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if status, id := handlers.Classify(tt.err, tt.change); status != tt.status || id != tt.id {
				t.Errorf("classify(%v) = %d %q, want %d %q", tt.err, status, id, tt.status, tt.id)
			}
		})
	}
}

// internals are words that must never reach a person.
var internals = []string{"dial tcp", "connection re", "EOF", "json:", ".go:", "goroutine", "sql:", "glagent-", "/api/v4", "Bearer", "invalid character", "127.0.0.1:", "context deadline"}

func TestP22FaultsOfGitLabNeverLeak(t *testing.T) {
	t.Parallel()
	faults := map[string]gitlabtest.Fault{
		"502 in HTML": gitlabtest.BadGateway(), "503 without a body": gitlabtest.EmptyUnavailable(), "a sign-in page": gitlabtest.SignInPage(),
		"500": gitlabtest.Status(500), "an echo of the request": gitlabtest.Echo(500), "an echo with 400": gitlabtest.Echo(400),
		"half a JSON": gitlabtest.Truncated(), "a cut connection": gitlabtest.Cut(), "throttled": gitlabtest.ThrottledWith("3600"),
		"a redirect to another host": gitlabtest.RedirectTo("https://evil.example/"),
		"300 MB":                     gitlabtest.Oversized(300 << 20), "wrong types": gitlabtest.Reply(200, "application/json", `{"id":"x","name":[1],"message":{"a":[2]}}`),
	}
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPortal(t)
			lead := p.as("lead")
			action, values := lead.form(p.agentPath(p.prod) + "/tokens/new")
			values.Set("name", "second")
			p.gitlab.Inject("", fault)
			answers := map[string]*answer{
				"GET /projects": lead.get("/projects"), "GET agents": lead.get(p.address("/projects/{project}/agents")),
				"GET agent": lead.get(p.agentPath(p.prod)), "GET as a fragment": lead.htmx("dialog-body").get(p.agentPath(p.prod) + "/delete"),
				"POST": lead.post(action, values), "POST by htmx": lead.htmx("reveal").post(p.agentPath(p.prod)+"/delete", url.Values{"confirm": {"prod"}}),
			}
			for what, got := range answers {
				if got.status < 400 {
					t.Errorf("%s = %d, want an error", what, got.status)
				}
				visible := strings.NewReplacer(p.gitlab.URL, "", got.header.Get("X-Request-Id"), "").Replace(got.text("body"))
				for _, word := range internals {
					if strings.Contains(visible, word) {
						t.Errorf("%s (%d) says %q: %s", what, got.status, word, visible)
					}
				}
				if !strings.Contains(got.body, got.header.Get("X-Request-Id")) {
					t.Errorf("%s (%d) does not say its request id", what, got.status)
				}
			}
		})
	}
}

func TestErrorsOfFragmentsGoWhereThePersonLooks(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	lead := p.as("lead")
	_, values := lead.form(p.agentPath(p.prod) + "/tokens/new")
	p.gitlab.Inject("", gitlabtest.BadGateway())
	tests := []struct {
		name   string
		answer *answer
		want   string
	}{
		{"opening a dialog", lead.htmx("dialog-body").get(p.agentPath(p.prod) + "/tokens/new"), "#notice"},
		{"sending a form", lead.htmx("form").post(p.agentPath(p.prod)+"/delete", values), "#form-notice"},
		{"sending a form whose answer is a reveal", lead.htmx("reveal").post(p.address("/projects/{project}/agents"), values), "#form-notice"},
		{"saying that a token is stored, which keeps its place", p.visitor().htmx("stored-notice").post(p.agentPath(p.prod)+"/tokens/1/stored", values), ""},
	}
	for _, tt := range tests {
		if got := tt.answer.header.Get("HX-Retarget"); got != tt.want || tt.answer.header.Get("HX-Reswap") != "innerHTML" {
			t.Errorf("%s: HX-Retarget = %q, HX-Reswap = %q; want %q", tt.name, got, tt.answer.header.Get("HX-Reswap"), tt.want)
		}
		if tt.answer.header.Get("HX-Redirect") != "" {
			t.Errorf("%s leads away", tt.name)
		}
	}
}

func TestASlowGitLabEndsInASentence(t *testing.T) {
	t.Parallel()
	faults := map[string]gitlabtest.Fault{
		"that never answers": gitlabtest.Hold(gitlabtest.NewGate()), "that drips": gitlabtest.Drip(10 * time.Millisecond),
	}
	for name, fault := range faults {
		t.Run("a GitLab "+name, func(t *testing.T) {
			t.Parallel()
			// Only what meets the fault has little time: the rest may take its own on a busy machine.
			short, keys := 300*time.Millisecond, session.Keys{session.NewKey()}
			p := newPortal(t, func(s *setUp) { s.keys = keys })
			lead := p.as("lead")
			p.restart(setUp{keys: keys, timeouts: gitlabapi.Timeouts{Write: short}})
			action, values := lead.form(p.agentPath(p.prod) + "/tokens/new")
			values.Set("name", "second")
			p.gitlab.Inject(gitlabtest.OpCreateToken, fault)
			if got := lead.post(action, values); got.status != http.StatusGatewayTimeout || !strings.Contains(got.text("h1"), "Was the token created") {
				t.Errorf("creating = %d %q, want 504 and the question whether it was created", got.status, got.text("main"))
			}
			p.restart(setUp{keys: keys, timeouts: gitlabapi.Timeouts{Read: short, Header: short}})
			p.gitlab.Inject(gitlabtest.OpListProjects, fault)
			if got := lead.get("/projects"); got.status != http.StatusGatewayTimeout || got.text("h1") == "" {
				t.Errorf("GET /projects = %d %q, want 504", got.status, got.text("h1"))
			}
		})
	}
}

func TestRateLimitsSayWhenToComeBack(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	lead := p.as("lead")
	p.gitlab.Inject(gitlabtest.OpListProjects, gitlabtest.ThrottledWith("3600"))
	got := lead.get("/projects")
	if got.status != http.StatusServiceUnavailable || got.header.Get("Retry-After") == "" {
		t.Errorf("GET /projects = %d, Retry-After %q", got.status, got.header.Get("Retry-After"))
	}
}

func TestProbesSayWhatTheyShould(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	p.gitlab.Inject("", gitlabtest.BadGateway())
	for _, path := range []string{"/healthz", "/readyz"} {
		if got := p.visitor().get(path); got.status != http.StatusOK {
			t.Errorf("GET %s while GitLab is down = %d, want 200", path, got.status)
		}
	}
}
