package gitlabtest_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

// withConnection gives the agent prod a token that a cluster has been using for two hours.
func withConnection(w *world) {
	w.AddToken(gitlabtest.Token{Agent: prodAgent, Name: "live", Live: true, ConnectedAt: w.clock.Now().Add(-2 * time.Hour)})
	w.AddToken(gitlabtest.Token{Agent: prodAgent, Name: "idle", LastUsedAt: w.clock.Now().Add(-2 * time.Minute)})
}

func TestGraphQLConnections(t *testing.T) {
	t.Parallel()
	answer := func(connections, errors string) string {
		return `{"data":{"project":{"clusterAgents":{"nodes":[{"id":"gid://gitlab/Clusters::Agent/5","connections":` + connections + `}]}}}` + errors + `}`
	}
	failed := func(message string) string {
		return answer("null", `,"errors":[{"message":"`+message+`","path":["project","clusterAgents","nodes",0,"connections"]}]`)
	}
	none := answer(`{"nodes":[]}`, "")
	for _, tt := range []struct {
		name, as string
		change   func(*gitlabtest.Settings)
		want     string
	}{
		{"a developer sees none", "developer", nil, none},
		{
			"a maintainer sees the live one", "maintainer", nil,
			answer(`{"nodes":[{"connectedAt":"2026-11-24T01:07:00Z","connectionId":"1099511627777","metadata":{"version":"v18.5.1"}}]}`, ""),
		},
		{"no agent server", "maintainer", func(s *gitlabtest.Settings) { s.KASDisabled = true }, failed("Gitlab::Kas::Client::ConfigurationError")},
		{"an agent server that is down", "developer", func(s *gitlabtest.Settings) { s.KASUnreachable = true }, failed("GRPC::Unavailable")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			withConnection(w)
			if tt.change != nil {
				w.Configure(tt.change)
			}
			if got := w.query(tt.as, q2, path("shop/web/api")); got.status != http.StatusOK || got.body != tt.want {
				t.Errorf("Q2 =\n%d %s, want\n%s", got.status, got.body, tt.want)
			}
		})
	}
}

func TestGraphQLConnectionBeginsWhenTheClusterDoes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.AddToken(gitlabtest.Token{Agent: prodAgent, Name: "fresh"})
	w.clock.Advance(time.Hour)
	w.KeepInUse(id, true)
	w.clock.Advance(time.Hour)
	w.KeepInUse(id, true) // it is already
	began := func(want string) {
		t.Helper()
		if got := w.query("maintainer", q2, path("shop/web/api")).body; !strings.Contains(got, `"connectedAt":"`+want+`"`) {
			t.Errorf("Q2 = %s, want a connection since %s", got, want)
		}
	}
	began("2026-11-24T04:07:00Z")
	w.KeepInUse(id, false)
	w.clock.Advance(2 * time.Hour)
	w.TouchToken(id, w.clock.Now())
	began("2026-11-24T07:07:00Z")
	w.clock.Advance(time.Minute)
	w.KeepInUse(id, true) // a new pod, though there was no silence
	began("2026-11-24T07:08:00Z")
	if n := strings.Count(w.query("maintainer", q3, vars("p", "shop/web/api", "n", "prod")).body, "agent_connected"); n != 2 {
		t.Errorf("%d contacts in the activity, want 2", n)
	}
}

func TestGraphQLTellsOfRevokedTokensInTheActivityOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	withToken(w)
	w.clock.Advance(time.Minute)
	w.send("owner", http.MethodDelete, tokensPath+"/1", "")
	w.send("owner", http.MethodDelete, tokensPath+"/1", "") // which changes nothing
	got := w.query("maintainer", q3, vars("p", "shop/web/api", "n", "prod")).body
	if n := strings.Count(got, "token_revoked"); n != 1 {
		t.Errorf("%d revocations in the activity, want 1", n)
	}
	for _, want := range []string{
		`"tokens":{"count":0,"nodes":[],`,
		`{"kind":"token_revoked","level":"info","recordedAt":"2026-11-24T03:08:00Z","user":{"name":"The owner"},` +
			`"agentToken":{"id":"gid://gitlab/Clusters::AgentToken/1","name":"first","status":"REVOKED"}},{"kind":"token_created"`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("Q3 = %s, want %s in it", got, want)
		}
	}
}

func TestGraphQLActivityNotesContactAfterSilence(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.AddToken(gitlabtest.Token{Agent: prodAgent, Name: "fresh"})
	other := w.AddAgent(gitlabtest.Agent{Project: apiProject, Name: "other"})
	w.AddToken(gitlabtest.Token{Agent: other, Name: "theirs", LastUsedAt: w.clock.Now()})
	for _, silence := range []time.Duration{0, time.Minute, time.Hour, 2 * time.Hour} {
		w.clock.Advance(silence)
		w.TouchToken(id, w.clock.Now())
	}
	got := w.query("maintainer", q3, vars("p", "shop/web/api", "n", "prod")).body
	if n := strings.Count(got, "agent_connected"); n != 2 {
		t.Errorf("%d contacts in the activity, want 2: %s", n, got)
	}
}
