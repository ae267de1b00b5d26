package gitlabapi_test

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gitlab-agent-portal/gitlabapi"
)

const (
	tokensBody = `{"access_token":"new-access","token_type":"Bearer","expires_in":7200,
		"refresh_token":"new-refresh","scope":"api","created_at":1795489620}`
	badGrant = `{"error":"invalid_grant","error_description":"The provided authorization grant is invalid, expired, revoked, ` +
		`does not match the redirection URI used in the authorization request, or was issued to another client."}`
)

func TestO2AuthorizeURLHidesTheVerifier(t *testing.T) {
	t.Parallel()
	verifier := gitlabapi.NewVerifier()
	address := app(client(t, "https://gitlab.test/git", quick())).AuthCodeURL("the-state", verifier)
	got, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	hash := sha256.Sum256([]byte(verifier))
	want := url.Values{
		"client_id": {"the-client"}, "redirect_uri": {"https://portal.test/auth/callback"}, "response_type": {"code"},
		"scope": {"api"}, "state": {"the-state"}, "code_challenge_method": {"S256"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(hash[:])},
	}
	if diff := cmp.Diff(want, got.Query()); diff != "" {
		t.Errorf("query differs (-want +got):\n%s", diff)
	}
	if base := strings.TrimSuffix(address, "?"+got.RawQuery); base != "https://gitlab.test/git/oauth/authorize" {
		t.Errorf("address is %s", base)
	}
	if strings.Contains(address, verifier) || leaks(address) {
		t.Errorf("address shows the verifier or the client secret: %s", address)
	}
}

func TestVerifiersAreLongAndDiffer(t *testing.T) {
	t.Parallel()
	one, other := gitlabapi.NewVerifier(), gitlabapi.NewVerifier()
	if len(one) < 43 || one == other {
		t.Errorf("verifiers %q and %q, want two different of at least 43 characters", one, other)
	}
}

func TestO9TokenCallsSpeakGitLabsLanguage(t *testing.T) {
	t.Parallel()
	client := url.Values{"client_id": {"the-client"}, "client_secret": {"client-secret-" + canary}}
	with := func(values url.Values) url.Values {
		maps.Copy(values, client)
		return values
	}
	for name, tc := range map[string]struct {
		path string
		form url.Values
	}{
		"exchange a code": {"/oauth/token", with(url.Values{
			"grant_type": {"authorization_code"}, "code": {"the-code"}, "code_verifier": {"the-verifier"},
			"redirect_uri": {"https://portal.test/auth/callback"},
		})},
		"refresh a token": {"/oauth/token", with(url.Values{
			"grant_type": {"refresh_token"}, "refresh_token": {"the-refresh-token"},
		})},
		"revoke a sign-in": {"/oauth/revoke", with(url.Values{"token": {"the-refresh-token"}})},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, seen := fake(t, quick(), replyJSON(200, tokensBody))
			if _, err := oncers()[name](t.Context(), c); err != nil {
				t.Fatal(err)
			}
			asked := seen.all()[0]
			form, err := url.ParseQuery(asked.Body)
			if err != nil || asked.Method+" "+asked.URI != "POST "+tc.path {
				t.Errorf("asked %s %s, %v", asked.Method, asked.URI, err)
			}
			if diff := cmp.Diff(tc.form, form); diff != "" {
				t.Errorf("form differs (-want +got):\n%s", diff)
			}
			if asked.Auth != "" || asked.Header.Get("User-Agent") != "gitlab-agent-portal" ||
				asked.Header.Get("Content-Type") != "application/x-www-form-urlencoded" {
				t.Errorf("header = %v", asked.Header)
			}
		})
	}
}

