package gitlabtest_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

// The queries of the contract, by its numbers.
const (
	q1 = `query($p: ID!, $after: String) { project(fullPath: $p) { id
	  clusterAgents(first: 50, after: $after) { count pageInfo { hasNextPage endCursor }
	    nodes { id name webPath createdAt createdByUser { name username }
	      tokens { count nodes { id name lastUsedAt } } } } } }`
	q2 = `query($p: ID!) { project(fullPath: $p) { clusterAgents { nodes { id connections { nodes { connectedAt connectionId metadata { version } } } } } } }`
	q3 = `query($p: ID!, $n: String!) { project(fullPath: $p) { clusterAgent(name: $n) { id createdAt createdByUser { name } userAccessAuthorizations { config }
	  tokens(first: 10) { count nodes { id name } pageInfo { hasNextPage endCursor } }
	  activityEvents(first: 100) { nodes { kind level recordedAt user { name } agentToken { id name status } } } } } }`
	q4 = `{ metadata { version enterprise kas { enabled externalUrl version } } }`
	q5 = `query($p: ID!) { project(fullPath: $p) { ciAccessAuthorizedAgents { nodes { agent { name } } } userAccessAuthorizedAgents { nodes { agent { name project { fullPath } } } } } }`
	q6 = `query($g: ID!) { group(fullPath: $g) { clusterAgents { count nodes { name project { fullPath } } } } }`
	q7 = `query($ids: [ID!]) { projects(ids: $ids, first: 100) { nodes { id fullPath
	  clusterAgents(first: 20) { count pageInfo { hasNextPage endCursor }
	    nodes { id name createdAt createdByUser { name username }
	      tokens(first: 5) { count nodes { id name createdAt lastUsedAt } } } } } } }`
)

// query runs a GraphQL query as somebody.
func (w *world) query(as, query string, variables map[string]any) response {
	w.t.Helper()
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		w.t.Fatal(err)
	}
	return w.send(as, http.MethodPost, "/graphql", string(body))
}

func vars(pairs ...any) map[string]any {
	out := map[string]any{}
	for i := 0; i < len(pairs); i += 2 {
		out[pairs[i].(string)] = pairs[i+1]
	}
	return out
}

func path(p string) map[string]any { return vars("p", p) }

// q7Agent is the agent prod with its token as Q7 shows it.
const (
	q7Agent = `{"id":"gid://gitlab/Clusters::Agent/5","name":"prod","createdAt":"2026-01-02T03:04:05Z","createdByUser":{"name":"The maintainer","username":"maintainer"},` +
		`"tokens":{"count":1,"nodes":[{"id":"gid://gitlab/Clusters::AgentToken/1","name":"first","createdAt":"2026-11-24T03:07:00Z","lastUsedAt":"2026-11-24T03:00:00Z"}]}}`
	q7Project = `{"id":"gid://gitlab/Project/20","fullPath":"shop/web/api","clusterAgents":{"count":1,"pageInfo":{"hasNextPage":false,"endCursor":"MQ"},"nodes":[` + q7Agent + `]}}`
	q7Public  = `{"id":"gid://gitlab/Project/21","fullPath":"shop/handbook","clusterAgents":{"count":0,"pageInfo":{"hasNextPage":false,"endCursor":null},"nodes":[]}}`
)

