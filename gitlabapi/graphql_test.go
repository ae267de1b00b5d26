package gitlabapi_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gitlab-agent-portal/gitlabapi"
)

// agentsRequest is what ProjectsAgents sends.
type agentsRequest struct {
	Query         string
	OperationName string
	Variables     struct {
		IDs              []string
		Projects, Agents int
		After, Name      string
	}
}

// graph starts a GitLab whose GraphQL answers with answer, and keeps what it was
// asked.
func graph(t *testing.T, answer func(q agentsRequest) string) (*gitlabapi.Client, func() []agentsRequest) {
	t.Helper()
	var mu sync.Mutex
	var asked []agentsRequest
	c := fakeBody(t, func(w http.ResponseWriter, body []byte) {
		var q agentsRequest
		if err := json.Unmarshal(body, &q); err != nil {
			t.Errorf("query %s: %v", body, err)
		}
		mu.Lock()
		asked = append(asked, q)
		mu.Unlock()
		replyJSON(200, answer(q))(w, nil)
	})
	return c, func() []agentsRequest {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(asked)
	}
}

const gid = "gid://gitlab/"

// project, agent and token write one node of an answer.
func project(id int, next string, agents ...string) string {
	page := `{"hasNextPage":false,"endCursor":"x"}`
	if next != "" {
		page = fmt.Sprintf(`{"hasNextPage":true,"endCursor":%q}`, next)
	}
	return fmt.Sprintf(`{"id":"%sProject/%d","name":"P","fullPath":"group/p%d","archived":false,"userPermissions":{"adminProject":true,"pushCode":true},`+
		`"clusterAgents":{"pageInfo":%s,"nodes":[%s]}}`, gid, id, id, page, strings.Join(agents, ","))
}

func agent(id int, tokens ...string) string {
	return fmt.Sprintf(`{"id":"%sClusters::Agent/%d","name":"a%d","createdAt":"2026-10-01T00:00:00Z","createdByUser":null,"tokens":{"count":%d,"nodes":[%s]}}`,
		gid, id, id, len(tokens), strings.Join(tokens, ","))
}

func token(id int, used string) string {
	return fmt.Sprintf(`{"id":"%sClusters::AgentToken/%d","name":"t%d","createdAt":"2026-11-01T00:00:00Z","lastUsedAt":%s,`+
		`"createdByUser":{"name":"Lea D.","username":"lead"}}`, gid, id, id, used)
}

func projects(nodes ...string) string {
	return `{"data":{"projects":{"nodes":[` + strings.Join(nodes, ",") + `]}}}`
}

// with adds errors beside the data.
func with(answer string, errs ...string) string {
	return strings.TrimSuffix(answer, "}") + `,"errors":[` + strings.Join(errs, ",") + `]}`
}

const tooComplex = `{"errors":[{"message":"Query has complexity of 301, which exceeds max complexity of 250"}]}`

