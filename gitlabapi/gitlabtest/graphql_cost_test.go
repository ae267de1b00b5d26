package gitlabtest_test

import (
	"net/http"
	"strings"
	"testing"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

func TestGraphQLCost(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, as, query string
		variables       map[string]any
		want            string
	}{
		// id 1 + metadata's three fields, and the two of queryComplexity itself
		{"plain fields", "guest", `{ metadata { version enterprise } queryComplexity { score limit } }`, nil, `"queryComplexity":{"score":6,"limit":250}`},
		{"an administrator may ask for more", "admin", `{ queryComplexity { limit } }`, nil, `"limit":300`},
		{"anonymous callers for less", "", `{ queryComplexity { limit } }`, nil, `"limit":200`},
		// (nodes + name + 1) · 1.5 in whole numbers, + project, + the three of queryComplexity
		{"a connection", "guest", `{ project(fullPath: "x/y") { clusterAgents(first: 50) { nodes { name } } } queryComplexity { score limit } }`, nil, `"score":8`},
		{"a connection by a variable", "guest", `query($n: Int) { project(fullPath: "x/y") { clusterAgents(first: $n) { nodes { name } } } queryComplexity { score limit } }`, vars("n", 50), `"score":8`},
		{"a connection by a default", "guest", `query($n: Int = 50) { project(fullPath: "x/y") { clusterAgents(first: $n) { nodes { name } } } queryComplexity { score limit } }`, nil, `"score":8`},
		{"a connection without a number counts as a hundred", "guest", `{ project(fullPath: "x/y") { clusterAgents { nodes { name } } } queryComplexity { score limit } }`, nil, `"score":10`},
		{"fragments count where they are used", "guest", `{ project(fullPath: "x/y") { ...f } queryComplexity { ... on QueryComplexity { score limit } } } fragment f on Project { clusterAgents(first: 50) { nodes { name } } }`, nil, `"score":8`},
		// project + clusterAgent + connections (5 + nodes + connectedAt), whatever it asks for at most
		{"a field with a cost of its own", "guest", `{ project(fullPath: "x/y") { clusterAgent(name: "a") { connections(first: 100) { nodes { connectedAt } } } } queryComplexity { score limit } }`, nil, `"score":12`},
		// project (1 + clusterAgent (1 + id + connections (5 + nodes + metadata + version)))
		{"an agent's version by its name", "guest", `{ project(fullPath: "x/y") { clusterAgent(name: "a") { id connections { nodes { metadata { version } } } } } queryComplexity { score limit } }`, nil, `"score":14`},
		// agents (pageInfo 3 + nodes + id + connections 8 + 1)·1.2 = 16; projects (1+1+16+1)·2 = 38
		{"the versions of all agents of projects", "guest", `query($ids: [ID!]) { projects(ids: $ids, first: 100) { nodes { id clusterAgents(first: 20) { pageInfo { hasNextPage endCursor } nodes { id connections { nodes { metadata { version } } } } } } } queryComplexity { score limit } }`, vars("ids", []string{}), `"score":41`},
		// blobs (pageInfo 2 + nodes 3 + 1 + 1)·2 = 14; projects (1 + id + repository (1 + tree (1+1+14)) + 1)·2 = 40
		{"the folders of projects", "guest", `query($ids: [ID!]) { projects(ids: $ids, first: 100) { nodes { id repository { tree(path: "x", recursive: true) { blobs(first: 100) { pageInfo { hasNextPage } nodes { path sha } } } } } } queryComplexity { score limit } }`, vars("ids", []string{}), `"score":43`},
		// (nodes + name + 1 + 5 for the search)·1.1 = 8
		{"a search", "guest", `{ projects(first: 10, search: "x") { nodes { name } } queryComplexity { score limit } }`, nil, `"score":11`},
		// tokens (1+5+1)·1.05 = 7; agents (1+3+1+3+3+7+1)·1.2 = 22; projects (1+2+22+1)·2 = 52
		{"Q7 with the limit at its cost", "guest", q7, vars("ids", []string{}), `{"data":`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := newWorld(t).query(tt.as, tt.query, tt.variables).body; !strings.Contains(got, tt.want) {
				t.Errorf("answer = %s, want %s in it", got, tt.want)
			}
		})
	}
}

func TestGraphQLLimits(t *testing.T) {
	t.Parallel()
	deep := `{ project(fullPath: "x/y") ` + strings.Repeat(`{ clusterAgent(name: "x") { project `, 10) + `{ name }` + strings.Repeat(" } }", 10) + ` }`
	for _, tt := range []struct {
		name, query string
		change      func(*gitlabtest.Settings)
		want        string
	}{
		{
			"too complex", `{ projects { nodes { clusterAgents { nodes { tokens { nodes { id name } } connections { nodes { connectedAt connectionId } } } } } } }`,
			func(s *gitlabtest.Settings) { s.ComplexityLimit = 60 },
			`{"errors":[{"message":"Query has complexity of 76, which exceeds max complexity of 60"}]}`,
		},
		{"just not too complex", q7, func(s *gitlabtest.Settings) { s.ComplexityLimit = 52 }, `{"data":{"projects":{"nodes":[]}}}`},
		{
			"just too complex", q7, func(s *gitlabtest.Settings) { s.ComplexityLimit = 51 },
			`{"errors":[{"message":"Query has complexity of 52, which exceeds max complexity of 51"}]}`,
		},
		{"too deep", deep, nil, `{"errors":[{"message":"Query has depth of 22, which exceeds max depth of 20"}]}`},
		{"too long", `{ currentUser { id } }` + strings.Repeat(" ", 10_000), nil, `{"errors":[{"message":"Query too large"}]}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			if tt.change != nil {
				w.Configure(tt.change)
			}
			variables := vars()
			if tt.query == q7 {
				variables = vars("ids", []string{})
			}
			if got := w.query("guest", tt.query, variables); got.status != http.StatusOK || got.body != tt.want {
				t.Errorf("answer = %d %s, want 200 %s", got.status, got.body, tt.want)
			}
		})
	}
}
