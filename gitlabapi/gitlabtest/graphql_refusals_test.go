package gitlabtest_test

import (
	"net/http"
	"strings"
	"testing"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

func TestGraphQLAuthentication(t *testing.T) {
	t.Parallel()
	const invalid = `{"errors":[{"message":"Invalid token"}]}`
	for _, tt := range []struct {
		name       string
		bearer     func(w *world) string
		wantStatus int
		wantBody   string
	}{
		{"unknown", func(*world) string { return "nobody" }, 401, invalid},
		{"expired", func(w *world) string {
			pair := w.oauth("developer")
			w.ExpireAccessTokens(0)
			return pair.Access
		}, 401, invalid},
		{"revoked", func(w *world) string {
			pair := w.oauth("developer")
			w.RevokeOAuthTokens(0)
			return pair.Access
		}, 401, invalid},
		{"read_user", func(w *world) string {
			return w.AddPersonalToken(gitlabtest.PersonalToken{User: w.ids["guest"], Scopes: []string{"read_user"}})
		}, 401, invalid},
		{"read_api", func(w *world) string {
			return w.AddPersonalToken(gitlabtest.PersonalToken{User: w.ids["guest"], Scopes: []string{"read_api"}})
		}, 200, `{"data":{"currentUser":{"username":"guest"}}}`},
		{"a blocked person", func(w *world) string {
			return w.AddPersonalToken(gitlabtest.PersonalToken{User: w.AddUser(gitlabtest.User{Username: "gone", State: "blocked"})})
		}, 403, `{"errors":[{"message":"API not accessible for user"}]}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			got := w.send("", http.MethodPost, "/graphql", `{"query":"{ currentUser { username } }"}`, "Authorization", "Bearer "+tt.bearer(w))
			if got.status != tt.wantStatus || got.body != tt.wantBody {
				t.Errorf("answer = %d %s, want %d %s", got.status, got.body, tt.wantStatus, tt.wantBody)
			}
		})
	}
}

func TestGraphQLRefusesWhatTheInstanceDoesNotKnow(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, query string
		change      func(*gitlabtest.Settings)
		want        string
	}{
		{
			"a field that no instance has", `query Q { currentUser { shoeSize } }`, nil,
			`{"errors":[{"message":"Field 'shoeSize' doesn't exist on type 'UserCore'","locations":[{"line":1,"column":25}],"path":["query Q","currentUser","shoeSize"],` +
				`"extensions":{"code":"undefinedField","typeName":"UserCore","fieldName":"shoeSize"}}]}`,
		},
		{
			"the group field on the Community Edition", `{ group(fullPath: "shop") { clusterAgents { count } } }`,
			func(s *gitlabtest.Settings) { s.CommunityEdition = true },
			`{"errors":[{"message":"Field 'clusterAgents' doesn't exist on type 'Group'","locations":[{"line":1,"column":29}],"path":["query","group","clusterAgents"],` +
				`"extensions":{"code":"undefinedField","typeName":"Group","fieldName":"clusterAgents"}}]}`,
		},
		{
			"a field that an old instance lacks", `{ project(fullPath: "x/y") { ...f } } fragment f on Project { clusterAgents { count } }`,
			func(s *gitlabtest.Settings) { s.GraphQLLacks = []string{"Project.clusterAgents"} },
			`{"errors":[{"message":"Field 'clusterAgents' doesn't exist on type 'Project'","locations":[{"line":1,"column":63}],"path":["fragment f","clusterAgents"],` +
				`"extensions":{"code":"undefinedField","typeName":"Project","fieldName":"clusterAgents"}}]}`,
		},
		{
			"a field in an inline fragment", `query Q { currentUser { ... on UserCore { shoeSize } } }`, nil,
			`{"errors":[{"message":"Field 'shoeSize' doesn't exist on type 'UserCore'","locations":[{"line":1,"column":43}],"path":["query Q","currentUser","shoeSize"],` +
				`"extensions":{"code":"undefinedField","typeName":"UserCore","fieldName":"shoeSize"}}]}`,
		},
		{
			"an unknown argument", `{ project(path: "x", fullPath: "y") { id } }`, nil,
			`{"errors":[{"message":"Unknown argument \"path\" on field \"Query.project\".","locations":[{"line":1,"column":3}]}]}`,
		},
		{"no query", ``, nil, `{"errors":[{"message":"No query string was present"}]}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			if tt.change != nil {
				w.Configure(tt.change)
			}
			if got := w.query("developer", tt.query, nil); got.status != http.StatusOK || got.body != tt.want {
				t.Errorf("answer =\n%d %s, want\n200 %s", got.status, got.body, tt.want)
			}
		})
	}
}

