package gitlabtest_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	gitlab "gitlab.com/gitlab-org/api/client-go/v2"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

// withEnvironments gives the private project an environment of the agent, one without, and one that
// is stopped.
func withEnvironments(w *world) {
	w.AddEnvironment(gitlabtest.Environment{
		ID: 3, Project: apiProject, Name: "production", Agent: prodAgent, Namespace: "api", FluxPath: "helm/api",
	})
	w.AddEnvironment(gitlabtest.Environment{ID: 4, Project: apiProject, Name: "staging"})
	w.AddEnvironment(gitlabtest.Environment{ID: 5, Project: apiProject, Name: "old", State: "stopped", Agent: prodAgent})
}

func TestEnvironmentsShowTheirAgentToWhomMayReadIt(t *testing.T) {
	t.Parallel()
	const (
		path    = "/v4/projects/20/environments?states=available"
		without = `{"id":3,"name":"production","slug":"production-3","state":"available"}`
		staging = `{"id":4,"name":"staging","slug":"staging-4","state":"available"}`
	)
	with := `[{"id":3,"name":"production","slug":"production-3","state":"available","cluster_agent":` + prodBody +
		`,"kubernetes_namespace":"api","flux_resource_path":"helm/api"},` + staging + `]`
	run(t, withEnvironments, []exchange{
		{"without credentials", "", "GET", path, "", 401, unauthorized},
		{"a stranger", "stranger", "GET", path, "", 404, projectMissing},
		{"a guest", "guest", "GET", path, "", 403, forbidden},
		{"a reporter, who may not read agents", "reporter", "GET", path, "", 200, "[" + without + "," + staging + "]"},
		{"a developer", "developer", "GET", path, "", 200, with},
		{"an unknown state", "developer", "GET", "/v4/projects/20/environments?states=gone", "", 400, `{"error":"states does not have a valid value"}`},
	})
	run(t, func(w *world) { withEnvironments(w); w.DeleteAgent(prodAgent) }, []exchange{
		{"once the agent is deleted", "developer", "GET", path, "", 200, "[" + without + "," + staging + "]"},
	})
}

func TestProjectsOfAGroupAreThoseThatThePersonSees(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	empty := w.AddGroup(gitlabtest.Group{Path: "empty"})
	w.AddGroupMember(empty, w.ids["owner"], gitlabtest.Guest)
	w.AddGroupMember(1, w.ids["guest"], gitlabtest.Guest)
	for _, tt := range []struct {
		as, path, want string
	}{
		{"guest", "/v4/groups/shop/projects?include_subgroups=true&simple=true&order_by=id&sort=asc", "3 projects"},
		{"guest", "/v4/groups/shop/projects?simple=true", "1 projects"},
		{"guest", "/v4/groups/shop%2Fweb/projects", "2 projects"},
		{"guest", "/v4/groups/1/projects", "1 projects"},
		{"developer, who is a member of a project below", "/v4/groups/shop/projects?include_subgroups=true", "3 projects"},
		{"owner", "/v4/groups/empty/projects", "0 projects"},
		{"stranger", "/v4/groups/empty/projects", `404 {"message":"404 Group Not Found"}`},
		{"guest", "/v4/groups/nothing/projects", `404 {"message":"404 Group Not Found"}`},
	} {
		who, _, _ := strings.Cut(tt.as, ",")
		got := w.get(who, tt.path)
		said := got.header.Get("X-Total") + " projects"
		if got.status != 200 {
			said = fmt.Sprint(got.status, " ", got.body)
		}
		if said != tt.want {
			t.Errorf("%s as %s: %s, want %s", tt.path, tt.as, said, tt.want)
		}
	}
}

func TestGraphQLTellsTheStateOfPeople(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	withToken(w)
	w.ChangeUser(w.ids["maintainer"], func(u *gitlabtest.User) { u.State = "ldap_blocked" })
	const query = `{"query":"{ project(fullPath: \"shop/web/api\") { clusterAgent(name: \"prod\") { createdByUser { state } } } }"}`
	got := w.send("developer", "POST", "/graphql", query)
	if want := `{"data":{"project":{"clusterAgent":{"createdByUser":{"state":"ldap_blocked"}}}}}`; got.body != want {
		t.Errorf("the maker is %s, want %s", got.body, want)
	}
}

