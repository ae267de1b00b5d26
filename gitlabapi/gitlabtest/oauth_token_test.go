package gitlabtest_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

func TestCodeExchangeRefusals(t *testing.T) {
	t.Parallel()
	missing := func(name string) string {
		return `{"error":"invalid_request","error_description":"Missing required parameter: ` + name + `."}`
	}
	for _, tt := range []struct {
		name       string
		override   []string
		wait       time.Duration
		wantStatus int
		wantBody   string
	}{
		{"no grant type", []string{"grant_type", ""}, 0, 400, missing("grant_type")},
		{
			"another grant type",
			[]string{"grant_type", "magic"},
			0, 400,
			`{"error":"unsupported_grant_type","error_description":"The authorization grant type is not supported by the authorization server."}`,
		},
		{"no code", []string{"code", ""}, 0, 400, missing("code")},
		{"no verifier", []string{"code_verifier", ""}, 0, 400, missing("code_verifier")},
		{"no redirect URI", []string{"redirect_uri", ""}, 0, 400, missing("redirect_uri")},
		{"a wrong verifier", []string{"code_verifier", verifier + "x"}, 0, 400, invalidGrant},
		{"another redirect URI", []string{"redirect_uri", callback + "/"}, 0, 400, invalidGrant},
		{"an unknown code", []string{"code", "nothing"}, 0, 400, invalidGrant},
		{"a code of ten minutes", nil, 10 * time.Minute, 400, invalidGrant},
		{"a wrong secret", []string{"client_secret", "guess"}, 0, 401, invalidOwner},
		{"no secret", []string{"client_secret", ""}, 0, 401, invalidOwner},
		{"an unknown client", []string{"client_id", "nobody"}, 0, 401, invalidOwner},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := newPortal(t, gitlabtest.Application{})
			form := p.exchangeForm(p.code("developer"))
			p.clock.Advance(tt.wait)
			got := p.token(form, tt.override...)
			if got.status != tt.wantStatus || got.body != tt.wantBody {
				t.Errorf("token endpoint = %d %s, want %d %s", got.status, got.body, tt.wantStatus, tt.wantBody)
			}
		})
	}
}

func TestCodeWorksOnce(t *testing.T) {
	t.Parallel()
	p := newPortal(t, gitlabtest.Application{})
	form := p.exchangeForm(p.code("developer"))
	p.pairOf(p.token(form))
	got := p.token(form)
	if got.status != 400 || got.body != invalidGrant {
		t.Errorf("the second exchange = %d %s, want 400 invalid_grant", got.status, got.body)
	}
	if challenge := got.header.Get("WWW-Authenticate"); challenge != "" {
		t.Errorf("WWW-Authenticate = %q, want none with status 400", challenge)
	}
}

func TestCodeOfAnotherClient(t *testing.T) {
	t.Parallel()
	p := newPortal(t, gitlabtest.Application{})
	other := p.AddApplication(gitlabtest.Application{})
	got := p.token(p.exchangeForm(p.code("developer")), "client_id", other.ID, "client_secret", other.Secret)
	if got.status != 400 || got.body != invalidGrant {
		t.Errorf("token endpoint = %d %s, want 400 invalid_grant", got.status, got.body)
	}
}

func TestClientCredentials(t *testing.T) {
	t.Parallel()
	t.Run("by HTTP Basic", func(t *testing.T) {
		t.Parallel()
		p := newPortal(t, gitlabtest.Application{})
		basic := base64.StdEncoding.EncodeToString([]byte(p.app.ID + ":" + p.app.Secret))
		p.pairOf(p.request(http.MethodPost, "/oauth/token", p.exchangeForm(p.code("guest")), "Authorization", "Basic "+basic))
	})
	t.Run("a public application needs no secret", func(t *testing.T) {
		t.Parallel()
		p := newPortal(t, gitlabtest.Application{Public: true})
		p.pairOf(p.token(p.exchangeForm(p.code("guest")), "client_secret", ""))
	})
}

