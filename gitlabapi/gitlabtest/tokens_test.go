package gitlabtest_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

const (
	tokensPath = prodPath + "/tokens"

	firstBasic = `{"id":1,"name":"first","description":null,"agent_id":5,"status":"active","created_at":"2026-11-24T03:07:00.000Z","created_by_user_id":6`
	firstBody  = firstBasic + `,"last_used_at":"2026-11-24T03:00:00.000Z"}`
	twoTokens  = badRequest + `An agent can have only two active tokens at a time"}`
)

// withToken gives the agent prod a token that was used seven minutes ago.
func withToken(w *world) {
	w.AddToken(gitlabtest.Token{
		Agent: prodAgent, Name: "first", CreatedBy: w.ids["maintainer"], LastUsedAt: w.clock.Now().Add(-7 * time.Minute),
	})
}

// withTwoTokens adds a second one that was never used.
func withTwoTokens(w *world) {
	withToken(w)
	w.AddToken(gitlabtest.Token{Agent: prodAgent, Name: "second", Description: new("spare")})
}

// withForeignAgent adds an agent with a token to the public project.
func withForeignAgent(w *world) {
	withToken(w)
	other := w.AddAgent(gitlabtest.Agent{ID: 8, Project: publicProject, Name: "other"})
	w.AddToken(gitlabtest.Token{ID: 80, Agent: other, Name: "theirs"})
}

func TestListTokens(t *testing.T) {
	t.Parallel()
	run(t, withToken, []exchange{
		{"without credentials", "", "GET", tokensPath, "", 401, unauthorized},
		{"a stranger to a private project", "stranger", "GET", tokensPath, "", 404, projectMissing},
		{"a stranger to a public project", "stranger", "GET", "/v4/projects/21/cluster_agents/8/tokens", "", 404, recordMissing},
		{"a reporter", "reporter", "GET", tokensPath, "", 404, recordMissing},
		{"a developer", "developer", "GET", tokensPath, "", 200, "[" + firstBasic + "}]"},
		{"an unknown agent", "developer", "GET", agentsPath + "/99/tokens", "", 404, recordMissing},
		{"an id that is no number", "developer", "GET", agentsPath + "/x/tokens", "", 400, `{"error":"agent_id is invalid"}`},
	})
}

func TestTokensAreSortedByLastUse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	now := w.clock.Now()
	for _, token := range []gitlabtest.Token{
		{Name: "never"},
		{Name: "long ago", LastUsedAt: now.Add(-time.Hour)},
		{Name: "revoked", LastUsedAt: now, Revoked: true},
		{Name: "all the time", Live: true},
		{Name: "recently", LastUsedAt: now.Add(-time.Minute)},
	} {
		token.Agent = prodAgent
		w.AddToken(token)
	}
	var tokens []struct{ Name string }
	if err := json.Unmarshal([]byte(w.get("developer", tokensPath).body), &tokens); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, token := range tokens {
		names = append(names, token.Name)
	}
	want := []string{"all the time", "recently", "long ago", "never"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("tokens in the list (-want +got):\n%s", diff)
	}
}

func TestGetToken(t *testing.T) {
	t.Parallel()
	run(t, withForeignAgent, []exchange{
		{"without credentials", "", "GET", tokensPath + "/1", "", 401, unauthorized},
		{"a stranger to a private project", "stranger", "GET", tokensPath + "/1", "", 404, projectMissing},
		{"a reporter", "reporter", "GET", tokensPath + "/1", "", 404, recordMissing},
		{"a developer", "developer", "GET", tokensPath + "/1", "", 200, firstBody},
		{"an unknown token", "developer", "GET", tokensPath + "/99", "", 404, recordMissing},
		{"a token of another agent", "developer", "GET", tokensPath + "/80", "", 404, recordMissing},
		{"ids that are no numbers", "developer", "GET", agentsPath + "/x/tokens/y", "", 400, `{"error":"agent_id is invalid, token_id is invalid"}`},
	})
}

