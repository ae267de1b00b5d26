package gitlabapi_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gitlab-agent-portal/gitlabapi"
)

// sentinels are all meanings an Error can have.
var sentinels = map[string]error{
	"unauthorized": gitlabapi.ErrUnauthorized, "expired": gitlabapi.ErrTokenExpired,
	"forbidden": gitlabapi.ErrForbidden, "scope": gitlabapi.ErrInsufficientScope,
	"not found": gitlabapi.ErrNotFound, "invalid": gitlabapi.ErrInvalid, "moved": gitlabapi.ErrMoved,
	"precondition": gitlabapi.ErrPrecondition, "rate": gitlabapi.ErrRateLimited,
	"unavailable": gitlabapi.ErrUnavailable, "timeout": gitlabapi.ErrTimeout,
	"malformed": gitlabapi.ErrMalformed, "large": gitlabapi.ErrTooLarge,
	"foreign": gitlabapi.ErrForeign, "unsupported": gitlabapi.ErrUnsupported,
	"graphql": gitlabapi.ErrGraphQL, "grant": gitlabapi.ErrInvalidGrant, "client": gitlabapi.ErrInvalidClient,
}

// meaning lists the sentinels that err is, so that a test sees one too many.
func meaning(err error) map[string]bool {
	is := map[string]bool{}
	for name, sentinel := range sentinels {
		if errors.Is(err, sentinel) {
			is[name] = true
		}
	}
	return is
}

func is(names ...string) map[string]bool {
	set := map[string]bool{}
	for _, name := range names {
		set[name] = true
	}
	return set
}

// foreign is what an answer means that is not GitLab's.
func foreign() map[string]bool { return is("foreign", "malformed", "unavailable") }

const (
	expired = `{"error":"invalid_token","error_description":"Token is expired. You can either do re-authorization or token refresh."}`
	revoked = `{"error":"invalid_token","error_description":"Token was revoked. You have to re-authorize from the user."}`
	scope   = `{"error":"insufficient_scope","error_description":"The request requires higher privileges than provided by the access token.","scope":"api read_api"}`
)