func TestTokensAreReadWithOurClock(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		body string
		want gitlabapi.TokenPair
	}{
		"as GitLab writes it": {tokensBody, gitlabapi.TokenPair{
			Access: gitlabapi.NewSecret("new-access"), Refresh: gitlabapi.NewSecret("new-refresh"),
			ExpiresAt: at.Add(2 * time.Hour), Scope: "api",
		}},
		"in lower case, with another life": {
			`{"access_token":"a","token_type":"bearer","expires_in":60,"refresh_token":"r"}`,
			gitlabapi.TokenPair{Access: gitlabapi.NewSecret("a"), Refresh: gitlabapi.NewSecret("r"), ExpiresAt: at.Add(time.Minute)},
		},
		"without a life": {`{"access_token":"a","refresh_token":"r","scope":["x"]}`, gitlabapi.TokenPair{
			Access: gitlabapi.NewSecret("a"), Refresh: gitlabapi.NewSecret("r"), ExpiresAt: at.Add(2 * time.Hour),
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, _ := fake(t, quick(), replyJSON(200, tc.body))
			for _, call := range []string{"exchange a code", "refresh a token"} {
				got, err := oncers()[call](t.Context(), c)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(tc.want, got); diff != "" {
					t.Errorf("%s: pair differs (-want +got):\n%s", call, diff)
				}
			}
		})
	}
}

func TestO8OnlyAnInvalidGrantIsFatal(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		status      int
		contentType string
		body        string
		meaning     map[string]bool
		unknown     bool
	}{
		"invalid_grant":                       {400, "application/json; charset=utf-8", badGrant, is("grant"), false},
		"invalid_grant with a 401":            {401, "application/json", badGrant, is("grant"), false},
		"a wrong client":                      {401, "application/json", `{"error":"invalid_client"}`, is("unavailable", "client"), false},
		"a wrong client in HTML":              {401, "text/html", `{"error":"invalid_client"}`, foreign(), false},
		"a wrong client with a 502":           {502, "application/json", `{"error":"invalid_client"}`, is("unavailable"), true},
		"a missing parameter":                 {400, "application/json", `{"error":"invalid_request"}`, is("unavailable"), false},
		"a refused client":                    {403, "application/json", `{"error":"unauthorized_client"}`, is("unavailable", "client"), false},
		"the word in a 502 page":              {502, "text/html", "<html>" + badGrant + "</html>", is("unavailable"), true},
		"the JSON in a 502":                   {502, "application/json", badGrant, is("unavailable"), true},
		"the JSON in a 400 that is HTML":      {400, "text/html", badGrant, foreign(), true},
		"a form in a 400 that is text":        {400, "text/plain", "error=invalid_grant", is("unavailable"), false},
		"the word in another code's sentence": {400, "application/json", `{"error":"invalid_request","error_description":"invalid_grant"}`, is("unavailable"), false},
		"the JSON in a 200":                   {200, "application/json", badGrant, is("unavailable", "malformed"), true},
		"a 429":                               {429, "text/plain", "Retry later", is("rate"), false},
		"a 429 with the JSON":                 {429, "application/json", badGrant, is("rate"), false},
		"a 503":                               {503, "", "", is("unavailable"), true},
		"a login page":                        {200, "text/html", "<html>", foreign(), true},
		"tokens as a form":                    {200, "text/plain", "access_token=a&refresh_token=r", is("unavailable", "malformed"), true},
		"no token":                            {200, "application/json", `{}`, is("unavailable", "malformed"), true},
		"half a JSON":                         {200, "application/json", tokensBody[:40], is("unavailable", "malformed"), true},
		"a token of another kind":             {200, "application/json", `{"access_token":"a","token_type":"mac"}`, is("unavailable", "malformed"), true},
		"too much":                            {200, "application/json", strings.Repeat(" ", 1<<20) + tokensBody, is("unavailable", "large"), true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, _ := fake(t, quick(), reply(tc.status, tc.contentType, tc.body))
			for _, call := range []string{"exchange a code", "refresh a token"} {
				got, err := oncers()[call](t.Context(), c)
				if diff := cmp.Diff(tc.meaning, meaning(err)); diff != "" {
					t.Errorf("%s: error = %v, meaning differs (-want +got):\n%s", call, err, diff)
				}
				if got != (gitlabapi.TokenPair{}) || gitlabapi.OutcomeUnknown(err) != tc.unknown {
					t.Errorf("%s: pair %v, unknown = %v, want none and %v", call, got, gitlabapi.OutcomeUnknown(err), tc.unknown)
				}
			}
		})
	}
}

