package gitlabapi_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

func TestConnectionsAreToldOrUnknown(t *testing.T) {
	t.Parallel()
	inAgent := func(connections string) string {
		return `{"data":{"a0":{"clusterAgent":{"id":"gid://gitlab/Clusters::Agent/5","connections":` + connections + `}}}}`
	}
	known := func(since ...time.Time) map[int64][]time.Time { return map[int64][]time.Time{5: since} }
	none := map[int64][]time.Time{}
	tests := []struct {
		name, answer string
		want         map[int64][]time.Time
		err          error
	}{
		{"two", inAgent(`{"nodes":[{"connectedAt":"2026-11-24T03:07:00Z"},{"connectedAt":"2026-11-24T04:07:00+01:00"}]}`), known(at, at), nil},
		{"none", inAgent(`{"nodes":[]}`), known(), nil},
		{"an entry that was not answered", inAgent(`{"nodes":[null]}`), none, nil},
		{
			"no agent server", `{"data":{"a0":{"clusterAgent":{"id":"gid://gitlab/Clusters::Agent/5","connections":null}}},"errors":[{"message":"Gitlab::Kas::Client::ConfigurationError"}]}`,
			none, gitlabapi.ErrGraphQL,
		},
		{"another agent of that name", `{"data":{"a0":{"clusterAgent":{"id":"gid://gitlab/Clusters::Agent/6","connections":{"nodes":[]}}}}}`, none, nil},
		{"no such agent", `{"data":{"a0":{"clusterAgent":null}}}`, none, nil},
		{"no such project", `{"data":{"a0":null}}`, none, nil},
		{"an instance that does not know the field", `{"errors":[{"message":"Field 'connections' doesn't exist"}]}`, nil, gitlabapi.ErrGraphQL},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := fakeBody(t, func(w http.ResponseWriter, _ []byte) { replyJSON(200, tt.answer)(w, nil) })
			got, err := c.Connections(t.Context(), []gitlabapi.AgentName{{ID: 5, ProjectPath: "shop/payments", Name: "prod"}})
			same := cmp.Comparer(func(a, b time.Time) bool { return a.Equal(b) })
			if diff := cmp.Diff(tt.want, got, same); diff != "" || !errors.Is(err, tt.err) {
				t.Errorf("Connections: %v, want %v (-want +got):\n%s", err, tt.err, diff)
			}
		})
	}
}

// connect adds a project with so many connected agents, which the maintainer may manage.
func (c *cluster) connect(t *testing.T, path string, agents int) {
	t.Helper()
	project := c.AddProject(gitlabtest.Project{Path: path, Group: c.AddGroup(gitlabtest.Group{Path: "group-" + path})})
	c.AddMember(project, c.lead, gitlabtest.Maintainer)
	for i := range agents {
		name := fmt.Sprintf("%s-%04d", path, i)
		id := c.AddAgent(gitlabtest.Agent{Project: project, Name: name})
		c.AddToken(gitlabtest.Token{Agent: id, Name: "t", Live: true})
		c.agents = append(c.agents, gitlabapi.AgentName{ID: id, ProjectID: project, ProjectPath: "group-" + path + "/" + path, Name: name})
	}
}

func TestAPageOfAgentsIsOneQueryAboutTheirConnections(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name                  string
		projects, agents      int
		asked                 func([]gitlabapi.AgentName) []gitlabapi.AgentName
		connections, versions int // queries
	}{
		{"fifty projects of an agent", 50, 1, nil, 1, 1},
		{"a project of fifty agents", 1, 50, nil, 1, 1},
		{"three projects of twenty agents", 3, 20, nil, 1, 1},
		{"a few are asked for by their names", 1, 17, nil, 1, 1},
		{"a few that are on a later page follow by their names", 1, 110, func(all []gitlabapi.AgentName) []gitlabapi.AgentName { return all[75:] }, 2, 2},
		{"the agents of more than a hundred projects", 101, 1, nil, 2, 2},
		{"much that is on a later page of a project's agents is read page by page", 1, 130, func(all []gitlabapi.AgentName) []gitlabapi.AgentName { return all[80:] }, 2, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := newCluster(t, 0)
			for i := range tt.projects {
				c.connect(t, fmt.Sprintf("p%03d", i), tt.agents)
			}
			asked := c.agents
			if tt.asked != nil {
				asked = tt.asked(asked)
			}
			since, err := c.maintainer.Connections(t.Context(), asked)
			if n := c.Calls(gitlabtest.OpGraphQL); err != nil || len(since) != len(asked) || n != tt.connections {
				t.Errorf("connections of %d agents in %d queries, %v; want %d in %d", len(since), n, err, len(asked), tt.connections)
			}
			c.ResetCounters()
			versions, err := c.maintainer.AgentVersions(t.Context(), asked)
			if n := c.Calls(gitlabtest.OpGraphQL); err != nil || len(versions) != len(asked) || n != tt.versions {
				t.Errorf("versions of %d agents in %d queries, %v; want %d in %d", len(versions), n, err, len(asked), tt.versions)
			}
		})
	}
}

// TestAQueryAboutVersionsCostsWhatGitLabCounts finds the cost of a query as the limit at which it is
// just allowed.
func TestAQueryAboutVersionsCostsWhatGitLabCounts(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name             string
		projects, agents int
		cost             int
	}{
		{"one agent by its name", 1, 1, 14},
		{"as many agents by their names as a query holds", 1, 17, 238},
		{"the agents of a hundred projects", 100, 1, 46},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := newCluster(t, 0)
			for i := range tt.projects {
				c.connect(t, fmt.Sprintf("p%03d", i), tt.agents)
			}
			for limit, once := range map[int]bool{tt.cost: true, tt.cost - 1: false} {
				c.Configure(func(s *gitlabtest.Settings) { s.ComplexityLimit = limit })
				c.ResetCounters()
				_, err := c.maintainer.AgentVersions(t.Context(), c.agents)
				if allowed := err == nil && c.Calls(gitlabtest.OpGraphQL) == 1; allowed != once {
					t.Errorf("within a limit of %d the first query is allowed: %v (%v), want %v", limit, allowed, err, once)
				}
			}
		})
	}
}

func TestAgentsThatByProjectsWereNotAnsweredForAreUnknown(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 23)
	for i := range c.agents {
		c.agents[i].ProjectPath = "group/renamed" // which the ids do not mind
	}
	asked := append(slices.Clone(c.agents),
		gitlabapi.AgentName{ID: 999, ProjectID: c.project, ProjectPath: "group/shop", Name: "deleted"},
		gitlabapi.AgentName{ID: c.agents[0].ID, ProjectID: 999, ProjectPath: "group/hidden", Name: "x"})
	got, err := c.maintainer.AgentVersions(t.Context(), asked)
	if err != nil || len(got) != 23 || c.Calls(gitlabtest.OpGraphQL) != 1 {
		t.Errorf("%d versions in %d queries, %v; want 23 in 1", len(got), c.Calls(gitlabtest.OpGraphQL), err)
	}
	c.Configure(func(s *gitlabtest.Settings) { s.KASUnreachable = true })
	c.ResetCounters()
	var partial *gitlabapi.PartialError
	if got, err = c.maintainer.AgentVersions(t.Context(), asked); !errors.As(err, &partial) || len(got) != 0 || c.Calls(gitlabtest.OpGraphQL) != 1 {
		t.Errorf("%d versions in %d queries, %v; want none in 1 and a *PartialError", len(got), c.Calls(gitlabtest.OpGraphQL), err)
	}
}
