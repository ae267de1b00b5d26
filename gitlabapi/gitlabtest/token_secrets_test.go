package gitlabtest_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

func TestCreatedTokenShowsItsSecretOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	got := w.send("maintainer", "POST", tokensPath, `{"name":"fresh","description":""}`)
	secret := w.Tokens(prodAgent)[0].Secret
	want := `{"id":1,"name":"fresh","description":"","agent_id":5,"status":"active","created_at":"2026-11-24T03:07:00.000Z",` +
		`"created_by_user_id":6,"last_used_at":null,"token":"` + secret + `"}`
	if got.status != http.StatusCreated || got.body != want {
		t.Errorf("POST = %d %s, want 201 %s", got.status, got.body, want)
	}
	for _, path := range []string{tokensPath, tokensPath + "/1"} {
		if body := w.get("maintainer", path).body; strings.Contains(body, secret) || strings.Contains(body, `"token"`) {
			t.Errorf("GET %s = %s, want no secret in it", path, body)
		}
	}
}

func TestTokenSecrets(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		change func(*gitlabtest.Settings)
		want   string
	}{
		{"classic", func(*gitlabtest.Settings) {}, `^glagent-[-_A-Za-z0-9]{50}$`},
		{"with a prefix", func(s *gitlabtest.Settings) { s.SecretPrefix = "corp-" }, `^corp-glagent-[-_A-Za-z0-9]{50}$`},
		{"routable", func(s *gitlabtest.Settings) { s.NewSecret = gitlabtest.RoutableSecret }, `^glagent-[-_A-Za-z0-9]+\.01\.[0-9a-f]{9}$`},
		{"of any shape", func(s *gitlabtest.Settings) {
			s.NewSecret = func(token, project int64) string { return fmt.Sprintf("%d/%d_", token, project) }
		}, `^1/20_$`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, gitlabtest.WithSettings(tt.change))
			var created struct{ Token string }
			if err := json.Unmarshal([]byte(w.send("maintainer", "POST", tokensPath, `{"name":"x"}`).body), &created); err != nil {
				t.Fatal(err)
			}
			if !regexp.MustCompile(tt.want).MatchString(created.Token) {
				t.Errorf("the secret is %q, want it to match %s", created.Token, tt.want)
			}
		})
	}
}

func TestRevokedTokenIsGoneButCanBeRevokedAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	withToken(w)
	for range 2 {
		if got := w.send("maintainer", "DELETE", tokensPath+"/1", ""); got.status != http.StatusNoContent {
			t.Errorf("DELETE = %d %s, want 204", got.status, got.body)
		}
	}
	if got := w.get("maintainer", tokensPath); got.body != "[]" {
		t.Errorf("the list is %s, want it empty", got.body)
	}
	if got := w.get("maintainer", tokensPath+"/1"); got.status != http.StatusNotFound || got.body != recordMissing {
		t.Errorf("GET = %d %s, want 404 %s", got.status, got.body, recordMissing)
	}
	if got := w.Tokens(prodAgent); len(got) != 1 || !got[0].Revoked {
		t.Errorf("the server holds %+v, want one revoked token", got)
	}
}

func TestInstancesThatSayMoreInLists(t *testing.T) {
	t.Parallel()
	t.Run("last use", func(t *testing.T) {
		t.Parallel()
		exchange{"", "developer", "GET", tokensPath, "", 200, "[" + firstBody + "]"}.
			check(t, withToken, gitlabtest.WithSettings(func(s *gitlabtest.Settings) { s.ListsLastUsed = true }))
	})
	t.Run("secrets", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, gitlabtest.WithSettings(func(s *gitlabtest.Settings) { s.ListsSecrets = true }))
		withToken(w)
		secret := w.Tokens(prodAgent)[0].Secret
		for _, path := range []string{tokensPath, tokensPath + "/1"} {
			if got := w.get("developer", path).body; !strings.Contains(got, secret) {
				t.Errorf("GET %s = %s, want the secret in it", path, got)
			}
		}
	})
}

func TestLiveTokenFollowsTheClock(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.AddToken(gitlabtest.Token{Agent: prodAgent, Name: "live", Live: true})
	w.clock.Advance(3 * time.Hour)
	if got, want := w.get("developer", tokensPath+"/1").body, `"last_used_at":"2026-11-24T06:06:40.000Z"`; !strings.Contains(got, want) {
		t.Errorf("the token is %s, want %s in it", got, want)
	}
	if got, want := w.Tokens(prodAgent)[0].LastUsedAt, w.clock.Now().Add(-20*time.Second); !got.Equal(want) {
		t.Errorf("Tokens says it was used at %s, want %s", got, want)
	}
	w.KeepInUse(1, false)
	w.clock.Advance(time.Hour)
	if got, want := w.get("developer", tokensPath+"/1").body, `"last_used_at":"2026-11-24T06:06:40.000Z"`; !strings.Contains(got, want) {
		t.Errorf("after its cluster stopped the token is %s, want %s in it", got, want)
	}
}

func TestUseToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.AddToken(gitlabtest.Token{Agent: prodAgent, Name: "fresh"})
	secret := w.Tokens(prodAgent)[0].Secret
	if token, ok := w.UseToken(secret); !ok || token.ID != id {
		t.Fatalf("UseToken = %+v, %t, want token %d", token, ok, id)
	}
	if got := w.Tokens(prodAgent)[0].LastUsedAt; !got.Equal(w.clock.Now()) {
		t.Errorf("last use is %s, want %s", got, w.clock.Now())
	}
	if _, ok := w.UseToken(secret + "x"); ok {
		t.Error("UseToken knows a secret that nobody has")
	}
	w.send("maintainer", "DELETE", fmt.Sprintf("%s/%d", tokensPath, id), "")
	if _, ok := w.UseToken(secret); ok {
		t.Error("UseToken takes a revoked token")
	}
}