func TestGraphQLRefusesBadQueries(t *testing.T) {
	t.Parallel()
	for name, query := range map[string]string{
		"no GraphQL":                `what?`,
		"an unknown argument":       `{ project(path: "x") { id } }`,
		"a missing argument":        `{ project { id } }`,
		"an object without fields":  `{ currentUser }`,
		"an unused variable":        `query($x: ID) { currentUser { id } }`,
		"two queries, none chosen":  `query A { currentUser { id } } query B { currentUser { id } }`,
		"an id of something else":   `{ projects(ids: ["gid://gitlab/Group/1"]) { count } }`,
		"an id without the kind":    `{ projects(ids: ["20"]) { count } }`,
		"a mutation, there is none": `mutation { createClusterAgent { id } }`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := newWorld(t).query("developer", query, nil)
			if got.status != http.StatusOK || !strings.Contains(got.body, `"errors":[{"message":"`) || strings.Contains(got.body, "gid://gitlab/User") {
				t.Errorf("answer = %d %s, want 200 with errors", got.status, got.body)
			}
		})
	}
}

func TestGraphQLErrorsBesideData(t *testing.T) {
	t.Parallel()
	w := newWorld(t, gitlabtest.WithSettings(func(s *gitlabtest.Settings) {
		s.GraphQLErrors = map[int64]string{publicProject: "Timeout on validation of query"}
	}))
	withToken(w)
	want := `{"data":{"projects":{"nodes":[{"id":"gid://gitlab/Project/21","fullPath":"shop/handbook","clusterAgents":null},` + q7Project + `]}},` +
		`"errors":[{"message":"Timeout on validation of query","path":["projects","nodes",0,"clusterAgents"]}]}`
	got := w.query("developer", q7, vars("ids", []string{"gid://gitlab/Project/20", "gid://gitlab/Project/21"})).body
	if got != want {
		t.Errorf("Q7 =\n%s, want\n%s", got, want)
	}
}

func TestGraphQLBatches(t *testing.T) {
	t.Parallel()
	got := newWorld(t).send("guest", http.MethodPost, "/graphql", `[{"query":"{ currentUser { username } }"},{"query":"query A { metadata { version } } query B { metadata { enterprise } }","operationName":"B"}]`)
	if want := `[{"data":{"currentUser":{"username":"guest"}}},{"data":{"metadata":{"enterprise":true}}}]`; got.body != want {
		t.Errorf("answer = %s, want %s", got.body, want)
	}
}

func TestGraphQLSwitchedOff(t *testing.T) {
	t.Parallel()
	w := newWorld(t, gitlabtest.WithSettings(func(s *gitlabtest.Settings) { s.GraphQLOff = true }))
	if got := w.query("developer", q4, nil); got.status != http.StatusNotFound || got.body != routeMissing {
		t.Errorf("answer = %d %s, want 404 %s", got.status, got.body, routeMissing)
	}
}

func TestGraphQLBodyThatIsNoJSON(t *testing.T) {
	t.Parallel()
	for _, body := range []string{"{", "[{", "query { x }"} {
		got := newWorld(t).send("developer", http.MethodPost, "/graphql", body)
		if want := `{"errors":[{"message":"The body is not JSON"}]}`; got.status != http.StatusBadRequest || got.body != want {
			t.Errorf("answer to %q = %d %s, want 400 %s", body, got.status, got.body, want)
		}
	}
}
