package gitlabtest_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

const (
	agentsPath = "/v4/projects/20/cluster_agents"
	prodPath   = agentsPath + "/5"

	projectMissing  = `{"message":"404 Project Not Found"}`
	agentsMissing   = `{"message":"404 ClusterAgents Not Found"}`
	recordMissing   = `{"message":"404 Not found"}`
	routeMissing    = `{"error":"404 Not Found"}`
	forbidden       = `{"message":"403 Forbidden"}`
	unauthorized    = `{"message":"401 Unauthorized"}`
	prodConfig      = `"config_project":{"id":20,"description":"The interface","name":"API","name_with_namespace":"Shop / Web / API","path":"api","path_with_namespace":"shop/web/api","created_at":"2026-01-02T03:04:05.678Z"}`
	prodBody        = `{"id":5,"name":"prod",` + prodConfig + `,"created_at":"2026-01-02T03:04:05.678Z","created_by_user_id":6,"is_receptive":false}`
	formatRefusal   = `\"Name can contain only lowercase letters, digits, and '-', but cannot start or end with '-'\"`
	badRequest      = `{"message":"400 Bad request - `
	agentNameTaken  = badRequest + `[\"Name has already been taken\"]"}`
	agentNameBlank  = badRequest + `[\"Name can't be blank\", ` + formatRefusal + `]"}`
	agentNameFormat = badRequest + `[` + formatRefusal + `]"}`
)

func TestListAgents(t *testing.T) {
	t.Parallel()
	run(t, nil, []exchange{
		{"without credentials", "", "GET", agentsPath, "", 401, unauthorized},
		{"a stranger to a private project", "stranger", "GET", agentsPath, "", 404, projectMissing},
		{"a stranger to a public project", "stranger", "GET", "/v4/projects/21/cluster_agents", "", 404, agentsMissing},
		{"a guest", "guest", "GET", agentsPath, "", 404, agentsMissing},
		{"a planner", "planner", "GET", agentsPath, "", 404, agentsMissing},
		{"a reporter", "reporter", "GET", agentsPath, "", 404, agentsMissing},
		{"a developer", "developer", "GET", agentsPath, "", 200, "[" + prodBody + "]"},
		{"a maintainer", "maintainer", "GET", agentsPath, "", 200, "[" + prodBody + "]"},
		{"an owner", "owner", "GET", agentsPath, "", 200, "[" + prodBody + "]"},
		{"an administrator", "admin", "GET", agentsPath, "", 200, "[" + prodBody + "]"},
		{"an archived project", "developer", "GET", "/v4/projects/22/cluster_agents", "", 200, "[]"},
	})
}

func TestAgentsAreSortedByName(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.AddAgent(gitlabtest.Agent{Project: apiProject, Name: "zeta"})
	w.AddAgent(gitlabtest.Agent{Project: apiProject, Name: "alpha"})
	body := w.get("developer", agentsPath).body
	alpha, prod, zeta := strings.Index(body, `"alpha"`), strings.Index(body, `"prod"`), strings.Index(body, `"zeta"`)
	if alpha < 0 || alpha > prod || prod > zeta {
		t.Errorf("the agents stand at %d, %d, %d, want them by name: %s", alpha, prod, zeta, body)
	}
}

func TestGetAgent(t *testing.T) {
	t.Parallel()
	run(t, nil, []exchange{
		{"without credentials", "", "GET", prodPath, "", 401, unauthorized},
		{"a stranger to a private project", "stranger", "GET", prodPath, "", 404, projectMissing},
		{"a stranger to a public project", "stranger", "GET", "/v4/projects/21/cluster_agents/5", "", 404, recordMissing},
		{"a reporter", "reporter", "GET", prodPath, "", 404, recordMissing},
		{"a developer", "developer", "GET", prodPath, "", 200, prodBody},
		{"an unknown agent", "developer", "GET", agentsPath + "/99", "", 404, recordMissing},
		{"an agent of another project", "admin", "GET", "/v4/projects/21/cluster_agents/5", "", 404, recordMissing},
		{"an id that is no number", "developer", "GET", agentsPath + "/prod", "", 400, `{"error":"agent_id is invalid"}`},
		{"a stranger with an id that is no number", "stranger", "GET", agentsPath + "/prod", "", 400, `{"error":"agent_id is invalid"}`},
	})
}

func TestAgentOfSomebodyWhoIsGoneHasNoCreator(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.AddAgent(gitlabtest.Agent{ID: 6, Project: apiProject, Name: "orphan", CreatedBy: 999})
	got := w.get("developer", agentsPath+"/6").body
	if want := `"created_by_user_id":null`; !strings.Contains(got, want) {
		t.Errorf("the agent is %s, want %s in it", got, want)
	}
}