func TestRefreshRefusals(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name       string
		override   []string
		wantStatus int
		wantBody   string
	}{
		{"no token", []string{"refresh_token", ""}, 400, `{"error":"invalid_request","error_description":"Missing required parameter: refresh_token."}`},
		{"an unknown token", []string{"refresh_token", "x"}, 400, invalidGrant},
		{"a wrong secret", []string{"client_secret", "x"}, 401, invalidOwner},
		{"a wider scope", []string{"scope", "api sudo"}, 400, `{"error":"invalid_scope","error_description":"The requested scope is invalid, unknown, or malformed."}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := newPortal(t, gitlabtest.Application{})
			tokens := p.signIn("developer")
			got := p.token(refreshForm(tokens.Refresh), tt.override...)
			if got.status != tt.wantStatus || got.body != tt.wantBody {
				t.Errorf("refresh = %d %s, want %d %s", got.status, got.body, tt.wantStatus, tt.wantBody)
			}
			p.wantUser(tokens.Access, 200, "{") // a refused refresh kills nothing
		})
	}
	t.Run("a token of another client", func(t *testing.T) {
		t.Parallel()
		p := newPortal(t, gitlabtest.Application{})
		tokens, other := p.signIn("developer"), p.AddApplication(gitlabtest.Application{})
		got := p.token(refreshForm(tokens.Refresh), "client_id", other.ID, "client_secret", other.Secret)
		if got.status != 400 || got.body != invalidGrant {
			t.Errorf("refresh = %d %s, want 400 invalid_grant", got.status, got.body)
		}
	})
}

func TestOAuthRevoke(t *testing.T) {
	t.Parallel()
	const unauthorizedClient = `{"error":"unauthorized_client","error_description":"You are not authorized to revoke this token"}`
	for _, tt := range []struct {
		name       string
		choose     func(pair) string
		wait       time.Duration
		override   []string
		wantStatus int
		wantBody   string
		// wantRefresh is whether the refresh token still works afterwards.
		wantRefresh bool
	}{
		{"the access token", func(p pair) string { return p.Access }, 0, nil, 200, "{}", false},
		{"the refresh token", func(p pair) string { return p.Refresh }, 0, nil, 200, "{}", false},
		{"an expired access token does nothing", func(p pair) string { return p.Access }, 2 * time.Hour, nil, 200, "{}", true},
		{"the refresh token of an expired access token", func(p pair) string { return p.Refresh }, 2 * time.Hour, nil, 200, "{}", false},
		{"an unknown token", func(pair) string { return "x" }, 0, nil, 200, "{}", true},
		{"a wrong secret", func(p pair) string { return p.Refresh }, 0, []string{"client_secret", "x"}, 403, unauthorizedClient, true},
		{"no client", func(p pair) string { return p.Refresh }, 0, []string{"client_id", ""}, 403, unauthorizedClient, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := newPortal(t, gitlabtest.Application{})
			tokens := p.signIn("developer")
			p.clock.Advance(tt.wait)
			form := url.Values{"token": {tt.choose(tokens)}, "client_id": {p.app.ID}, "client_secret": {p.app.Secret}}
			got := p.request(http.MethodPost, "/oauth/revoke", change(form, tt.override))
			if got.status != tt.wantStatus || got.body != tt.wantBody || got.header.Get("Content-Type") != "application/json; charset=utf-8" {
				t.Errorf("revoke = %d %s %s, want %d %s in JSON", got.status, got.header.Get("Content-Type"), got.body, tt.wantStatus, tt.wantBody)
			}
			wantLive := 0
			if tt.wantRefresh {
				wantLive = 1
			}
			if live := p.LiveOAuthTokens(p.ids["developer"]); live != wantLive {
				t.Errorf("%d live pairs of tokens, want %d", live, wantLive)
			}
			if live := p.token(refreshForm(tokens.Refresh)).status == 200; live != tt.wantRefresh {
				t.Errorf("the refresh token works: %t, want %t", live, tt.wantRefresh)
			}
		})
	}
	t.Run("a token of another client", func(t *testing.T) {
		t.Parallel()
		p := newPortal(t, gitlabtest.Application{})
		tokens, other := p.signIn("developer"), p.AddApplication(gitlabtest.Application{})
		form := url.Values{"token": {tokens.Refresh}, "client_id": {other.ID}, "client_secret": {other.Secret}}
		if got := p.request(http.MethodPost, "/oauth/revoke", form); got.status != 403 || got.body != unauthorizedClient {
			t.Errorf("revoke = %d %s, want 403 %s", got.status, got.body, unauthorizedClient)
		}
		if live := p.LiveOAuthTokens(p.ids["developer"]); live != 1 {
			t.Errorf("%d live pairs of tokens, want 1", live)
		}
	})
}

func TestTokenInfo(t *testing.T) {
	t.Parallel()
	p := newPortal(t, gitlabtest.Application{Scopes: []string{"api", "read_api"}})
	tokens := p.signIn("developer")
	p.clock.Advance(time.Hour)
	got := p.request(http.MethodGet, "/oauth/token/info", nil, "Authorization", "Bearer "+tokens.Access)
	want := fmt.Sprintf(`{"resource_owner_id":5,"scope":["api"],"expires_in":3600,"application":{"uid":"%s"},"created_at":%d,"scopes":["api"],"expires_in_seconds":3600}`,
		p.app.ID, p.clock.Now().Add(-time.Hour).Unix())
	if got.status != 200 || got.body != want {
		t.Errorf("info = %d %s, want 200 %s", got.status, got.body, want)
	}
	p.clock.Advance(time.Hour)
	got = p.request(http.MethodGet, "/oauth/token/info", nil, "Authorization", "Bearer "+tokens.Access)
	if want := `{"error":"invalid_token","error_description":"The access token is invalid","state":"unauthorized"}`; got.status != 401 || got.body != want {
		t.Errorf("info of a dead token = %d %s, want 401 %s", got.status, got.body, want)
	}
}

func TestOAuthAnswersOfOtherInstances(t *testing.T) {
	t.Parallel()
	p := newPortal(t, gitlabtest.Application{})
	p.Configure(func(s *gitlabtest.Settings) { s.TokenType, s.OmitScope = "bearer", true })
	got := p.token(p.exchangeForm(p.code("developer"))).body
	if !strings.Contains(got, `"token_type":"bearer"`) || strings.Contains(got, `"scope"`) {
		t.Errorf("tokens = %s, want a lower-case type and no scope", got)
	}
}
