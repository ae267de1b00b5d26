package gitlabtest_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

func TestSignIn(t *testing.T) {
	t.Parallel()
	p := newPortal(t, gitlabtest.Application{})
	got := p.token(p.exchangeForm(p.code("developer")))
	tokens := p.pairOf(got)
	want := fmt.Sprintf(`{"access_token":"%s","token_type":"Bearer","expires_in":7200,"refresh_token":"%s","scope":"api","created_at":%d}`,
		tokens.Access, tokens.Refresh, p.clock.Now().Unix())
	if got.body != want {
		t.Errorf("tokens =\n%s, want\n%s", got.body, want)
	}
	if cache := got.header.Get("Cache-Control"); cache != "no-store, no-cache" {
		t.Errorf("Cache-Control = %q, want no-store, no-cache", cache)
	}
	p.wantUser(tokens.Access, 200, `{"id":5,"username":"developer"`)
}

func TestAuthorizePageOffersEverybodyWhoCanSignIn(t *testing.T) {
	t.Parallel()
	p := newPortal(t, gitlabtest.Application{Name: "Agent Portal"})
	p.AddUser(gitlabtest.User{Username: "gone", Name: "Gone Person", State: "blocked"})
	p.AddUser(gitlabtest.User{Username: "evil", Name: `<script>alert(1)</script>`, Hint: "leads the shop"})
	page := p.authorize().body
	for _, want := range []string{"Agent Portal", "The developer", "&lt;script&gt;", "leads the shop", "Deny", "Continue as The owner"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if strings.Contains(page, "Gone Person") || strings.Contains(page, "<script>") {
		t.Error("the page offers a blocked person or runs a script")
	}
}

func TestDeny(t *testing.T) {
	t.Parallel()
	p := newPortal(t, gitlabtest.Application{})
	form := formOf(t, p.authorize().body, "")
	form.Set("decision", "deny")
	got := p.request(http.MethodPost, "/oauth/authorize", form)
	want := callback + "?error=access_denied&error_description=The+resource+owner+or+authorization+server+denied+the+request.&state=st%26te"
	if got.status != http.StatusFound || got.header.Get("Location") != want {
		t.Errorf("denied = %d %s, want 302 %s", got.status, got.header.Get("Location"), want)
	}
}

func TestStateIsEchoedOnlyIfThereWasOne(t *testing.T) {
	t.Parallel()
	p := newPortal(t, gitlabtest.Application{SilentFor: 5})
	target, err := url.Parse(p.authorize("state", "").header.Get("Location"))
	if err != nil || target.Query().Has("state") || !target.Query().Has("code") {
		t.Errorf("the browser is sent to %s, %v, want a code and no state", target, err)
	}
}

func TestApplicationKeepsItsOwnCredentials(t *testing.T) {
	t.Parallel()
	app := newWorld(t).AddApplication(gitlabtest.Application{ID: "portal", Secret: "s3cret"})
	if app.ID != "portal" || app.Secret != "s3cret" {
		t.Errorf("the application has %q and %q, want portal and s3cret", app.ID, app.Secret)
	}
}

func TestAuthorizeErrorsStayAtGitLab(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		override []string
		want     string
	}{
		{"unknown client", []string{"client_id", "nobody"}, "Client authentication failed due to unknown client"},
		{"other redirect URI", []string{"redirect_uri", callback + "/"}, "The redirect URI included is not valid."},
		{"redirect URI with a query", []string{"redirect_uri", callback + "?x=1"}, "The redirect URI included is not valid."},
		{"no redirect URI", []string{"redirect_uri", ""}, "The redirect URI included is not valid."},
		{"no response type", []string{"response_type", ""}, "Missing required parameter: response_type."},
		{"token response type", []string{"response_type", "token"}, "The authorization server does not support this response type."},
		{"a scope that the application lacks", []string{"scope", "api sudo"}, "The requested scope is invalid"},
		{"a strange challenge method", []string{"code_challenge_method", "S512"}, "The code_challenge_method must be plain or S256."},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := newPortal(t, gitlabtest.Application{})
			for _, got := range []response{
				p.authorize(tt.override...),
				p.request(http.MethodPost, "/oauth/authorize", change(p.authorizeQuery("user", "developer", "decision", "allow"), tt.override)),
			} {
				if got.status != http.StatusBadRequest || got.header.Get("Location") != "" || !strings.Contains(got.body, `<p class="said">`+tt.want) {
					t.Errorf("authorize = %d %s %s, want 400 and a page with %q", got.status, got.header.Get("Location"), got.body, tt.want)
				}
			}
		})
	}
	t.Run("a person who is not there", func(t *testing.T) {
		t.Parallel()
		p := newPortal(t, gitlabtest.Application{})
		got := p.request(http.MethodPost, "/oauth/authorize", p.authorizeQuery("user", "nobody", "decision", "allow"))
		if got.status != http.StatusUnprocessableEntity || got.header.Get("Location") != "" {
			t.Errorf("consent = %d %s, want 422 and no redirect", got.status, got.header.Get("Location"))
		}
	})
}

