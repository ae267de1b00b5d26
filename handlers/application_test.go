package handlers_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

// renewSecret gives the portal's application another secret, which the portal is not told.
func (p *portal) renewSecret(secret string) {
	p.gitlab.AddApplication(gitlabtest.Application{
		ID: clientID, Secret: secret, RedirectURIs: []string{p.public.String() + "/auth/callback"}, Scopes: []string{"api", "read_api"},
	})
}

// logged is the last line of the log that holds part.
func (p *portal) logged(part string) (line struct{ Level, Error, Settings string }) {
	p.t.Helper()
	for text := range strings.Lines(p.logs.String()) {
		if strings.Contains(text, part) {
			line = struct{ Level, Error, Settings string }{}
			if err := json.Unmarshal([]byte(text), &line); err != nil {
				p.t.Fatal(err)
			}
		}
	}
	return line
}

func TestAWrongClientSecretIsTheOperatorsMatter(t *testing.T) {
	t.Parallel()
	for language, want := range map[string]struct{ title, advice string }{
		"en":    {"GitLab does not know this portal", "Tell whoever runs the portal the request number below."},
		"zh-CN": {"GitLab 不认识本门户", "请将下方的请求编号告知门户的运维人员"},
	} {
		t.Run(language, func(t *testing.T) {
			t.Parallel()
			p := newPortal(t)
			lead := p.as("lead")
			lead.header.Set("Accept-Language", language)
			judge := func(what string, got *answer) {
				t.Helper()
				if got.status != http.StatusBadGateway || got.text("h1") != want.title || !strings.Contains(got.text("main"), want.advice) {
					t.Errorf("%s = %d %q, want 502 %q", what, got.status, got.text("main"), want.title)
				}
				line := p.logged(`"` + got.header.Get("X-Request-Id") + `"`)
				if line.Level != "ERROR" || !strings.Contains(line.Settings, "GITLAB_CLIENT_SECRET") || !strings.Contains(line.Error, "invalid_client") {
					t.Errorf("%s is logged as %+v, want an error with the setting and GitLab's word", what, line)
				}
			}

			p.renewSecret("renewed-secret")
			p.clock.Advance(2*time.Hour - 30*time.Second)
			if got := lead.get("/projects"); got.status != http.StatusOK {
				t.Errorf("GET /projects while the token still works = %d, want 200", got.status)
			}
			if line := p.logged("ahead of its end"); line.Level != "ERROR" || !strings.Contains(line.Settings, "GITLAB_CLIENT_SECRET") {
				t.Errorf("the renewal ahead is logged as %+v", line)
			}
			p.clock.Advance(time.Hour)
			judge("GET /projects", lead.get("/projects"))
			judge("signing in again", lead.signIn("/auth/login", "lead"))
			p.renewSecret(clientSecret)
			if got := lead.get("/projects"); got.status != http.StatusOK {
				t.Errorf("GET /projects once the setting is right = %d, want the same session", got.status)
			}
		})
	}
}

func TestASignInThatGitLabRefusesForTheApplicationIsTheOperatorsMatter(t *testing.T) {
	t.Parallel()
	for code, heading := range map[string]string{
		"invalid_scope": "GitLab does not know this portal", "unauthorized_client": "GitLab does not know this portal",
		"server_error": "GitLab did not complete the sign-in", "access_denied": "You did not give access",
	} {
		p := newPortal(t)
		b := p.visitor()
		back := b.authorize(b.get("/auth/login").header.Get("Location"), "lead", "deny")
		got := b.get(strings.Replace(back, "error=access_denied", "error="+code, 1))
		if got.text("h1") != heading || got.doc.Find(`main a[href="/auth/login"]`).Length() != 1 {
			t.Errorf("%s: %d %q, want %q and a way to sign in", code, got.status, got.text("main"), heading)
		}
		line := p.logged(`"` + got.header.Get("X-Request-Id") + `"`)
		if isOperators := heading == "GitLab does not know this portal"; isOperators != strings.Contains(line.Settings, "GITLAB_SCOPE") {
			t.Errorf("%s is logged as %+v", code, line)
		}
	}
}

func TestAGitLabUnderMaintenanceSaysWhenToComeBack(t *testing.T) {
	t.Parallel()
	for language, want := range map[string]string{"en": "Try again in 120 s.", "zh-CN": "请在 120 秒后重试。"} {
		t.Run(language, func(t *testing.T) {
			t.Parallel()
			p := newPortal(t)
			lead := p.as("lead")
			lead.header.Set("Accept-Language", language)
			p.gitlab.Inject(gitlabtest.OpRefreshToken, gitlabtest.OAuthUnavailable(2*time.Minute))
			p.gitlab.Inject(gitlabtest.OpExchangeCode, gitlabtest.OAuthUnavailable(2*time.Minute))
			p.clock.Advance(3 * time.Hour)
			for what, got := range map[string]*answer{
				"a page": lead.get("/projects"), "the fleet": lead.get("/?wait=1"), "a part of a page": lead.htmx("projects").get("/projects"),
				"signing in": lead.signIn("/auth/login", "lead"),
			} {
				if got.status != http.StatusServiceUnavailable || got.header.Get("Retry-After") != "120" || !strings.Contains(got.text("body"), want) {
					t.Errorf("%s = %d, Retry-After %q: %q, want 503 and %q", what, got.status, got.header.Get("Retry-After"), got.text("body"), want)
				}
			}
			p.gitlab.ClearFaults("")
			p.clock.Advance(time.Minute) // GitLab is asked whether it still means it
			if got := lead.get("/projects"); got.status != http.StatusOK {
				t.Errorf("GET /projects afterwards = %d, want the same session", got.status)
			}
		})
	}
}