func TestGraphQLQueries(t *testing.T) {
	t.Parallel()
	q1Data := `{"data":{"project":{"id":"gid://gitlab/Project/20","clusterAgents":{"count":1,"pageInfo":{"hasNextPage":false,"endCursor":"MQ"},"nodes":[` +
		`{"id":"gid://gitlab/Clusters::Agent/5","name":"prod","webPath":"/shop/web/api/-/cluster_agents/prod","createdAt":"2026-01-02T03:04:05Z",` +
		`"createdByUser":{"name":"The maintainer","username":"maintainer"},"tokens":{"count":1,"nodes":[` +
		`{"id":"gid://gitlab/Clusters::AgentToken/1","name":"first","lastUsedAt":"2026-11-24T03:00:00Z"}]}}]}}}}`
	q3Data := func(events string) string {
		return `{"data":{"project":{"clusterAgent":{"id":"gid://gitlab/Clusters::Agent/5","createdAt":"2026-01-02T03:04:05Z","createdByUser":{"name":"The maintainer"},` +
			`"userAccessAuthorizations":null,"tokens":{"count":1,"nodes":[{"id":"gid://gitlab/Clusters::AgentToken/1","name":"first"}],` +
			`"pageInfo":{"hasNextPage":false,"endCursor":"MQ"}},"activityEvents":{"nodes":[` + events + `]}}}}}`
	}
	token := `"agentToken":{"id":"gid://gitlab/Clusters::AgentToken/1","name":"first","status":"ACTIVE"}}`
	events := `{"kind":"token_created","level":"info","recordedAt":"2026-11-24T03:07:00Z","user":{"name":"The maintainer"},` + token + `,` +
		`{"kind":"agent_connected","level":"info","recordedAt":"2026-11-24T03:00:00Z","user":null,` + token
	for _, tt := range []struct {
		name, as, query string
		variables       map[string]any
		want            string
	}{
		{"Q1 as a developer", "developer", q1, path("shop/web/api"), q1Data},
		{
			"Q1 as a reporter", "reporter", q1, path("shop/web/api"),
			`{"data":{"project":{"id":"gid://gitlab/Project/20","clusterAgents":{"count":0,"pageInfo":{"hasNextPage":false,"endCursor":null},"nodes":[]}}}}`,
		},
		{"Q1 as a stranger", "stranger", q1, path("shop/web/api"), `{"data":{"project":null}}`},
		{"Q1 without credentials", "", q1, path("shop/web/api"), `{"data":{"project":null}}`},
		{"Q1 of no project", "developer", q1, path("shop/nothing"), `{"data":{"project":null}}`},
		{"Q3 as a developer", "developer", q3, vars("p", "shop/web/api", "n", "prod"), q3Data("")},
		{"Q3 as a maintainer", "maintainer", q3, vars("p", "shop/web/api", "n", "prod"), q3Data(events)},
		{"Q3 of no agent", "maintainer", q3, vars("p", "shop/web/api", "n", "none"), `{"data":{"project":{"clusterAgent":null}}}`},
		{
			"Q5 as a developer", "developer", q5, path("shop/web/api"),
			`{"data":{"project":{"ciAccessAuthorizedAgents":{"nodes":[{"agent":{"name":"prod"}},{"agent":{"name":"shared"}}]},` +
				`"userAccessAuthorizedAgents":{"nodes":[{"agent":{"name":"shared","project":{"fullPath":"shop/handbook"}}}]}}}}`,
		},
		{
			"Q5 as a guest", "guest", q5, path("shop/web/api"),
			`{"data":{"project":{"ciAccessAuthorizedAgents":null,"userAccessAuthorizedAgents":null}}}`,
		},
		{"Q6 as an administrator", "admin", q6, vars("g", "shop/web"), `{"data":{"group":{"clusterAgents":{"count":1,"nodes":[{"name":"prod","project":{"fullPath":"shop/web/api"}}]}}}}`},
		{
			"Q6 of the group above", "admin", q6, vars("g", "shop"),
			`{"data":{"group":{"clusterAgents":{"count":2,"nodes":[{"name":"prod","project":{"fullPath":"shop/web/api"}},{"name":"shared","project":{"fullPath":"shop/handbook"}}]}}}}`,
		},
		{"Q6 as a stranger", "stranger", q6, vars("g", "shop"), `{"data":{"group":null}}`},
		{
			"Q7 as a developer", "developer", q7, vars("ids", []string{"gid://gitlab/Project/20", "gid://gitlab/Project/21", "gid://gitlab/Project/99"}),
			`{"data":{"projects":{"nodes":[` + q7Public + `,` + q7Project + `]}}}`,
		},
		{
			"Q7 leaves out what one does not see", "stranger", q7, vars("ids", []string{"gid://gitlab/Project/20", "gid://gitlab/Project/21"}),
			`{"data":{"projects":{"nodes":[` + q7Public + `]}}}`,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			withToken(w)
			w.AddAgent(gitlabtest.Agent{Project: publicProject, Name: "shared", CIAccess: []int64{apiProject}, UserAccess: []int64{apiProject}})
			got := w.query(tt.as, tt.query, tt.variables)
			if got.status != http.StatusOK || got.body != tt.want {
				t.Errorf("%s =\n%d %s, want\n%s", tt.name, got.status, got.body, tt.want)
			}
		})
	}
}