func ids(found map[int64]gitlabapi.ProjectAgents) []int64 {
	var ids []int64
	for id := range found {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

func TestProjectsAgentsTellsOfEveryToken(t *testing.T) {
	t.Parallel()
	c, asked := graph(t, func(agentsRequest) string {
		return projects(
			project(20, "", agent(1, token(11, `"2026-11-24T03:00:00Z"`), token(12, "null")), agent(2)),
			project(21, ""),
		)
	})
	got, err := c.ProjectsAgents(t.Context(), []int64{20, 21, 22}, nil)
	if err != nil {
		t.Fatal(err)
	}
	lead := gitlabapi.Person{Name: "Lea D.", Username: "lead"}
	detail := func(id int64) gitlabapi.ProjectDetail {
		return gitlabapi.ProjectDetail{ID: id, Name: "P", FullPath: fmt.Sprint("group/p", id), AdminProject: true, PushCode: true}
	}
	want := map[int64]gitlabapi.ProjectAgents{
		20: {ProjectDetail: detail(20), Agents: []gitlabapi.AgentDetail{
			{ID: 1, Name: "a1", CreatedAt: when("2026-10-01T00:00:00Z"), TokenCount: 2, Tokens: []gitlabapi.TokenUse{
				{ID: 11, Name: "t11", CreatedAt: when("2026-11-01T00:00:00Z"), LastUsedAt: when("2026-11-24T03:00:00Z"), CreatedBy: lead},
				{ID: 12, Name: "t12", CreatedAt: when("2026-11-01T00:00:00Z"), CreatedBy: lead},
			}},
			{ID: 2, Name: "a2", CreatedAt: when("2026-10-01T00:00:00Z"), Tokens: []gitlabapi.TokenUse{}},
		}},
		21: {ProjectDetail: detail(21), Agents: []gitlabapi.AgentDetail{}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("usage differs (-want +got):\n%s", diff)
	}
	q := asked()[0]
	v := q.Variables
	if q.OperationName != "Agents" || !strings.HasPrefix(q.Query, "query Agents($ids: [ID!]!") || v.After != "" ||
		v.Projects != 3 || v.Agents != 20 {
		t.Errorf("asked %+v", q)
	}
	if diff := cmp.Diff([]string{gid + "Project/20", gid + "Project/21", gid + "Project/22"}, v.IDs); diff != "" {
		t.Errorf("ids differ (-want +got):\n%s", diff)
	}
}

func TestProjectsAgentsReadsAllAgentsOfAProject(t *testing.T) {
	t.Parallel()
	c, asked := graph(t, func(q agentsRequest) string {
		switch q.Variables.After {
		case "":
			return projects(project(20, "c1", agent(1)), project(21, "", agent(9)))
		case "c1":
			return projects(project(20, "c2", agent(2)))
		default:
			return projects(project(20, "", agent(3)))
		}
	})
	got, err := c.ProjectsAgents(t.Context(), []int64{20, 21}, nil)
	if err != nil || len(got[20].Agents) != 3 || len(got[21].Agents) != 1 {
		t.Errorf("usage = %v, %v, want 3 agents and 1", got, err)
	}
	for _, q := range asked()[1:] {
		if v := q.Variables; v.Projects != 1 || v.Agents != 100 || !slices.Equal(v.IDs, []string{gid + "Project/20"}) {
			t.Errorf("asked %+v, want the rest of project 20 alone", v)
		}
	}
}

func TestProjectsAgentsOfOneProjectIsOneQuery(t *testing.T) {
	t.Parallel()
	c, asked := graph(t, func(agentsRequest) string { return projects(project(20, "", agent(1))) })
	if got, err := c.ProjectsAgents(t.Context(), []int64{20}, nil); err != nil || len(got[20].Agents) != 1 {
		t.Errorf("usage = %v, %v, want 1 agent", got, err)
	}
	if v := asked()[0].Variables; v.Projects != 1 || v.Agents != 100 {
		t.Errorf("asked for %d agents of %d projects at once, want 100 of 1", v.Agents, v.Projects)
	}
}

func TestProjectsAgentsOfManyProjectsIsReadInParts(t *testing.T) {
	t.Parallel()
	var many []int64
	for id := range 205 {
		many = append(many, int64(id+1))
	}
	c, asked := graph(t, func(q agentsRequest) string {
		var nodes []string
		for _, id := range q.Variables.IDs {
			var n int
			_, _ = fmt.Sscanf(id, gid+"Project/%d", &n)
			nodes = append(nodes, project(n, ""))
		}
		return projects(nodes...)
	})
	got, err := c.ProjectsAgents(t.Context(), many, nil)
	if err != nil || !slices.Equal(ids(got), many) {
		t.Errorf("%d projects, %v, want 205", len(got), err)
	}
	if n := len(asked()); n != 3 {
		t.Errorf("%d queries, want 3", n)
	}
}

func TestProjectsAgentsOfNothingAsksNothing(t *testing.T) {
	t.Parallel()
	c, asked := graph(t, func(agentsRequest) string { return tooComplex })
	if got, err := c.ProjectsAgents(t.Context(), nil, nil); err != nil || got == nil || len(asked()) != 0 {
		t.Errorf("usage = %v, %v after %d queries, want an empty map after none", got, err, len(asked()))
	}
}

func TestH11NullIsNotNone(t *testing.T) {
	t.Parallel()
	whole := project(21, "", agent(9))
	for name, node := range map[string]string{
		"agents":           `{"id":"gid://gitlab/Project/20","fullPath":"p","clusterAgents":null}`,
		"a list of agents": `{"id":"gid://gitlab/Project/20","fullPath":"p","clusterAgents":{"pageInfo":{},"nodes":null}}`,
		"an agent":         project(20, "", "null", agent(1)),
		"tokens":           project(20, "", agent(1), `{"id":"gid://gitlab/Clusters::Agent/2","name":"a","tokens":null}`),
		"a list of tokens": project(20, "", `{"id":"gid://gitlab/Clusters::Agent/2","name":"a","tokens":{"count":1,"nodes":null}}`),
		"a token":          project(20, "", agent(1, "null")),
		"an absent id":     `{"fullPath":"p","clusterAgents":{"pageInfo":{},"nodes":[]}}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, _ := graph(t, func(agentsRequest) string { return projects(node, whole) })
			got, err := c.ProjectsAgents(t.Context(), []int64{20, 21}, nil)
			var partial *gitlabapi.PartialError
			if !errors.As(err, &partial) || !errors.Is(err, gitlabapi.ErrGraphQL) || len(partial.Messages) != 1 {
				t.Errorf("error = %v, want a *PartialError with one message", err)
			}
			if !slices.Equal(ids(got), []int64{21}) {
				t.Errorf("projects %v, want 21 alone", ids(got))
			}
		})
	}
}

func TestAProjectThatIsNullIsNotVisible(t *testing.T) {
	t.Parallel()
	c, _ := graph(t, func(agentsRequest) string { return projects("null", project(21, "")) })
	got, err := c.ProjectsAgents(t.Context(), []int64{20, 21}, nil)
	if err != nil || !slices.Equal(ids(got), []int64{21}) {
		t.Errorf("projects %v, %v, want 21 alone", ids(got), err)
	}
}

func TestH11ErrorsBesideDataKeepTheData(t *testing.T) {
	t.Parallel()
	data := projects(project(20, "", agent(1, token(11, "null"))), project(21, ""))
	for name, tc := range map[string]struct {
		err  string
		want []int64
	}{
		"inside a project": {
			`{"message":"GRPC::Unavailable","path":["projects","nodes",0,"clusterAgents","nodes",0,"tokens","nodes",0,"lastUsedAt"]}`,
			[]int64{21},
		},
		"without a path":           {`{"message":"GRPC::Unavailable"}`, []int64{20, 21}},
		"beside the projects":      {`{"message":"GRPC::Unavailable","path":["other","nodes",0]}`, []int64{20, 21}},
		"in a project beyond":      {`{"message":"GRPC::Unavailable","path":["projects","nodes",7,"x"]}`, []int64{20, 21}},
		"with a path of odd types": {`{"message":"GRPC::Unavailable","path":["projects","nodes","a",null]}`, []int64{20, 21}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, _ := graph(t, func(agentsRequest) string { return with(data, tc.err) })
			got, err := c.ProjectsAgents(t.Context(), []int64{20, 21}, nil)
			var partial *gitlabapi.PartialError
			if !errors.As(err, &partial) || !slices.Equal(partial.Messages, []string{"GRPC::Unavailable"}) {
				t.Errorf("error = %v, want a *PartialError with the message", err)
			}
			if !slices.Equal(ids(got), tc.want) {
				t.Errorf("projects %v, want %v", ids(got), tc.want)
			}
		})
	}
}

func TestPartialErrorsStayShortAndClean(t *testing.T) {
	t.Parallel()
	c, _ := graph(t, func(agentsRequest) string {
		message := fmt.Sprintf(`{"message":"\u001b%s %s"}`, canary, strings.Repeat("x", 5000))
		return with(projects(project(20, "")), slices.Repeat([]string{message}, 100)...)
	})
	_, err := c.ProjectsAgents(t.Context(), []int64{20}, nil)
	if err == nil || len(err.Error()) > 20_000 || leaks(err.Error()) {
		t.Errorf("error of %d bytes: %.300v", len(err.Error()), err)
	}
}

func TestH11QueriesThatAreNotAnswered(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		status  int
		body    string
		meaning map[string]bool
		text    string
	}{
		"a field that the instance does not know": {
			200, `{"errors":[{"message":"Field 'tokens' doesn't exist on type 'ClusterAgent'","extensions":{"code":"undefinedField"}}]}`,
			is("graphql", "unsupported"), "Field 'tokens' doesn't exist",
		},
		"an argument that it does not know": {
			200, `{"errors":[{"message":"Field 'projects' doesn't accept argument 'ids'"}]}`, is("graphql", "unsupported"), "doesn't accept argument",
		},
		"an internal error":             {200, `{"data":null,"errors":[{"message":"Internal server error"}]}`, is("unavailable"), "Internal server error"},
		"a query that took too long":    {200, `{"errors":[{"message":"Request timed out. Please try a less complex query or a smaller set of records."}]}`, is("timeout", "unavailable"), "timed out"},
		"a check that took too long":    {200, `{"errors":[{"message":"Timeout on validation of query"}]}`, is("timeout", "unavailable"), "Timeout"},
		"a part that took too long":     {200, `{"data":{"projects":null},"errors":[{"message":"Timeout on Query.projects","path":["projects"]}]}`, is("timeout", "unavailable"), "Timeout"},
		"a limit of rate in a 200":      {200, `{"errors":[{"message":"This endpoint has been requested too many times. Try again later."}]}`, is("rate"), "too many times"},
		"an error that nobody knows of": {200, `{"errors":[{"message":"Something else"}]}`, is("graphql"), "Something else"},
		"a firewall's page":             {200, "<html>", is("malformed", "unavailable"), ""},
		"null projects and an error":    {200, `{"data":{"projects":null},"errors":[{"message":"GRPC::Unavailable","path":["projects"]}]}`, is("graphql"), "GRPC::Unavailable"},
		"null projects":                 {200, `{"data":{"projects":null}}`, is("graphql"), "no data"},
		"nothing":                       {200, `{}`, is("graphql"), "no data"},
		"a list for an answer":          {200, `[]`, is("malformed", "unavailable"), ""},
		"data of another type":          {200, `{"data":[]}`, is("malformed", "unavailable"), ""},
		"an id without number":          {200, projects(`{"id":"gid://gitlab/Project/x"}`), is("malformed", "unavailable"), ""},
		"an id that is negative":        {200, projects(`{"id":"gid://gitlab/Project/-1"}`), is("malformed", "unavailable"), ""},
		"a time that is none":           {200, projects(project(20, "", agent(1, token(2, `"`+canary+`"`)))), is("malformed", "unavailable"), ""},
		"an instance without it":        {404, `{"error":"404 Not Found"}`, is("graphql", "unsupported"), "404"},
		"a dead token":                  {401, `{"errors":[{"message":"Invalid token"}]}`, is("unauthorized"), "Invalid token"},
		"no access to the API":          {403, `{"errors":[{"message":"API not accessible for user"}]}`, is("forbidden"), "API not accessible"},
		"a 500":                         {500, `{"errors":[{"message":"Internal server error"}]}`, is("unavailable"), "Internal server error"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, _ := fake(t, quick(), replyJSON(tc.status, tc.body))
			got, err := c.ProjectsAgents(t.Context(), []int64{20}, nil)
			if diff := cmp.Diff(tc.meaning, meaning(err)); diff != "" || got != nil {
				t.Fatalf("usage = %v, %v, meaning differs (-want +got):\n%s", got, err, diff)
			}
			if !strings.Contains(err.Error(), tc.text) || leaks(err.Error()) {
				t.Errorf("error = %v, want one with %q", err, tc.text)
			}
		})
	}
}

func TestH11ARefusalByCostHalvesTheQuery(t *testing.T) {
	t.Parallel()
	for name, refusal := range map[string]string{
		"by cost": tooComplex,
		"by size": `{"data":` + strings.Repeat(" ", 1<<20) + `{}}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, asked := graph(t, func(q agentsRequest) string {
				if q.Variables.Projects > 2 || q.Variables.Agents > 10 {
					return refusal
				}
				var nodes []string
				for _, id := range q.Variables.IDs {
					var n int
					_, _ = fmt.Sscanf(id, gid+"Project/%d", &n)
					nodes = append(nodes, project(n, ""))
				}
				return projects(nodes...)
			})
			got, err := c.ProjectsAgents(t.Context(), []int64{1, 2, 3, 4, 5}, nil)
			if err != nil || !slices.Equal(ids(got), []int64{1, 2, 3, 4, 5}) {
				t.Errorf("projects %v, %v, want all five", ids(got), err)
			}
			var shapes []string
			for _, q := range asked() {
				shapes = append(shapes, fmt.Sprint(q.Variables.Projects, "x", q.Variables.Agents))
			}
			want := []string{"5x20", "3x20", "2x20", "1x20", "1x10", "1x10", "1x10", "1x10", "1x10"}
			if diff := cmp.Diff(want, shapes); diff != "" {
				t.Errorf("queries (-want +got):\n%s", diff)
			}
		})
	}
}

func TestARefusalByCostOfTheSmallestQueryIsAnError(t *testing.T) {
	t.Parallel()
	c, asked := graph(t, func(agentsRequest) string { return tooComplex })
	got, err := c.ProjectsAgents(t.Context(), []int64{1, 2}, nil)
	if got != nil || !errors.Is(err, gitlabapi.ErrGraphQL) || !strings.Contains(err.Error(), "complexity of 301") {
		t.Errorf("usage = %v, %v, want ErrGraphQL with the reason", got, err)
	}
	if n := len(asked()); n != 6 { // 2x20 1x20 1x10 1x5 1x2 1x1
		t.Errorf("%d queries, want 6", n)
	}
}

func TestAProjectWhoseAgentsDoNotEndIsMissing(t *testing.T) {
	t.Parallel()
	var turns atomic.Int32
	for name, tc := range map[string]struct {
		rest    func(q agentsRequest) string
		queries int
	}{
		"the same cursor":    {func(agentsRequest) string { return projects(project(20, "c1", agent(2))) }, 2},
		"another answer":     {func(agentsRequest) string { return projects() }, 2},
		"another project":    {func(agentsRequest) string { return projects(project(22, "", agent(2))) }, 2},
		"null":               {func(agentsRequest) string { return projects(project(20, "", "null")) }, 2},
		"never small enough": {func(agentsRequest) string { return tooComplex }, 8}, // 100 50 25 12 6 3 1
		"new cursors for ever": {func(agentsRequest) string {
			return projects(project(20, fmt.Sprint("turn", turns.Add(1)), agent(2)))
		}, 101},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, asked := graph(t, func(q agentsRequest) string {
				if q.Variables.After == "" {
					return projects(project(20, "c1", agent(1)), project(21, ""))
				}
				return tc.rest(q)
			})
			got, err := c.ProjectsAgents(t.Context(), []int64{20, 21}, nil)
			var partial *gitlabapi.PartialError
			if !errors.As(err, &partial) || !slices.Equal(ids(got), []int64{21}) {
				t.Errorf("projects %v, %v, want 21 alone and a *PartialError", ids(got), err)
			}
			if n := len(asked()); n != tc.queries {
				t.Errorf("%d queries, want %d", n, tc.queries)
			}
		})
	}
}

func TestAFailureHalfwayKeepsWhatWasRead(t *testing.T) {
	t.Parallel()
	c := fakeBody(t, func(w http.ResponseWriter, body []byte) {
		if strings.Contains(string(body), `Project/1"`) {
			replyJSON(200, projects(project(1, "")))(w, nil)
			return
		}
		replyJSON(401, `{"errors":[{"message":"Invalid token"}]}`)(w, nil)
	})
	many := make([]int64, 0, 101) // the second part fails
	for id := range 101 {
		many = append(many, int64(id+1))
	}
	got, err := c.ProjectsAgents(t.Context(), many, nil)
	var partial *gitlabapi.PartialError
	if !errors.As(err, &partial) || !errors.Is(err, gitlabapi.ErrUnauthorized) || !slices.Equal(ids(got), []int64{1}) {
		t.Errorf("projects %v, %v, want 1 and a *PartialError that is ErrUnauthorized", ids(got), err)
	}
}