func TestH4EveryShapeOfRefusalIsUnderstood(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		status      int
		contentType string
		body        string
		message     string
		meaning     map[string]bool
	}{
		"E1: a helper's status line": {
			403, "application/json", `{"message":"403 Forbidden"}`, "403 Forbidden", is("forbidden"),
		},
		"E1: with a Ruby array inside": {
			400, "application/json", `{"message":"400 Bad request - [\"Name has already been taken\"]"}`,
			`400 Bad request - ["Name has already been taken"]`, is("invalid"),
		},
		"E2: Grape's validation": {400, "application/json", `{"error":"name is missing"}`, "name is missing", is("invalid")},
		"E2: an unknown route":   {404, "application/json", `{"error":"404 Not Found"}`, "404 Not Found", is("not found")},
		"E3: an expired token": {
			401, "application/json", expired,
			"invalid_token: Token is expired. You can either do re-authorization or token refresh.",
			is("unauthorized", "expired"),
		},
		"E3: a revoked token": {
			401, "application/json", revoked,
			"invalid_token: Token was revoked. You have to re-authorize from the user.", is("unauthorized"),
		},
		"E3: too small a scope": {
			403, "application/json", scope,
			"insufficient_scope: The request requires higher privileges than provided by the access token.",
			is("forbidden", "scope"),
		},
		"E4: messages by field": {
			422, "application/json", `{"message":{"path":["is short","is odd"],"name":["has already been taken"]}}`,
			"name has already been taken; path is short; is odd", is("invalid"),
		},
		"E5: the application's limit": {
			429, "application/json", `{"message":{"error":"This endpoint has been requested too many times. Try again later."}}`,
			"This endpoint has been requested too many times. Try again later.", is("rate"),
		},
		"E6: the throttle's plain text": {429, "text/plain", "Retry later\n", "Retry later", is("rate")},
		"E7: GraphQL's list": {
			401, "application/json", `{"errors":[{"message":"Invalid token"}]}`, "Invalid token", is("unauthorized"),
		},
		"a bare 401": {
			401, "application/json", `{"message":"401 Unauthorized"}`, "401 Unauthorized", is("unauthorized"),
		},
		"a 401 of another code about expiry": {
			401, "application/json", `{"error":"no_plan","error_description":"The subscription has expired."}`,
			"no_plan: The subscription has expired.", is("unauthorized"),
		},
		"a 401 whose message merely speaks of expiry": {
			401, "application/json", `{"message":"Your password expired"}`, "Your password expired", is("unauthorized"),
		},
		"a 403 in Chinese": {
			403, "application/json; charset=utf-8", `{"message":"403 Forbidden - 您的账户已被禁用"}`,
			"403 Forbidden - 您的账户已被禁用", is("forbidden"),
		},
		"a list of messages":   {400, "application/json", `{"message":["a","b"]}`, "a; b", is("invalid")},
		"a moved project":      {405, "application/json", `{"message":"Non GET methods are not allowed for moved projects"}`, "Non GET methods are not allowed for moved projects", is("moved")},
		"a failed condition":   {412, "application/json", `{"message":"412 Precondition Failed"}`, "412 Precondition Failed", is("precondition")},
		"JSON cut short":       {403, "application/json", `{"message":"403 For`, "", is("forbidden")},
		"JSON of odd types":    {403, "application/json", `{"message":3,"error":null,"errors":{"a":true}}`, "", is("forbidden")},
		"JSON that is a text":  {404, "application/json", `"no"`, "", is("not found")},
		"an unexpected status": {418, "text/plain", "teapot", "teapot", is("unavailable")},

		"a ban of addresses":            {403, "text/plain", "Forbidden\n", "Forbidden", is("forbidden")},
		"a file that is not there":      {404, "text/plain", "404 File Not Found", "404 File Not Found", is("not found")},
		"a proxy's HTML":                {502, "text/html", "<html><h1>502 Bad Gateway</h1></html>", "", is("unavailable")},
		"a default backend's 404":       {404, "text/html; charset=utf-8", "<title>nginx</title>", "", foreign()},
		"a firewall's 403":              {403, "text/html", "<h1>Request blocked</h1>", "", foreign()},
		"a proxy's login":               {401, "text/html", "<form>", "", foreign()},
		"a proxy's 401 in text":         {401, "text/plain", "Unauthorized", "", foreign()},
		"a method that a proxy forbids": {405, "text/html", "<html>", "", foreign()},
		"a body too large for a proxy":  {413, "text/html", "<html>", "", foreign()},
		"an address too long for it":    {414, "text/html", "<html>", "", foreign()},
		"a redirect to a login":         {302, "text/html", "<a>", "", foreign()},
		"no body and no type":           {503, "", "", "", is("unavailable")},
		"a 403 without either":          {403, "", "", "", is("forbidden")},
		"a 401 without either":          {401, "", "", "", foreign()},
		"a type that is none":           {403, "text/html;;;", "<html>", "", foreign()},
		"a limit of rate by a proxy":    {429, "text/html", "<html>", "", is("rate")},
		"XML of an object store":        {403, "application/xml", "<Error/>", "", foreign()},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, _ := fake(t, quick(), reply(tc.status, tc.contentType, tc.body))
			_, err := c.Agent(t.Context(), gitlabapi.ProjectID(20), 1)
			var e *gitlabapi.Error
			if !errors.As(err, &e) {
				t.Fatalf("error = %v, want an *Error", err)
			}
			if e.Op != "get agent" || e.Status != tc.status || e.Message != tc.message {
				t.Errorf("error = %q, %d, %q, want get agent, %d, %q", e.Op, e.Status, e.Message, tc.status, tc.message)
			}
			if diff := cmp.Diff(tc.meaning, meaning(err)); diff != "" {
				t.Errorf("meaning differs (-want +got):\n%s", diff)
			}
		})
	}
}

func TestErrorNamesOperationStatusAndReason(t *testing.T) {
	t.Parallel()
	c, _ := fake(t, quick(), replyJSON(403, scope))
	_, err := c.CreateToken(t.Context(), gitlabapi.ProjectID(20), 5, gitlabapi.NewToken{Name: "n"})
	want := "gitlab: create agent token: 403 Forbidden: insufficient_scope: " +
		"The request requires higher privileges than provided by the access token."
	if err == nil || err.Error() != want {
		t.Errorf("error = %v, want %s", err, want)
	}
}

func TestErrorCarriesRequestIDAndRetryAfter(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		id, after string
		wantID    string
		wantAfter time.Duration
	}{
		"both":                   {"01HX", "7", "01HX", 7 * time.Second},
		"neither":                {"", "", "", 0},
		"a date":                 {"", at.Add(time.Minute).Format(http.TimeFormat), "", time.Minute},
		"an id too long to log":  {strings.Repeat("x", 200), "", "", 0},
		"an id with the token":   {canary, "", "[redacted]", 0},
		"a wait of a lifetime":   {"", "2147483647", "", time.Hour},
		"a negative wait":        {"", "-7", "", 0},
		"a wait that is nothing": {"", "soon", "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, _ := fake(t, quick(), func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("X-Request-Id", tc.id)
				w.Header().Set("Retry-After", tc.after)
				w.WriteHeader(http.StatusTooManyRequests)
			})
			err := c.RevokeToken(t.Context(), gitlabapi.ProjectID(20), 5, 1)
			var e *gitlabapi.Error
			if !errors.As(err, &e) || e.RequestID != tc.wantID || e.RetryAfter != tc.wantAfter {
				t.Errorf("error = %+v, want request id %q and %v", e, tc.wantID, tc.wantAfter)
			}
		})
	}
}