func TestGraphQLCorners(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, as, query string
		want            string
	}{
		{
			"agents of a public group are its members' business", "developer", `{ group(fullPath: "open") { name clusterAgents { count } } }`,
			`{"data":{"group":{"name":"open","clusterAgents":{"count":0}}}}`,
		},
		{
			"projects by search", "developer", `{ projects(search: "handb") { count nodes { fullPath } } }`,
			`{"data":{"projects":{"count":1,"nodes":[{"fullPath":"shop/handbook"}]}}}`,
		},
		{
			"projects by membership", "developer", `{ projects(membership: true) { nodes { fullPath } } }`,
			`{"data":{"projects":{"nodes":[{"fullPath":"shop/web/old"},{"fullPath":"shop/web/api"}]}}}`,
		},
		{
			"projects by membership without credentials", "", `{ projects(membership: true) { count } }`,
			`{"data":{"projects":{"count":0}}}`,
		},
		{
			"a shared agent of a project one does not see", "developer",
			`{ project(fullPath: "shop/web/old") { userAccessAuthorizedAgents { nodes { config agent { name project { fullPath } } } } } }`,
			`{"data":{"project":{"userAccessAuthorizedAgents":{"nodes":[{"config":{"access_as":{"agent":{}}},"agent":{"name":"hidden","project":null}}]}}}}`,
		},
		{
			"an agent is found in its own project only", "developer", `{ project(fullPath: "shop/web/old") { clusterAgent(name: "hidden") { id } } }`,
			`{"data":{"project":{"clusterAgent":null}}}`,
		},
		{
			"one agent by name", "developer", `{ project(fullPath: "shop/web/old") { clusterAgent(name: "spare") { name isReceptive updatedAt } } }`,
			`{"data":{"project":{"clusterAgent":{"name":"spare","isReceptive":false,"updatedAt":"2026-11-24T03:07:00Z"}}}}`,
		},
		{
			"a configured access", "owner", `{ project(fullPath: "owner/secret") { clusterAgents { nodes { userAccessAuthorizations { config } } } } }`,
			`{"data":{"project":{"clusterAgents":{"nodes":[{"userAccessAuthorizations":{"config":{"access_as":{"agent":{}}}}}]}}}}`,
		},
		{
			"a token that was never used", "developer",
			`{ project(fullPath: "shop/web/old") { clusterAgent(name: "spare") { tokens { nodes { description status lastUsedAt createdByUser { name } clusterAgent { name } } } } } }`,
			`{"data":{"project":{"clusterAgent":{"tokens":{"nodes":[{"description":"for rotation","status":"ACTIVE","lastUsedAt":null,"createdByUser":null,"clusterAgent":{"name":"spare"}}]}}}}}`,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.AddGroup(gitlabtest.Group{Path: "open", Visibility: gitlabtest.Public})
			w.AddAgent(gitlabtest.Agent{Project: w.AddProject(gitlabtest.Project{Path: "opened", Group: 3}), Name: "x"})
			secret := w.AddProject(gitlabtest.Project{Path: "secret", Owner: w.ids["owner"]})
			w.AddAgent(gitlabtest.Agent{Project: secret, Name: "hidden", UserAccess: []int64{archivedProject}})
			w.AddAgent(gitlabtest.Agent{Project: archivedProject, Name: "other"})
			spare := w.AddAgent(gitlabtest.Agent{Project: archivedProject, Name: "spare"})
			w.AddToken(gitlabtest.Token{Agent: spare, Name: "spare", Description: new("for rotation")})
			if got := w.query(tt.as, tt.query, nil); got.status != http.StatusOK || got.body != tt.want {
				t.Errorf("answer =\n%d %s, want\n%s", got.status, got.body, tt.want)
			}
		})
	}
}

func TestGraphQLMetadata(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.SetURL("https://gitlab.example")
	want := `{"data":{"metadata":{"version":"18.5.1-ee","enterprise":true,"kas":{"enabled":true,"externalUrl":"wss://gitlab.example/-/kubernetes-agent/","version":"18.5.1"}}}}`
	if got := w.query("guest", q4, nil).body; got != want {
		t.Errorf("Q4 = %s, want %s", got, want)
	}
	want = `{"data":{"metadata":{"version":"18.5.1-ee","enterprise":true,"kas":{"enabled":false,"externalUrl":null,"version":null}}}}`
	w.Configure(func(s *gitlabtest.Settings) { s.KASDisabled = true })
	if got := w.query("guest", q4, nil).body; got != want {
		t.Errorf("Q4 without the agent server = %s, want %s", got, want)
	}
}

func TestGraphQLPersonAndProject(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const query = `query($p: ID!) { currentUser { id username webPath } project(fullPath: $p) { name webUrl archived maxAccessLevel { integerValue } } }`
	want := `{"data":{"currentUser":{"id":"gid://gitlab/User/5","username":"developer","webPath":"/developer"},` +
		`"project":{"name":"API","webUrl":"` + w.URL + `/shop/web/api","archived":false,"maxAccessLevel":{"integerValue":30}}}}`
	if got := w.query("developer", query, path("shop/web/api")).body; got != want {
		t.Errorf("the answer is %s, want %s", got, want)
	}
	want = `{"data":{"currentUser":null,"project":{"name":"Handbook","webUrl":"` + w.URL + `/shop/handbook","archived":false,"maxAccessLevel":{"integerValue":0}}}}`
	if got := w.query("", query, path("shop/handbook")).body; got != want {
		t.Errorf("the answer without credentials is %s, want %s", got, want)
	}
}

func TestGraphQLPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, name := range []string{"a", "b", "c"} {
		w.AddAgent(gitlabtest.Agent{Project: apiProject, Name: name})
	}
	const query = `query($after: String, $first: Int) { project(fullPath: "shop/web/api") { clusterAgents(first: $first, after: $after) {
		count pageInfo { hasNextPage hasPreviousPage startCursor endCursor } nodes { name } } } }`
	page := func(count, next, prev, cursors, nodes string) string {
		return `{"data":{"project":{"clusterAgents":{"count":` + count + `,"pageInfo":{"hasNextPage":` + next + `,"hasPreviousPage":` + prev + `,` + cursors + `},"nodes":[` + nodes + `]}}}}`
	}
	for _, tt := range []struct {
		name      string
		variables map[string]any
		want      string
	}{
		{"the first", vars("first", 3), page("4", "true", "false", `"startCursor":"MQ","endCursor":"Mw"`, `{"name":"a"},{"name":"b"},{"name":"c"}`)},
		{"the rest", vars("first", 3, "after", "Mw"), page("4", "false", "true", `"startCursor":"NA","endCursor":"NA"`, `{"name":"prod"}`)},
		{"past the end", vars("first", 3, "after", "NA"), page("4", "false", "true", `"startCursor":null,"endCursor":null`, ``)},
		{"far past the end", vars("first", 3, "after", "OTk"), page("4", "false", "true", `"startCursor":null,"endCursor":null`, ``)},
		{"no row", vars("first", 0), page("4", "true", "false", `"startCursor":null,"endCursor":null`, ``)},
		{
			"a cursor that is none", vars("first", 3, "after", "%"),
			`{"data":{"project":{"clusterAgents":null}},"errors":[{"message":"invalid cursor: %","path":["project","clusterAgents"]}]}`,
		},
	} {
		if got := w.query("developer", query, tt.variables).body; got != tt.want {
			t.Errorf("%s =\n%s, want\n%s", tt.name, got, tt.want)
		}
	}
}

func TestGraphQLPageHoldsAHundredAtMost(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range 120 {
		w.AddAgent(gitlabtest.Agent{Project: apiProject, Name: fmt.Sprintf("agent-%d", i)})
	}
	for _, args := range []string{"", "(first: 500)"} {
		got := w.query("developer", `{ project(fullPath: "shop/web/api") { clusterAgents`+args+` { nodes { name } } } }`, nil).body
		if n := strings.Count(got, `"name"`); n != 100 {
			t.Errorf("clusterAgents%s has %d rows, want 100", args, n)
		}
	}
}

func TestGraphQLTellsWhatAPersonMayDoInAProject(t *testing.T) {
	t.Parallel()
	const query = `query($id: ID!) { projects(ids: [$id]) { nodes { archived repository { rootRef } userPermissions { adminProject pushCode } } } }`
	answer := func(archived bool, repository string, admin, push bool) string {
		return fmt.Sprintf(`{"data":{"projects":{"nodes":[{"archived":%v,"repository":%s,"userPermissions":{"adminProject":%v,"pushCode":%v}}]}}}`,
			archived, repository, admin, push)
	}
	const main = `{"rootRef":"main"}`
	for _, tt := range []struct {
		name, as string
		change   func(w *world, p *gitlabtest.Project)
		want     string
	}{
		{"a Maintainer", "maintainer", nil, answer(false, main, true, true)},
		{"a Developer", "developer", nil, answer(false, main, false, true)},
		{"a Guest", "guest", nil, answer(false, "null", false, false)},
		{"an administrator", "admin", nil, answer(false, main, true, true)},
		{"an archived project", "maintainer", func(_ *world, p *gitlabtest.Project) { p.Archived = true }, answer(true, main, true, false)},
		{"a project without its repository", "maintainer", func(_ *world, p *gitlabtest.Project) { p.RepositoryDisabled = true }, answer(false, "null", true, false)},
		{"a project below an archived group", "maintainer", func(w *world, p *gitlabtest.Project) {
			p.Group = w.AddGroup(gitlabtest.Group{Path: "past", Archived: true})
		}, answer(false, main, true, false)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			p := gitlabtest.Project{Path: "permissions", Group: w.AddGroup(gitlabtest.Group{Path: "g"})}
			if tt.change != nil {
				tt.change(w, &p)
			}
			id := w.AddProject(p)
			for name, level := range map[string]gitlabtest.AccessLevel{"maintainer": gitlabtest.Maintainer, "developer": gitlabtest.Developer, "guest": gitlabtest.Guest} {
				w.AddMember(id, w.ids[name], level)
			}
			if got := w.query(tt.as, query, vars("id", fmt.Sprint("gid://gitlab/Project/", id))); got.body != tt.want {
				t.Errorf("answer =\n%s, want\n%s", got.body, tt.want)
			}
		})
	}
}