func TestCreateToken(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("ä", 256)
	run(t, withToken, []exchange{
		{"without credentials", "", "POST", tokensPath, `{"name":"x"}`, 401, unauthorized},
		{"a stranger to a private project", "stranger", "POST", tokensPath, `{"name":"x"}`, 404, projectMissing},
		{"a developer", "developer", "POST", tokensPath, `{"name":"x"}`, 403, forbidden},
		{"a developer and an unknown agent", "developer", "POST", agentsPath + "/99/tokens", `{"name":"x"}`, 403, forbidden},
		{"a maintainer and an unknown agent", "maintainer", "POST", agentsPath + "/99/tokens", `{"name":"x"}`, 404, recordMissing},
		{"no name", "developer", "POST", tokensPath, `{"description":"x"}`, 400, `{"error":"name is missing"}`},
		{"no name and a bad id", "developer", "POST", agentsPath + "/x/tokens", `{}`, 400, `{"error":"agent_id is invalid, name is missing"}`},
		{"an empty name", "maintainer", "POST", tokensPath, `{"name":" "}`, 400, badRequest + `[\"Name can't be blank\"]"}`},
		{
			"a long name", "maintainer", "POST", tokensPath, `{"name":"` + long + `"}`, 400,
			badRequest + `[\"Name is too long (maximum is 255 characters)\"]"}`,
		},
		{
			"a long description", "maintainer", "POST", tokensPath, `{"name":"x","description":"` + strings.Repeat("x", 1025) + `"}`, 400,
			badRequest + `[\"Description is too long (maximum is 1024 characters)\"]"}`,
		},
		{
			"everything wrong at once", "maintainer", "POST", tokensPath, `{"name":"","description":"` + strings.Repeat("x", 1025) + `"}`, 400,
			badRequest + `[\"Name can't be blank\", \"Description is too long (maximum is 1024 characters)\"]"}`,
		},
	})
}

func TestTokenLimit(t *testing.T) {
	t.Parallel()
	run(t, withTwoTokens, []exchange{
		{"a third token", "maintainer", "POST", tokensPath, `{"name":"third"}`, 400, twoTokens},
		{"the limit comes before the name", "maintainer", "POST", tokensPath, `{"name":""}`, 400, twoTokens},
		{"the parameters come before the limit", "maintainer", "POST", tokensPath, `{}`, 400, `{"error":"name is missing"}`},
	})
	t.Run("in Chinese", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		withTwoTokens(w)
		id := w.AddUser(gitlabtest.User{Username: "lin", Locale: "zh_CN"})
		w.AddMember(apiProject, id, gitlabtest.Maintainer)
		w.secrets["lin"] = w.AddPersonalToken(gitlabtest.PersonalToken{User: id})
		got := w.send("lin", "POST", tokensPath, `{"name":"x"}`)
		if want := badRequest + `一个代理一次只能拥有两个活动令牌"}`; got.body != want {
			t.Errorf("POST = %s, want %s", got.body, want)
		}
	})
	t.Run("GitLab before 16.1 has none", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, gitlabtest.WithSettings(func(s *gitlabtest.Settings) { s.NoTokenLimit = true }))
		withTwoTokens(w)
		if got := w.send("maintainer", "POST", tokensPath, `{"name":"third"}`); got.status != http.StatusCreated {
			t.Errorf("POST = %d %s, want 201", got.status, got.body)
		}
	})
	t.Run("a revoked token does not count", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		withTwoTokens(w)
		w.send("maintainer", "DELETE", tokensPath+"/1", "")
		if got := w.send("maintainer", "POST", tokensPath, `{"name":"third"}`); got.status != http.StatusCreated {
			t.Errorf("POST = %d %s, want 201", got.status, got.body)
		}
	})
	t.Run("two requests at once can pass it", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		withTwoTokens(w)
		w.Inject(gitlabtest.OpCreateToken, gitlabtest.TokenLimitRace().Times(1))
		for _, want := range []int{http.StatusCreated, http.StatusBadRequest} {
			if got := w.send("maintainer", "POST", tokensPath, `{"name":"third"}`); got.status != want {
				t.Errorf("POST = %d %s, want %d", got.status, got.body, want)
			}
		}
	})
}

func TestRevokeToken(t *testing.T) {
	t.Parallel()
	run(t, withForeignAgent, []exchange{
		{"without credentials", "", "DELETE", tokensPath + "/1", "", 401, unauthorized},
		{"a stranger to a private project", "stranger", "DELETE", tokensPath + "/1", "", 404, projectMissing},
		{"a developer", "developer", "DELETE", tokensPath + "/1", "", 403, forbidden},
		{"a developer and an unknown token", "developer", "DELETE", tokensPath + "/99", "", 403, forbidden},
		{"a maintainer and an unknown token", "maintainer", "DELETE", tokensPath + "/99", "", 404, recordMissing},
		{"a token of another agent", "maintainer", "DELETE", tokensPath + "/80", "", 404, recordMissing},
		{"a maintainer", "maintainer", "DELETE", tokensPath + "/1", "", 204, ""},
	})
}