func TestAPostponedTokenCallHasNotBegun(t *testing.T) {
	t.Parallel()
	for after, want := range map[string]time.Duration{"120": 2 * time.Minute, "": 0, "soon": 0} {
		for _, call := range []string{"exchange a code", "refresh a token"} {
			c, seen := fake(t, quick(), func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Retry-After", after)
				replyJSON(503, `{"error":"temporarily_unavailable"}`)(w, r)
			})
			_, err := oncers()[call](t.Context(), c)
			var failed *gitlabapi.Error
			if !errors.As(err, &failed) || failed.RetryAfter != want || !errors.Is(err, gitlabapi.ErrUnavailable) {
				t.Errorf("%s, Retry-After %q: error = %v, want ErrUnavailable with %s", call, after, err, want)
			}
			if gitlabapi.Postponed(err) != (want > 0) || gitlabapi.OutcomeUnknown(err) != (want == 0) {
				t.Errorf("%s, Retry-After %q: postponed = %v, unknown = %v", call, after, gitlabapi.Postponed(err), gitlabapi.OutcomeUnknown(err))
			}
			if n := len(seen.all()); n != 1 {
				t.Errorf("%s: %d requests, want it sent once", call, n)
			}
		}
	}
}

func TestASignInWithoutRefreshTokenCannotBeRefreshed(t *testing.T) {
	t.Parallel()
	c, seen := fake(t, quick(), replyJSON(200, tokensBody))
	_, err := app(c).Refresh(t.Context(), gitlabapi.Secret{})
	if !errors.Is(err, gitlabapi.ErrInvalidGrant) || len(seen.all()) != 0 {
		t.Errorf("error = %v after %d requests, want ErrInvalidGrant after none", err, len(seen.all()))
	}
}

func TestRevokingIsNoMatterOfThePerson(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		status  int
		body    string
		meaning map[string]bool
	}{
		"done, or dead already": {200, "{}", is()},
		"a wrong client":        {403, `{"error":"unauthorized_client","error_description":"You are not authorized to revoke this token"}`, is("unavailable", "client")},
		"a 429":                 {429, "", is("rate")},
		"a 500":                 {500, "", is("unavailable")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, _ := fake(t, quick(), replyJSON(tc.status, tc.body))
			err := app(c).Revoke(t.Context(), gitlabapi.NewSecret("the-refresh-token"))
			if diff := cmp.Diff(tc.meaning, meaning(err)); diff != "" {
				t.Errorf("error = %v, meaning differs (-want +got):\n%s", err, diff)
			}
		})
	}
}

func TestOAuthErrorsShowNothingThatWasSent(t *testing.T) {
	t.Parallel()
	for call, sent := range map[string][]string{
		"exchange a code":  {"client-secret-" + canary, "the-code", "the-verifier"},
		"refresh a token":  {"client-secret-" + canary, "the-refresh-token"},
		"revoke a sign-in": {"client-secret-" + canary, "the-refresh-token"},
	} {
		for _, status := range []int{400, 401, 500} {
			echo := `{"error":"invalid_request","error_description":"got ` + strings.Join(sent, ", ") + `"}`
			c, _ := fake(t, quick(), replyJSON(status, echo))
			_, err := oncers()[call](t.Context(), c)
			want := strings.Repeat(", [redacted]", len(sent))[2:]
			if err == nil || !strings.HasSuffix(err.Error(), "invalid_request: got "+want) {
				t.Errorf("%s, %d: error = %v, want it to end with %s", call, status, err, want)
			}
		}
	}
}
