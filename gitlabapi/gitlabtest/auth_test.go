package gitlabtest_test

import (
	"net/http"
	"testing"
	"time"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

const (
	expiredBody = `{"error":"invalid_token","error_description":"Token is expired. You can either do re-authorization or token refresh."}`
	revokedBody = `{"error":"invalid_token","error_description":"Token was revoked. You have to re-authorize from the user."}`
)

func scopeBody(scopes string) string {
	return `{"error":"insufficient_scope","error_description":"The request requires higher privileges than provided by the access token.","scope":"` + scopes + `"}`
}

func TestAuthentication(t *testing.T) {
	t.Parallel()
	bearer := func(secret string) []string { return []string{"Authorization", "Bearer " + secret} }
	private := func(secret string) []string { return []string{"PRIVATE-TOKEN", secret} }
	for _, tt := range []struct {
		name string
		// headers makes the request's headers, with whatever credential it needs.
		headers    func(w *world) []string
		wantStatus int
		wantBody   string
	}{
		{"nothing", func(*world) []string { return nil }, 401, unauthorized},
		{"an unknown personal token", func(*world) []string { return private("glpat-nobody") }, 401, unauthorized},
		{"an unknown bearer", func(*world) []string { return bearer("nobody") }, 401, unauthorized},
		{"a personal token", func(w *world) []string { return private(w.secrets["developer"]) }, 200, "[" + prodBody + "]"},
		{"a personal token as bearer", func(w *world) []string { return bearer(w.secrets["developer"]) }, 200, "[" + prodBody + "]"},
		{"an OAuth token", func(w *world) []string { return bearer(w.oauth("developer").Access) }, 200, "[" + prodBody + "]"},
		{"an OAuth token as private token", func(w *world) []string { return private(w.oauth("developer").Access) }, 401, unauthorized},
		{"a refresh token", func(w *world) []string { return bearer(w.oauth("developer").Refresh) }, 401, unauthorized},
		{"an expired OAuth token", func(w *world) []string {
			pair := w.oauth("developer")
			w.clock.Advance(2 * time.Hour)
			return bearer(pair.Access)
		}, 401, expiredBody},
		{"an OAuth token expired on demand", func(w *world) []string {
			pair := w.oauth("developer")
			w.ExpireAccessTokens(w.ids["developer"])
			return bearer(pair.Access)
		}, 401, expiredBody},
		{"an OAuth token a second before its end", func(w *world) []string {
			pair := w.oauth("developer")
			w.clock.Advance(2*time.Hour - time.Second)
			return bearer(pair.Access)
		}, 200, "[" + prodBody + "]"},
		{"a revoked OAuth token", func(w *world) []string {
			pair := w.oauth("developer")
			w.RevokeOAuthTokens(w.ids["developer"])
			return bearer(pair.Access)
		}, 401, revokedBody},
		{"an expired personal token", func(w *world) []string {
			return private(w.AddPersonalToken(gitlabtest.PersonalToken{User: w.ids["developer"], ExpiresAt: w.clock.Now()}))
		}, 401, expiredBody},
		{"a revoked personal token", func(w *world) []string {
			return private(w.AddPersonalToken(gitlabtest.PersonalToken{User: w.ids["developer"], Revoked: true}))
		}, 401, revokedBody},
		{"a blocked person", func(w *world) []string {
			id := w.AddUser(gitlabtest.User{Username: "gone", State: "blocked"})
			return private(w.AddPersonalToken(gitlabtest.PersonalToken{User: id}))
		}, 403, `{"message":"403 Forbidden - Your account has been blocked."}`},
		{"a deactivated person", func(w *world) []string {
			w.SetURL("https://gitlab.example")
			id := w.AddUser(gitlabtest.User{Username: "gone", State: "deactivated"})
			return private(w.AddPersonalToken(gitlabtest.PersonalToken{User: id}))
		}, 403, `{"message":"403 Forbidden - Your account has been deactivated by your administrator. Please log back in from a web browser to reactivate your account at https://gitlab.example/"}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			got := w.send("", http.MethodGet, agentsPath, "", tt.headers(w)...)
			if got.status != tt.wantStatus || got.body != tt.wantBody {
				t.Errorf("GET =\n%d %s, want\n%d %s", got.status, got.body, tt.wantStatus, tt.wantBody)
			}
		})
	}
}

// oauth gives a person a pair of tokens.
func (w *world) oauth(username string) gitlabtest.OAuthToken {
	w.t.Helper()
	return w.AddOAuthToken(gitlabtest.OAuthToken{User: w.ids[username], Application: "app"})
}

func TestDeadTokensAreChallenged(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	secret := w.AddPersonalToken(gitlabtest.PersonalToken{User: w.ids["developer"], Revoked: true})
	got := w.send("", http.MethodGet, "/v4/user", "", "PRIVATE-TOKEN", secret).header.Get("WWW-Authenticate")
	want := `Bearer realm="Protected by OAuth 2.0", error="invalid_token", error_description="Token was revoked. You have to re-authorize from the user."`
	if got != want {
		t.Errorf("WWW-Authenticate = %s, want %s", got, want)
	}
}

func TestScopes(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, scope, method, path, body string
		wantStatus                      int
		wantBody                        string
	}{
		{"read_api reads", "read_api", "GET", agentsPath, "", 200, "[" + prodBody + "]"},
		{"read_api does not write", "read_api", "POST", agentsPath, `{"name":"x"}`, 403, scopeBody("api read_api")},
		{"read_api is refused before the parameters", "read_api", "POST", agentsPath, `{}`, 403, scopeBody("api read_api")},
		{"read_api does not delete", "read_api", "DELETE", prodPath, "", 403, scopeBody("api read_api")},
		{"read_user does not read agents", "read_user", "GET", agentsPath, "", 403, scopeBody("api read_api")},
		{"openid does not read the person", "openid", "GET", "/v4/user", "", 403, scopeBody("api read_api read_user")},
		{
			"the body comes before the scope", "read_api", "POST", agentsPath, `{`, 400,
			`{"error":"\nProblem:\n  message body does not match declared format\nResolution:\n  when specifying application/json as content-type, you must pass valid application/json in the request's 'body'\n"}`,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.secrets["scoped"] = w.AddPersonalToken(gitlabtest.PersonalToken{User: w.ids["maintainer"], Scopes: []string{tt.scope}})
			got := w.send("scoped", tt.method, tt.path, tt.body)
			if got.status != tt.wantStatus || got.body != tt.wantBody {
				t.Errorf("%s %s =\n%d %s, want\n%d %s", tt.method, tt.path, got.status, got.body, tt.wantStatus, tt.wantBody)
			}
			if challenge := got.header.Get("WWW-Authenticate"); challenge != "" {
				t.Errorf("WWW-Authenticate = %q, want none", challenge)
			}
		})
	}
}

func TestReadUserReadsThePersonAndTheServer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.secrets["scoped"] = w.AddPersonalToken(gitlabtest.PersonalToken{User: w.ids["guest"], Scopes: []string{"read_user"}})
	for _, path := range []string{"/v4/user", "/v4/metadata", "/v4/version", "/v4/users/1"} {
		if got := w.get("scoped", path); got.status != http.StatusOK {
			t.Errorf("GET %s = %d %s, want 200", path, got.status, got.body)
		}
	}
}
