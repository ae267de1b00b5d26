package gitlabtest_test

import (
	"net/http"
	"testing"
	"time"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

func TestFaultAnswers(t *testing.T) {
	t.Parallel()
	const json, plain = "application/json", "text/plain"
	for _, tt := range []struct {
		name       string
		fault      gitlabtest.Fault
		wantStatus int
		wantType   string
		wantBody   string
		// wantHeader are names and values.
		wantHeader []string
	}{
		{"by status", gitlabtest.Status(503), 503, json, `{"message":"503 Service Unavailable"}`, nil},
		{"with a message", gitlabtest.Message(403, "403 Forbidden - IP"), 403, json, `{"message":"403 Forbidden - IP"}`, nil},
		{"of the parameters", gitlabtest.ParameterError("name is missing"), 400, json, `{"error":"name is missing"}`, nil},
		{"of an expired token", gitlabtest.TokenExpired(), 401, json, expiredBody, nil},
		{"of a revoked token", gitlabtest.TokenRevoked(), 401, json, revokedBody, nil},
		{"of a small scope", gitlabtest.InsufficientScope(), 403, json, scopeBody("api read_api"), nil},
		{"by field", gitlabtest.FieldErrors("name", "has already been taken"), 400, json, `{"message":{"name":["has already been taken"]}}`, nil},
		{
			"of the application's limit", gitlabtest.AppRateLimited(), 429, json,
			`{"message":{"error":"This endpoint has been requested too many times. Try again later."}}`,
			[]string{"Retry-After", ""},
		},
		{"of the throttle", gitlabtest.Throttled(30 * time.Second), 429, plain, "Retry later", []string{
			"Retry-After", "30", "RateLimit-Limit", "120", "RateLimit-Observed", "121", "RateLimit-Remaining", "0",
			"RateLimit-Reset", "1795489650", "RateLimit-ResetTime", "Tue, 24 Nov 2026 03:07:30 GMT", "RateLimit-Name", "throttle_authenticated_api",
		}},
		{"of the throttle without headers", gitlabtest.ThrottledBare(), 429, plain, "Retry later", []string{"Retry-After", "", "RateLimit-Limit", ""}},
		{"of the throttle with nonsense", gitlabtest.ThrottledWith("soon"), 429, plain, "Retry later", []string{"Retry-After", "soon"}},
		{"of GraphQL", gitlabtest.GraphQLError(200, "a", "b"), 200, json, `{"errors":[{"message":"a"},{"message":"b"}]}`, nil},
		{"of OAuth", gitlabtest.InvalidGrant(), 400, "application/json; charset=utf-8", invalidGrant, []string{"Cache-Control", "no-store, no-cache"}},
		{
			"of OAuth with a challenge", gitlabtest.OAuthError(401, "invalid_client", "no"), 401, "application/json; charset=utf-8",
			`{"error":"invalid_client","error_description":"no"}`,
			[]string{"WWW-Authenticate", `Bearer realm="Doorkeeper", error="invalid_client", error_description="no"`},
		},
		{
			"of a proxy", gitlabtest.BadGateway(), 502, "text/html",
			"<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n", nil,
		},
		{"without a body", gitlabtest.EmptyUnavailable(), 503, "", "", nil},
		{
			"of a sign-in page", gitlabtest.SignInPage(), 200, "text/html; charset=utf-8",
			"<!DOCTYPE html><html><head><title>Sign in</title></head><body><form>Sign in</form></body></html>", nil,
		},
		{"to another place", gitlabtest.RedirectTo("https://evil.example/x"), 302, "", "", []string{"Location", "https://evil.example/x"}},
		{"to where it came from", gitlabtest.RedirectBack(), 307, "", "", []string{"Location", "/api" + tokensPath}},
		{"of any kind", gitlabtest.Reply(207, "text/csv", "a,b"), 207, "text/csv", "a,b", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.Inject(gitlabtest.OpCreateToken, tt.fault)
			got := w.send("maintainer", http.MethodPost, tokensPath, `{"name":"x"}`)
			if got.status != tt.wantStatus || got.body != tt.wantBody || got.header.Get("Content-Type") != tt.wantType {
				t.Errorf("answer =\n%d %s %q, want\n%d %s %q", got.status, got.header.Get("Content-Type"), got.body, tt.wantStatus, tt.wantType, tt.wantBody)
			}
			for i := 0; i < len(tt.wantHeader); i += 2 {
				if value := got.header.Get(tt.wantHeader[i]); value != tt.wantHeader[i+1] {
					t.Errorf("%s = %q, want %q", tt.wantHeader[i], value, tt.wantHeader[i+1])
				}
			}
			if n := len(w.Tokens(prodAgent)); n != 0 {
				t.Errorf("%d tokens exist, want none", n)
			}
			w.Inject("", tt.fault) // never reached: the first fault settles the answer
			w.ClearFaults("")
			w.Inject(gitlabtest.OpCreateToken, tt.fault.AfterCommit())
			if again := w.send("maintainer", http.MethodPost, tokensPath, `{"name":"x"}`); again.status != tt.wantStatus || again.body != tt.wantBody {
				t.Errorf("after the commit the answer is %d %s, want %d %s", again.status, again.body, tt.wantStatus, tt.wantBody)
			}
			if n := len(w.Tokens(prodAgent)); n != 1 {
				t.Errorf("after the commit %d tokens exist, want 1", n)
			}
		})
	}
}