func TestO2CodeChallenges(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		app      gitlabtest.Application
		override []string
		want     bool
	}{
		{"S256", gitlabtest.Application{}, nil, true},
		{"plain", gitlabtest.Application{}, []string{"code_challenge_method", "plain", "code_challenge", verifier}, true},
		{"plain without saying so", gitlabtest.Application{}, []string{"code_challenge_method", "", "code_challenge", verifier}, true},
		{"none", gitlabtest.Application{}, []string{"code_challenge_method", "", "code_challenge", ""}, true},
		{"S256 where it is required", gitlabtest.Application{RequireS256: true}, nil, true},
		{"plain where S256 is required", gitlabtest.Application{RequireS256: true}, []string{"code_challenge_method", "plain"}, false},
		{"none where S256 is required", gitlabtest.Application{RequireS256: true}, []string{"code_challenge_method", "", "code_challenge", ""}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := newPortal(t, tt.app)
			if got := p.authorize(tt.override...); got.status != 200 {
				if tt.want {
					t.Errorf("authorize = %d %s, want the page", got.status, got.body)
				}
				return
			}
			if !tt.want {
				t.Fatal("the page is shown, want a refusal")
			}
			form := p.exchangeForm(p.code("developer", tt.override...))
			if tt.name == "none" {
				form.Del("code_verifier")
			}
			p.pairOf(p.token(form))
		})
	}
}

func TestO11RefreshRotatesStrictly(t *testing.T) {
	t.Parallel()
	p := newPortal(t, gitlabtest.Application{})
	first := p.signIn("developer")
	p.clock.Advance(3 * time.Hour) // a refresh token outlives its access token
	second := p.pairOf(p.token(refreshForm(first.Refresh)))
	if first.Access == second.Access || first.Refresh == second.Refresh {
		t.Fatal("the refresh left a token as it was")
	}
	p.wantUser(first.Access, 401, revokedBody)
	p.wantUser(second.Access, 200, `{"id":5`)
	if got := p.token(refreshForm(first.Refresh)); got.status != 400 || got.body != invalidGrant {
		t.Errorf("the old refresh token = %d %s, want 400 invalid_grant", got.status, got.body)
	}
	p.wantUser(second.Access, 200, `{"id":5`)
}

func TestSilentSignIn(t *testing.T) {
	t.Parallel()
	p := newPortal(t, gitlabtest.Application{SilentFor: 5})
	got := p.authorize()
	target, err := url.Parse(got.header.Get("Location"))
	if err != nil || got.status != http.StatusFound || target.Query().Get("code") == "" {
		t.Fatalf("authorize = %d %s, want 302 with a code", got.status, got.header.Get("Location"))
	}
	tokens := p.pairOf(p.token(p.exchangeForm(target.Query().Get("code"))))
	p.wantUser(tokens.Access, 200, `{"id":5,`)
}

func TestScopeOfSignIn(t *testing.T) {
	t.Parallel()
	p := newPortal(t, gitlabtest.Application{Scopes: []string{"api", "read_api"}})
	tokens := p.pairOf(p.token(p.exchangeForm(p.code("maintainer", "scope", "read_api"))))
	got := p.send("", http.MethodPost, agentsPath, `{"name":"x"}`, "Authorization", "Bearer "+tokens.Access)
	if got.status != 403 || got.body != scopeBody("api read_api") {
		t.Errorf("a write with read_api = %d %s, want 403 insufficient_scope", got.status, got.body)
	}
}

func TestSecretsKnowsEverythingThatWasIssued(t *testing.T) {
	t.Parallel()
	p := newPortal(t, gitlabtest.Application{})
	tokens := p.signIn("developer")
	withToken(p.world)
	known := map[string]string{}
	for _, secret := range p.Secrets() {
		known[secret.Value] = secret.Kind
	}
	for value, want := range map[string]string{
		tokens.Access:                 "access token",
		tokens.Refresh:                "refresh token",
		p.app.Secret:                  "client secret",
		p.secrets["developer"]:        "personal token",
		p.Tokens(prodAgent)[0].Secret: "agent token",
	} {
		if known[value] != want {
			t.Errorf("Secrets calls %q %q, want %q", value, known[value], want)
		}
	}
	if _, ok := known[p.app.ID]; ok {
		t.Error("Secrets lists the client's id, which is public")
	}
}
