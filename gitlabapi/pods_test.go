package gitlabapi_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

// withPods is a cluster with an agent of which two pods of these versions are connected.
func withPods(t *testing.T, versions ...string) (*cluster, gitlabapi.AgentName) {
	t.Helper()
	c := newCluster(t, 0)
	id := c.AddAgent(gitlabtest.Agent{Project: c.project, Name: "prod"})
	c.AddToken(gitlabtest.Token{Agent: id, Name: "t", Live: true, ConnectedAt: at.Add(-time.Hour), Versions: versions})
	return c, gitlabapi.AgentName{ID: id, ProjectID: c.project, ProjectPath: "group/shop", Name: "prod"}
}

func TestPodsAreToldWithTheWarningsOfGitLab(t *testing.T) {
	t.Parallel()
	c, prod := withPods(t, "17.2.0", "18.5.1")
	pods, err := c.maintainer.AgentPods(t.Context(), prod)
	if err != nil || len(pods.List) != 2 || !pods.KnowsWarnings {
		t.Fatalf("pods %+v, %v; want two", pods, err)
	}
	old, current := pods.List[0], pods.List[1]
	if old.Version != "17.2.0" || len(old.Warnings) != 1 || !strings.Contains(old.Warnings[0], "17.2.0") || len(current.Warnings) != 0 {
		t.Errorf("the pods are %+v, want a warning about the first", pods.List)
	}
	if old.Name == current.Name || !strings.HasPrefix(old.Name, "prod-agent-v2-") || old.Namespace != "gitlab-agent-prod" || old.Commit == "" || !old.ConnectedAt.Equal(at.Add(-time.Hour)) {
		t.Errorf("the first pod is %+v", old)
	}
}

func TestAnInstanceIsAskedOnceWhetherItWarns(t *testing.T) {
	t.Parallel()
	c, prod := withPods(t, "17.2.0")
	c.Configure(func(s *gitlabtest.Settings) { s.GraphQLLacks = []string{"ConnectedAgent.warnings"} })
	for _, want := range []int{2, 1} {
		c.ResetCounters()
		pods, err := c.maintainer.AgentPods(t.Context(), prod)
		if n := c.Calls(gitlabtest.OpGraphQL); err != nil || len(pods.List) != 1 || pods.KnowsWarnings || n != want {
			t.Errorf("pods %+v, %v in %d queries, want one that nobody warns of in %d", pods, err, n, want)
		}
	}
	c.ResetCounters()
	versions, err := c.maintainer.AgentVersions(t.Context(), []gitlabapi.AgentName{prod})
	want := map[int64]gitlabapi.AgentVersions{prod.ID: {Versions: []string{"17.2.0"}}}
	if diff := cmp.Diff(want, versions); diff != "" || err != nil || c.Calls(gitlabtest.OpGraphQL) != 1 {
		t.Errorf("%v in %d queries, versions differ (-want +got):\n%s", err, c.Calls(gitlabtest.OpGraphQL), diff)
	}
}

func TestVersionsSayWhetherGitLabWarns(t *testing.T) {
	t.Parallel()
	c, prod := withPods(t, "v18.5.1", "17.2.0", "17.2.0")
	got, err := c.maintainer.AgentVersions(t.Context(), []gitlabapi.AgentName{prod})
	want := map[int64]gitlabapi.AgentVersions{prod.ID: {Versions: []string{"17.2.0", "18.5.1"}, Warned: true}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v, versions differ (-want +got):\n%s", err, diff)
	}
}

func TestPodsThatAreNotToldAreAnError(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]func(*gitlabtest.Settings){
		"no agent server":          func(s *gitlabtest.Settings) { s.KASDisabled = true },
		"no GraphQL":               func(s *gitlabtest.Settings) { s.GraphQLOff = true },
		"an instance without them": func(s *gitlabtest.Settings) { s.GraphQLLacks = []string{"ClusterAgent.connections"} },
	} {
		c, prod := withPods(t)
		c.Configure(tt)
		if pods, err := c.maintainer.AgentPods(t.Context(), prod); !errors.Is(err, gitlabapi.ErrGraphQL) || len(pods.List) != 0 {
			t.Errorf("%s: pods %+v, %v; want ErrGraphQL", name, pods, err)
		}
	}
	c, prod := withPods(t)
	prod.Name = "renamed"
	if _, err := c.maintainer.AgentPods(t.Context(), prod); !errors.Is(err, gitlabapi.ErrGraphQL) {
		t.Errorf("an agent that is not there: %v, want ErrGraphQL", err)
	}
}

// Whoever has an agent's token can say what they like in its metadata.
func TestWhatAPodSaysIsCleanedAndBounded(t *testing.T) {
	t.Parallel()
	hostile := strings.Repeat("x", 5000) + `\u202e\u001b[2J`
	c := fakeBody(t, func(w http.ResponseWriter, _ []byte) {
		replyJSON(200, `{"data":{"a0":{"clusterAgent":{"id":"gid://gitlab/Clusters::Agent/5","connections":{"nodes":[{"connectedAt":"2026-11-24T03:07:00Z",
			"metadata":{"version":"`+hostile+`","commit":"`+hostile+`","podName":"`+hostile+`","podNamespace":"`+hostile+`"},
			"warnings":[{"version":{"message":"`+hostile+`"}}]}]}}}}}`)(w, nil)
	})
	name := gitlabapi.AgentName{ID: 5, ProjectPath: "shop/payments", Name: "prod"}
	pods, err := c.AgentPods(t.Context(), name)
	if err != nil || len(pods.List) != 1 || len(pods.List[0].Warnings) != 1 {
		t.Fatalf("pods %+v, %v", pods, err)
	}
	versions, err := c.AgentVersions(t.Context(), []gitlabapi.AgentName{name})
	if err != nil {
		t.Fatal(err)
	}
	pod := pods.List[0]
	for what, text := range map[string]string{
		"version": pod.Version, "commit": pod.Commit, "name": pod.Name, "namespace": pod.Namespace, "warning": pod.Warnings[0],
		"version in a list": versions[5].Versions[0],
	} {
		if len(text) > 1000 || strings.ContainsAny(text, "\u202e\u001b") {
			t.Errorf("the %s has %d bytes: %q", what, len(text), text[:40])
		}
	}
}
