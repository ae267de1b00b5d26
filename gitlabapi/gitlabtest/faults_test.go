package gitlabtest_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

func TestFaultsMeetTheRequestsTheyAreMeantFor(t *testing.T) {
	t.Parallel()
	other := "/v4/projects/22/cluster_agents"
	type step struct {
		as, path string
		want     int
	}
	for _, tt := range []struct {
		name   string
		inject func(w *world)
		steps  []step
	}{
		{"another operation", func(w *world) { w.Inject(gitlabtest.OpGetAgent, gitlabtest.Status(500)) }, []step{
			{"developer", agentsPath, 200}, {"developer", prodPath, 500}, {"developer", prodPath, 500},
		}},
		{"every operation", func(w *world) { w.Inject("", gitlabtest.Status(500)) }, []step{
			{"developer", agentsPath, 500}, {"developer", "/v4/user", 500},
		}},
		{"a number of times", func(w *world) { w.Inject(gitlabtest.OpListAgents, gitlabtest.Status(500).Times(2)) }, []step{
			{"developer", agentsPath, 500}, {"developer", agentsPath, 500}, {"developer", agentsPath, 200},
		}},
		{"one after the other", func(w *world) {
			w.Inject(gitlabtest.OpListAgents, gitlabtest.Status(500).Times(1))
			w.Inject(gitlabtest.OpListAgents, gitlabtest.Status(503).Times(1))
		}, []step{
			{"developer", agentsPath, 500}, {"developer", agentsPath, 503}, {"developer", agentsPath, 200},
		}},
		{"one person", func(w *world) { w.Inject(gitlabtest.OpListAgents, gitlabtest.Status(500).ForUser("owner")) }, []step{
			{"developer", agentsPath, 200}, {"owner", agentsPath, 500},
		}},
		{"one project", func(w *world) { w.Inject(gitlabtest.OpListAgents, gitlabtest.Status(500).ForProject(apiProject)) }, []step{
			{"developer", other, 200}, {"developer", agentsPath, 500}, {"developer", "/v4/projects/shop%2Fweb%2Fapi/cluster_agents", 500},
		}},
		{"one person in one project, once", func(w *world) {
			w.Inject(gitlabtest.OpListAgents, gitlabtest.Status(500).ForProject(apiProject).ForUser("owner").Times(1))
		}, []step{
			{"owner", other, 200}, {"developer", agentsPath, 200}, {"owner", agentsPath, 500}, {"owner", agentsPath, 200},
		}},
		{"a choice of the test's own", func(w *world) {
			w.Inject("", gitlabtest.Status(500).When(func(r *http.Request) bool { return r.URL.Query().Get("page") == "2" }))
		}, []step{
			{"developer", agentsPath, 200}, {"developer", agentsPath + "?page=2", 500},
		}},
		{"cleared", func(w *world) {
			w.Inject(gitlabtest.OpListAgents, gitlabtest.Status(500))
			w.Inject(gitlabtest.OpGetAgent, gitlabtest.Status(500))
			w.ClearFaults(gitlabtest.OpListAgents)
		}, []step{
			{"developer", agentsPath, 200}, {"developer", prodPath, 500},
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			tt.inject(w)
			for i, s := range tt.steps {
				if got := w.get(s.as, s.path); got.status != s.want {
					t.Errorf("step %d: GET %s as %s = %d, want %d", i+1, s.path, s.as, got.status, s.want)
				}
			}
		})
	}
}

func TestFaultsThatEditTheAnswer(t *testing.T) {
	t.Parallel()
	t.Run("another Link", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.Inject(gitlabtest.OpListAgents, gitlabtest.BadLink("https://evil.example/"))
		if got := w.get("developer", agentsPath); got.status != 200 || got.header.Get("Link") != `<https://evil.example/>; rel="next"` {
			t.Errorf("answer = %d, Link %s, want 200 and a Link to evil.example", got.status, got.header.Get("Link"))
		}
	})
	t.Run("the same next page for ever", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.Inject(gitlabtest.OpListAgents, gitlabtest.StuckPage(2))
		if got := w.get("developer", agentsPath+"?page=2"); got.header.Get("X-Next-Page") != "2" {
			t.Errorf("X-Next-Page = %q, want 2", got.header.Get("X-Next-Page"))
		}
	})
	t.Run("half of the body", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.Inject(gitlabtest.OpListAgents, gitlabtest.Truncated())
		got := w.get("developer", agentsPath)
		if got.status != 200 || json.Valid([]byte(got.body)) || !strings.HasPrefix(got.body, `[{"id":5`) {
			t.Errorf("answer = %d %s, want 200 and the start of a list", got.status, got.body)
		}
	})
	t.Run("an edit and then an answer", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.Inject(gitlabtest.OpListAgents, gitlabtest.Edit(func(a *gitlabtest.Answer) { a.Status = 418 }))
		if got := w.get("developer", agentsPath); got.status != 418 {
			t.Errorf("answer = %d, want 418", got.status)
		}
		w.Inject(gitlabtest.OpListAgents, gitlabtest.Status(500))
		if got := w.get("developer", agentsPath); got.status != 500 {
			t.Errorf("answer = %d, want 500", got.status)
		}
	})
}

func TestErrorsThatRepeatSecrets(t *testing.T) {
	t.Parallel()
	t.Run("as a fault", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.Inject(gitlabtest.OpCreateToken, gitlabtest.Echo(500))
		got := w.send("maintainer", http.MethodPost, tokensPath, `{"name":"canary"}`)
		if got.status != 500 || !strings.Contains(got.body, w.secrets["maintainer"]) || !strings.Contains(got.body, "canary") {
			t.Errorf("answer = %d %s, want 500 with the credential and the body", got.status, got.body)
		}
	})
	t.Run("as a setting", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, gitlabtest.WithSettings(func(s *gitlabtest.Settings) { s.EchoSecrets = true }))
		got := w.send("developer", http.MethodPost, tokensPath, `{"name":"canary"}`)
		if got.status != 403 || !strings.Contains(got.body, w.secrets["developer"]) || !strings.Contains(got.body, "canary") {
			t.Errorf("answer = %d %s, want 403 with the credential and the body", got.status, got.body)
		}
	})
}
