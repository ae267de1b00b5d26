package gitlabapi_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"unicode"
	"unicode/utf8"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/internal/fuzztest"
)

// refusal is what GitLab, or whatever stands in front of it, answers.
type refusal struct {
	status            int
	contentType, body string
}

// FuzzH4Refusals answers a read, a write and a refresh with any refusal at all.
func FuzzH4Refusals(f *testing.F) {
	var next atomic.Pointer[refusal]
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", next.Load().contentType)
		w.WriteHeader(next.Load().status)
		_, _ = w.Write([]byte(next.Load().body))
	}))
	f.Cleanup(server.Close)
	bodies := []string{
		expired, revoked, scope, badGrant, agentBody, createdBody, "", "Retry later", "<html>" + badGrant + "</html>", canary,
		`{"message":"400 Bad request - [\"Name can't be blank\"]"}`, `{"message":{"name":["is " ,["too long"]]}}`, `{"message":{"error":{"message":"x"}}}`,
		`{"message":"` + strings.Repeat("too long ", 100) + `"}`, `{"errors":["a",null,1,{"b":"c"}],"error":{},"message":[]}`, `{"error":"invalid_grant","message":"` + canary + `"}`,
	}
	types := []string{"application/json", "text/html", "text/plain; charset=utf-8", "application/vnd.api+json", `application/json; charset="`, ""}
	statuses := []int{400, 401, 403, 404, 405, 409, 412, 413, 418, 422, 429, 500, 502, 503, 599, 300, 302}
	for i, body := range slices.Concat(bodies, fuzztest.Mutations(fuzztest.Executions, bodies...)) {
		f.Add(statuses[i%len(statuses)], types[i%len(types)], body)
	}
	f.Fuzz(func(t *testing.T, status int, contentType, body string) {
		if status < 300 || status > 599 || status == http.StatusNotModified {
			return // no refusal
		}
		answer := &refusal{status, strings.Map(headerSafe, contentType), body}
		next.Store(answer)
		c := client(t, server.URL, quick())
		for _, call := range []string{"refresh a token", "create a token", "register an agent"} {
			_, err := oncers()[call](t.Context(), c)
			answer.check(t, err)
			if isGrant := errors.Is(err, gitlabapi.ErrInvalidGrant); isGrant && (call != "refresh a token" || !answer.saysInvalidGrant()) {
				t.Errorf("%s: %v ends the session of somebody whose grant GitLab did not call invalid", call, err)
			}
		}
		answer.check(t, getAgent(t, c))
	})
}

// check wants an error that means something, and whose texts fit for logs and people.
func (a *refusal) check(t *testing.T, err error) {
	t.Helper()
	var refused *gitlabapi.Error
	if !errors.As(err, &refused) || len(meaning(err)) == 0 || refused.Status != a.status {
		t.Fatalf("%+v led to %#v, want an error with a meaning", a, err)
	}
	for _, text := range append(refused.Reasons(), refused.Message, err.Error()) {
		bad := strings.IndexFunc(text, func(c rune) bool { return unicode.IsControl(c) || unicode.Is(unicode.Cf, c) })
		if bad >= 0 || !utf8.ValidString(text) || strings.Contains(text, canary) || len(refused.Message) > 512 {
			t.Errorf("%+v led to the text %q", a, text)
		}
	}
}

// saysInvalidGrant reads the answer as RFC 6749 wants it, section 5.2.
func (a *refusal) saysInvalidGrant() bool {
	var fields map[string]any
	return a.status >= 400 && a.status < 500 && json.Unmarshal([]byte(a.body), &fields) == nil && fields["error"] == "invalid_grant"
}

func headerSafe(c rune) rune {
	if c < ' ' || c >= 0x7f {
		return -1
	}
	return c
}