func TestCommunityEditionLeavesOutReceptive(t *testing.T) {
	t.Parallel()
	exchange{"", "developer", "GET", prodPath, "", 200, strings.Replace(prodBody, `,"is_receptive":false`, "", 1)}.
		check(t, nil, gitlabtest.WithSettings(func(s *gitlabtest.Settings) { s.CommunityEdition = true }))
}

func TestRegisterAgent(t *testing.T) {
	t.Parallel()
	const stageBody = `{"id":6,"name":"stage",` + prodConfig + `,"created_at":"2026-11-24T03:07:00.000Z","created_by_user_id":6,"is_receptive":false}`
	long := strings.Repeat("a", 64)
	run(t, nil, []exchange{
		{"without credentials", "", "POST", agentsPath, `{"name":"stage"}`, 401, unauthorized},
		{"a stranger to a private project", "stranger", "POST", agentsPath, `{"name":"BAD"}`, 404, projectMissing},
		{"a stranger to a public project", "stranger", "POST", "/v4/projects/21/cluster_agents", `{"name":"stage"}`, 403, forbidden},
		{"a guest", "guest", "POST", agentsPath, `{"name":"stage"}`, 403, forbidden},
		{"a developer", "developer", "POST", agentsPath, `{"name":"stage"}`, 403, forbidden},
		{"a developer without a name", "developer", "POST", agentsPath, `{}`, 400, `{"error":"name is missing"}`},
		{"a maintainer", "maintainer", "POST", agentsPath, `{"name":"stage"}`, 201, stageBody},
		{"by the full path", "maintainer", "POST", "/v4/projects/shop%2Fweb%2Fapi/cluster_agents", `{"name":"stage"}`, 201, stageBody},
		{"with parameters nobody knows", "maintainer", "POST", agentsPath, `{"name":"stage","colour":"red"}`, 201, stageBody},
		{"an archived project", "owner", "POST", "/v4/projects/22/cluster_agents", `{"name":"stage"}`, 403, forbidden},
		{"a name that is taken", "maintainer", "POST", agentsPath, `{"name":"prod"}`, 400, agentNameTaken},
		{"an empty name", "maintainer", "POST", agentsPath, `{"name":""}`, 400, agentNameBlank},
		{"a name of null", "maintainer", "POST", agentsPath, `{"name":null}`, 400, agentNameBlank},
		{"a name that is a list", "maintainer", "POST", agentsPath, `{"name":["x"]}`, 400, `{"error":"name is invalid"}`},
		{"an upper-case name", "maintainer", "POST", agentsPath, `{"name":"Stage"}`, 400, agentNameFormat},
		{"a name with a dash at the end", "maintainer", "POST", agentsPath, `{"name":"stage-"}`, 400, agentNameFormat},
		{"a name with a space at the end", "maintainer", "POST", agentsPath, `{"name":"stage "}`, 400, agentNameFormat},
		{
			"a name of 64 characters", "maintainer", "POST", agentsPath, `{"name":"` + long + `"}`, 400,
			badRequest + `[\"Name is too long (maximum is 63 characters)\"]"}`,
		},
		{
			"a body that is no JSON", "maintainer", "POST", agentsPath, `{"name":`, 400,
			`{"error":"\nProblem:\n  message body does not match declared format\nResolution:\n  when specifying application/json as content-type, you must pass valid application/json in the request's 'body'\n"}`,
		},
		{
			"a body with something behind the JSON", "maintainer", "POST", agentsPath, `{"name":"stage"} {}`, 400,
			`{"error":"\nProblem:\n  message body does not match declared format\nResolution:\n  when specifying application/json as content-type, you must pass valid application/json in the request's 'body'\n"}`,
		},
	})
}

func TestRegisterAgentAcceptsUnusualNames(t *testing.T) {
	t.Parallel()
	for _, name := range []string{`"a"`, `"7"`, `"2024"`, `2024`, `"a--b"`, `"` + strings.Repeat("x", 63) + `"`} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			if got := w.send("maintainer", "POST", agentsPath, `{"name":`+name+`}`); got.status != http.StatusCreated {
				t.Errorf("registering %s = %d %s, want 201", name, got.status, got.body)
			}
		})
	}
}

