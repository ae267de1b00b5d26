package gitlabapi_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

// cluster is a simulator with one project and agents that are all connected.
type cluster struct {
	*gitlabtest.Instance
	project           int64
	lead              int64 // the maintainer
	agents            []gitlabapi.AgentName
	maintainer, other *gitlabapi.Client // other is a Developer
}

func newCluster(t *testing.T, agents int, opts ...gitlabtest.Option) *cluster {
	t.Helper()
	now := func() time.Time { return at }
	c := &cluster{Instance: gitlabtest.Start(t, append(opts, gitlabtest.WithNow(now))...)}
	c.project = c.AddProject(gitlabtest.Project{Path: "shop", Group: c.AddGroup(gitlabtest.Group{Path: "group"})})
	as := func(user int64, level gitlabtest.AccessLevel) *gitlabapi.Client {
		c.AddMember(c.project, user, level)
		secret := c.AddPersonalToken(gitlabtest.PersonalToken{User: user})
		return client(t, c.URL, quick()).WithToken(gitlabapi.NewSecret(secret))
	}
	c.lead = c.AddUser(gitlabtest.User{Username: "maintainer"})
	c.maintainer, c.other = as(c.lead, gitlabtest.Maintainer), as(c.AddUser(gitlabtest.User{Username: "developer"}), gitlabtest.Developer)
	for i := range agents {
		name := fmt.Sprintf("cluster-%03d", i)
		id := c.AddAgent(gitlabtest.Agent{Project: c.project, Name: name})
		c.AddToken(gitlabtest.Token{Agent: id, Name: "t", Live: true})
		c.agents = append(c.agents, gitlabapi.AgentName{ID: id, ProjectID: c.project, ProjectPath: "group/shop", Name: name})
	}
	return c
}

func TestVersionsComeFromTheConnectedPods(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 35)
	idle := c.AddAgent(gitlabtest.Agent{Project: c.project, Name: "idle"})
	got, err := c.maintainer.AgentVersions(t.Context(), append(slices.Clone(c.agents),
		gitlabapi.AgentName{ID: idle, ProjectID: c.project, ProjectPath: "group/shop", Name: "idle"},
		gitlabapi.AgentName{ID: 999, ProjectID: c.project, ProjectPath: "group/shop", Name: "nobody"},
		gitlabapi.AgentName{ID: 999, ProjectID: 999, ProjectPath: "group/nowhere", Name: "idle"},
		gitlabapi.AgentName{ID: 998, ProjectID: c.project, ProjectPath: "group/shop", Name: "idle"}, // the name went to another agent
	))
	if err != nil {
		t.Fatal(err)
	}
	want := map[int64]gitlabapi.AgentVersions{idle: {Versions: []string{}}}
	for _, agent := range c.agents {
		want[agent.ID] = gitlabapi.AgentVersions{Versions: []string{"18.5.1"}}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("versions differ (-want +got):\n%s", diff)
	}
	if n := c.Calls(gitlabtest.OpGraphQL); n != 1 {
		t.Errorf("%d queries for 39 agents, want 1", n)
	}
}

func TestDevelopersAreToldOfNoPods(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 1)
	got, err := c.other.AgentVersions(t.Context(), c.agents)
	if diff := cmp.Diff(map[int64]gitlabapi.AgentVersions{c.agents[0].ID: {Versions: []string{}}}, got); diff != "" || err != nil {
		t.Errorf("error %v, versions differ (-want +got):\n%s", err, diff)
	}
}

func TestH11WithoutAgentServerVersionsAreUnknown(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 2, gitlabtest.WithSettings(func(s *gitlabtest.Settings) { s.KASUnreachable = true }))
	got, err := c.maintainer.AgentVersions(t.Context(), c.agents)
	var partial *gitlabapi.PartialError
	if !errors.As(err, &partial) || !strings.Contains(err.Error(), "GRPC::Unavailable") || len(got) != 0 {
		t.Errorf("versions = %v, %v, want none and a *PartialError", got, err)
	}
}

func TestH11VersionsOfAnInstanceThatDoesNotKnowThem(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 2, gitlabtest.WithSettings(func(s *gitlabtest.Settings) {
		s.GraphQLLacks = []string{"ClusterAgent.connections"}
	}))
	if got, err := c.maintainer.AgentVersions(t.Context(), c.agents); got != nil || !errors.Is(err, gitlabapi.ErrGraphQL) {
		t.Errorf("versions = %v, %v, want ErrGraphQL", got, err)
	}
}

func TestH11VersionsAreAskedInSmallerPartsWhenTooComplex(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 20, gitlabtest.WithSettings(func(s *gitlabtest.Settings) { s.ComplexityLimit = 30 }))
	got, err := c.maintainer.AgentVersions(t.Context(), c.agents)
	if err != nil || len(got) != 20 {
		t.Errorf("%d versions, %v, want 20", len(got), err)
	}
	if n := c.Calls(gitlabtest.OpGraphQL); n != 15 { // by their projects; then 17 and 3 by their names, halved until two are left in each
		t.Errorf("%d queries, want 15", n)
	}
}

func TestH11SeveralVersionsAreSortedAndNullIsNotNone(t *testing.T) {
	t.Parallel()
	pods := func(id int, nodes string) string {
		return fmt.Sprintf(`{"clusterAgent":{"id":"%sClusters::Agent/%d","connections":%s}}`, gid, id, nodes)
	}
	c, asked := graph(t, func(agentsRequest) string {
		return `{"data":{"a0":` + pods(1, `{"nodes":[{"metadata":{"version":"v17.2.0"}},{"metadata":{"version":"17.1.0"}},{"metadata":{"version":"v17.2.0"}}]}`) +
			`,"a1":` + pods(2, `null`) + `,"a2":` + pods(3, `{"nodes":null}`) + `,"a3":` + pods(4, `{"nodes":[null]}`) +
			`,"a4":` + pods(5, `{"nodes":[{"metadata":null}]}`) + `,"a5":null}}`
	})
	var names []gitlabapi.AgentName
	for id := range 7 {
		names = append(names, gitlabapi.AgentName{ID: int64(id + 1), ProjectPath: `g/"p`, Name: `a"{`})
	}
	got, err := c.AgentVersions(t.Context(), names)
	if diff := cmp.Diff(map[int64]gitlabapi.AgentVersions{1: {Versions: []string{"17.1.0", "17.2.0"}}}, got); diff != "" || err != nil {
		t.Errorf("error %v, versions differ (-want +got):\n%s", err, diff)
	}
	if q := asked()[0].Query; strings.Contains(q, `g/"p`) || strings.Contains(q, `a"{`) {
		t.Errorf("a name stands in the query itself:\n%s", q)
	}
}

func TestH11AVersionsQueryThatFailsLaterKeepsWhatThereIs(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 101)
	var queries atomic.Int32
	c.Inject(gitlabtest.OpGraphQL, gitlabtest.Status(404).When(func(*http.Request) bool { return queries.Add(1) == 2 }))
	got, err := c.maintainer.AgentVersions(t.Context(), c.agents)
	var partial *gitlabapi.PartialError
	if !errors.As(err, &partial) || !errors.Is(err, gitlabapi.ErrGraphQL) || len(got) != 100 {
		t.Errorf("%d versions, %v, want the 100 of the first query and a *PartialError", len(got), err)
	}
}
