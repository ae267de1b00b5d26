package gitlabtest_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

func TestAPersonalTokenIsToldOfItselfWhateverItsScope(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	secret := w.AddPersonalToken(gitlabtest.PersonalToken{
		ID: 77, Name: "watch", User: w.ids["guest"], Scopes: []string{"read_user"}, CreatedAt: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		ExpiresAt: time.Date(2030, 12, 31, 0, 0, 0, 0, time.UTC),
	})
	const path = "/v4/personal_access_tokens/self"
	for name, header := range map[string][2]string{
		"by PRIVATE-TOKEN": {"PRIVATE-TOKEN", secret},
		"by Bearer":        {"Authorization", "Bearer " + secret},
	} {
		got := w.send("", http.MethodGet, path, "", header[0], header[1])
		for _, want := range []string{`"id":77`, `"name":"watch"`, `"scopes":["read_user"]`, `"expires_at":"2030-12-31"`, `"active":true`} {
			if got.status != http.StatusOK || !strings.Contains(got.body, want) {
				t.Errorf("%s: %d %s, want %s", name, got.status, got.body, want)
			}
		}
	}
	w.RevokePersonalToken(secret)
	if got := w.send("", http.MethodGet, path, "", "PRIVATE-TOKEN", secret); got.status != http.StatusUnauthorized {
		t.Errorf("revoked: %d %s, want 401", got.status, got.body)
	}
	oauth := w.oauth("developer")
	got := w.send("", http.MethodGet, path, "", "Authorization", "Bearer "+oauth.Access)
	if want := `{"message":"400 Bad request - This endpoint requires token type to be a personal access token"}`; got.status != http.StatusBadRequest || got.body != want {
		t.Errorf("an OAuth token: %d %s, want 400 %s", got.status, got.body, want)
	}
}