// environment is what both libraries know of an environment.
type environment struct {
	id, agent                 int64
	name, namespace, fluxPath string
}

// environmentsBy lists the first page of a project's environments by both libraries.
func environmentsBy(t *testing.T, at target) map[string]func() ([]environment, error) {
	t.Helper()
	official, own := newOfficialDriver(t, at), newOwnDriver(t, at)
	return map[string]func() ([]environment, error){
		"the official client": func() ([]environment, error) {
			list, _, err := official.client.Environments.ListEnvironments(at.project, &gitlab.ListEnvironmentsOptions{States: new("available")})
			found := make([]environment, len(list))
			for i, e := range list {
				found[i] = environment{id: e.ID, name: e.Name, namespace: e.KubernetesNamespace, fluxPath: e.FluxResourcePath}
				if e.ClusterAgent != nil {
					found[i].agent = e.ClusterAgent.ID
				}
			}
			return found, err
		},
		"our client": func() ([]environment, error) {
			page, err := own.client.EnvironmentsPage(t.Context(), own.project, 1)
			found := make([]environment, len(page.Items))
			for i, e := range page.Items {
				found[i] = environment{e.ID, e.AgentID, e.Name, e.Namespace, e.FluxPath}
			}
			return found, err
		},
	}
}

func TestConformanceOfEnvironments(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	withEnvironments(w)
	statuses := map[string]func(error) int{"the official client": officialDriver{}.status, "our client": ownDriver{}.status}
	for who, want := range map[string]struct {
		status int
		found  []environment
	}{
		"developer": {0, []environment{{3, prodAgent, "production", "api", "helm/api"}, {id: 4, name: "staging"}}},
		"reporter":  {0, []environment{{id: 3, name: "production"}, {id: 4, name: "staging"}}},
		"guest":     {status: 403},
		"stranger":  {status: 404},
	} {
		for which, list := range environmentsBy(t, target{w.URL, w.secrets[who], "shop/web/api"}) {
			found, err := list()
			if statuses[which](err) != want.status || fmt.Sprint(found) != fmt.Sprint(want.found) {
				t.Errorf("%s for a %s lists %+v, %v, want %+v and status %d", which, who, found, err, want.found, want.status)
			}
		}
	}
}

func TestConformanceOfAGroupsProjects(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	at := target{w.URL, w.secrets["developer"], "20"}
	official, own := newOfficialDriver(t, at), newOwnDriver(t, at)
	below, count := true, gitlab.ListOptions{PerPage: 1}
	for _, group := range []string{"shop", "shop/web", "nothing"} {
		theirs, response, officialErr := official.client.Groups.ListGroupProjects(group, &gitlab.ListGroupProjectsOptions{
			ListOptions: count, IncludeSubGroups: &below, OrderBy: new("id"), Sort: new("asc"),
		})
		ours, ownErr := own.client.GroupProjectsPage(t.Context(), group, gitlabapi.GroupProjectQuery{PerPage: 1}, 1)
		if official.status(officialErr) != own.status(ownErr) || len(theirs) != len(ours.Items) {
			t.Fatalf("of %s the official client reads %v, %v and ours %v, %v", group, theirs, officialErr, ours, ownErr)
		}
		if len(theirs) == 1 && (theirs[0].PathWithNamespace != ours.Items[0].PathWithNamespace || response.TotalItems != int64(ours.Total)) {
			t.Errorf("of %s the official client reads %s of %d, and ours %s of %d", group,
				theirs[0].PathWithNamespace, response.TotalItems, ours.Items[0].PathWithNamespace, ours.Total)
		}
	}
}

func TestOurClientRefusesNamesThatNoGroupHas(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	own := newOwnDriver(t, target{w.URL, w.secrets["developer"], "20"})
	for _, name := range []string{"", "..", "a\nb"} {
		w.ResetCounters()
		_, err := own.client.GroupProjectsPage(t.Context(), name, gitlabapi.GroupProjectQuery{}, 1)
		if !errors.Is(err, gitlabapi.ErrNotFound) || len(w.Requests()) != 0 {
			t.Errorf("of the group %q: %v and %d requests, want ErrNotFound and none", name, err, len(w.Requests()))
		}
	}
}