func TestMessagesAreCleanedBeforeAnybodySeesThem(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ body, want string }{
		"the token itself":             {"bad token " + canary + "!", "bad token [redacted]!"},
		"the token twice":              {canary + " " + canary, "[redacted] [redacted]"},
		"the first half of it":         {"bad token " + canary[:16], "bad token [redacted]"},
		"its last characters":          {"ends with " + canary[len(canary)-9:], "ends with [redacted]"},
		"with a control character in":  {canary[:9] + "\x00" + canary[9:], "[redacted]"},
		"with a zero-width space in":   {canary[:9] + "\u200b" + canary[9:], "[redacted]"},
		"a header":                     {"Authorization: Bearer " + canary, "Authorization: Bearer [redacted]"},
		"line breaks and colours":      {"a\r\nb\x1b[31mc\td", "a b[31mc d"},
		"text that runs backwards":     {"abc\u202edef", "abcdef"},
		"the token across the bound":   {strings.Repeat("x", 505) + canary, strings.Repeat("x", 505) + "[red…"},
		"broken characters":            {"a\xff\xfeb", "ab"},
		"an innocent word of the like": {"canary", "canary"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, _ := fake(t, quick(), reply(400, "text/plain; charset=utf-8", tc.body))
			_, err := c.RegisterAgent(t.Context(), gitlabapi.ProjectID(20), "n")
			var e *gitlabapi.Error
			if !errors.As(err, &e) {
				t.Fatalf("error = %v, want an *Error", err)
			}
			if e.Message != tc.want {
				t.Errorf("message = %q, want %q", e.Message, tc.want)
			}
			if strings.Contains(err.Error(), canary[:16]) {
				t.Errorf("error shows the token: %v", err)
			}
		})
	}
}

func TestAShortTokenIsRemovedToo(t *testing.T) {
	t.Parallel()
	c, _ := fake(t, quick(), reply(400, "text/plain", "bad token s3cret"))
	_, err := c.WithToken(gitlabapi.NewSecret("s3cret")).RegisterAgent(t.Context(), gitlabapi.ProjectID(20), "n")
	if want := "gitlab: register agent: 400 Bad Request: bad token [redacted]"; err == nil || err.Error() != want {
		t.Errorf("error = %v, want %s", err, want)
	}
}

func TestLongMessagesAreCutBetweenCharacters(t *testing.T) {
	t.Parallel()
	c, _ := fake(t, quick(), reply(400, "text/plain", "a"+strings.Repeat("错", 10_000)))
	_, err := c.RegisterAgent(t.Context(), gitlabapi.ProjectID(20), "n")
	var e *gitlabapi.Error
	if !errors.As(err, &e) {
		t.Fatalf("error = %v, want an *Error", err)
	}
	if len(e.Message) > 512 || !strings.HasSuffix(e.Message, "错…") {
		t.Errorf("message of %d bytes ends %q, want at most 512 and a whole character", len(e.Message), e.Message[len(e.Message)-8:])
	}
}

func TestReasonsAreSentences(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		message string
		want    []string
	}{
		"a Ruby array of two": {
			`400 Bad request - ["Name can't be blank", "Name can contain only lowercase letters, digits, and '-'"]`,
			[]string{"Name can't be blank", "Name can contain only lowercase letters, digits, and '-'"},
		},
		"a plain refusal": {
			"400 Bad request - An agent can have only two active tokens at a time",
			[]string{"An agent can have only two active tokens at a time"},
		},
		"escapes of Ruby": {`400 Bad request - ["a \"b\" \#{c}"]`, []string{`a "b" #{c}`}},
		"Grape's":         {"name is missing", []string{"name is missing"}},
		"an array cut":    {`400 Bad request - ["a", "b`, []string{`["a", "b`}},
		"a dash inside":   {"name - not good", []string{"name - not good"}},
		"another number":  {"4 of 5 - not good", []string{"4 of 5 - not good"}},
		"nothing":         {"", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tc.want, (&gitlabapi.Error{Status: 400, Message: tc.message}).Reasons()); diff != "" {
				t.Errorf("reasons differ (-want +got):\n%s", diff)
			}
		})
	}
}