func TestRegisterAgentTakesForms(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	got := w.send("maintainer", "POST", agentsPath, "name=stage", "Content-Type", "application/x-www-form-urlencoded")
	if got.status != http.StatusCreated || w.Agents(apiProject)[1].Name != "stage" {
		t.Errorf("a form = %d %s, want 201 and an agent named stage", got.status, got.body)
	}
}

func TestRegisterAgentUnderUnusualProjectFeatures(t *testing.T) {
	t.Parallel()
	t.Run("no pipelines", func(t *testing.T) {
		t.Parallel()
		exchange{
			"", "admin", "POST", "/v4/projects/30/cluster_agents", `{"name":"x"}`, 400,
			badRequest + `You have insufficient permissions to create a cluster agent for this project"}`,
		}.
			check(t, func(w *world) {
				w.AddProject(gitlabtest.Project{ID: 30, Path: "p", Owner: w.ids["owner"], PipelinesDisabled: true})
			})
	})
	t.Run("no repository", func(t *testing.T) {
		t.Parallel()
		exchange{"", "admin", "POST", "/v4/projects/30/cluster_agents", `{"name":"x"}`, 403, forbidden}.
			check(t, func(w *world) {
				w.AddProject(gitlabtest.Project{ID: 30, Path: "p", Owner: w.ids["owner"], RepositoryDisabled: true})
			})
	})
	t.Run("an archived group above", func(t *testing.T) {
		t.Parallel()
		exchange{"", "admin", "POST", "/v4/projects/30/cluster_agents", `{"name":"x"}`, 403, forbidden}.
			check(t, func(w *world) {
				group := w.AddGroup(gitlabtest.Group{Path: "past", Archived: true})
				w.AddProject(gitlabtest.Project{ID: 30, Path: "p", Group: group})
			})
	})
}

func TestDeleteAgent(t *testing.T) {
	t.Parallel()
	run(t, nil, []exchange{
		{"without credentials", "", "DELETE", prodPath, "", 401, unauthorized},
		{"a stranger to a private project", "stranger", "DELETE", prodPath, "", 404, projectMissing},
		{"a developer", "developer", "DELETE", prodPath, "", 403, forbidden},
		{"a developer and an unknown agent", "developer", "DELETE", agentsPath + "/99", "", 403, forbidden},
		{"a maintainer and an unknown agent", "maintainer", "DELETE", agentsPath + "/99", "", 404, recordMissing},
		{"a maintainer", "maintainer", "DELETE", prodPath, "", 204, ""},
	})
}

func TestDeletedAgentTakesItsTokensAlong(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.AddToken(gitlabtest.Token{Agent: prodAgent, Name: "one"})
	secret := w.Tokens(prodAgent)[0].Secret
	w.send("maintainer", "DELETE", prodPath, "")
	if _, ok := w.UseToken(secret); ok {
		t.Error("a token of the deleted agent still connects")
	}
	if left := w.Tokens(prodAgent); len(left) != 0 {
		t.Errorf("tokens of the deleted agent: %v, want none", left)
	}
	again := w.send("maintainer", "POST", agentsPath, `{"name":"prod"}`)
	if !strings.HasPrefix(again.body, `{"id":6,`) {
		t.Errorf("the agent registered again is %s, want a fresh id", again.body)
	}
}

func TestDeleteAgentUnlessModified(t *testing.T) {
	t.Parallel()
	created := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, tt := range []struct {
		name       string
		since      string
		wantStatus int
		wantBody   string
	}{
		{"modified after the date", created.Add(-time.Minute).Format(http.TimeFormat), 412, `{"message":"412 Precondition Failed"}`},
		{"not modified since the date", created.Format(http.TimeFormat), 204, ""},
		{"no date at all", "yesterday", 204, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			got := w.send("maintainer", "DELETE", prodPath, "", "If-Unmodified-Since", tt.since)
			if got.status != tt.wantStatus || got.body != tt.wantBody {
				t.Errorf("DELETE = %d %s, want %d %s", got.status, got.body, tt.wantStatus, tt.wantBody)
			}
		})
	}
}

func TestAddressesThatGitLabDoesNotHave(t *testing.T) {
	t.Parallel()
	run(t, nil, []exchange{
		{"deleting all agents", "maintainer", "DELETE", agentsPath, "", 404, routeMissing},
		{"changing an agent", "maintainer", "PUT", prodPath, `{"name":"x"}`, 404, routeMissing},
		{"token in the singular", "maintainer", "GET", prodPath + "/token/1", "", 404, routeMissing},
		{"a path that is not encoded", "maintainer", "GET", "/v4/projects/shop/web/api/cluster_agents", "", 404, routeMissing},
	}, gitlabtest.AllowUnexpected())
}
