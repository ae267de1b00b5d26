package gitlabtest_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

func TestProjectLookup(t *testing.T) {
	t.Parallel()
	move := func(w *world) { w.MoveProject(apiProject, 1, "api2") }
	t.Run("in its place", func(t *testing.T) {
		t.Parallel()
		run(t, nil, []exchange{
			{"by path", "developer", "GET", "/v4/projects/shop%2Fweb%2Fapi/cluster_agents", "", 200, "[" + prodBody + "]"},
			{"by path in other letters", "developer", "GET", "/v4/projects/Shop%2FWeb%2FAPI/cluster_agents", "", 200, "[" + prodBody + "]"},
			{"by a path without a slash", "developer", "GET", "/v4/projects/api/cluster_agents", "", 404, projectMissing},
			{"by an unknown path", "developer", "GET", "/v4/projects/shop%2Fnothing", "", 404, projectMissing},
			{"by an unknown number", "developer", "GET", "/v4/projects/99", "", 404, projectMissing},
			{"not seen", "stranger", "GET", "/v4/projects/20", "", 404, projectMissing},
		})
	})
	t.Run("moved", func(t *testing.T) {
		t.Parallel()
		run(t, move, []exchange{
			{
				"changing by the old path", "maintainer", "POST", "/v4/projects/shop%2Fweb%2Fapi/cluster_agents", `{"name":"x"}`, 405,
				`{"message":"Non GET methods are not allowed for moved projects"}`,
			},
			{"a stranger by the old path", "stranger", "GET", "/v4/projects/shop%2Fweb%2Fapi/cluster_agents", "", 404, projectMissing},
			{"by number", "developer", "GET", prodPath, "", 200, strings.NewReplacer(
				"Shop / Web / API", "Shop / API", "shop/web/api", "shop/api2", `"path":"api"`, `"path":"api2"`).Replace(prodBody)},
		})
	})
	t.Run("reading by the old path", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		move(w)
		got := w.get("developer", "/v4/projects/shop%2Fweb%2Fapi/cluster_agents?per_page=5")
		want := w.URL + "/api/v4/projects/20/cluster_agents?per_page=5"
		if got.status != http.StatusMovedPermanently || got.header.Get("Location") != want ||
			got.body != "This resource has been moved permanently to "+want+"." {
			t.Errorf("GET = %d %s %s, want 301 to %s", got.status, got.header.Get("Location"), got.body, want)
		}
	})
	t.Run("deleted", func(t *testing.T) {
		t.Parallel()
		exchange{"", "admin", "GET", agentsPath, "", 404, projectMissing}.check(t, func(w *world) {
			withToken(w)
			secret := w.Tokens(prodAgent)[0].Secret
			w.DeleteProject(apiProject)
			if _, ok := w.UseToken(secret); ok {
				t.Error("a token of the deleted project still connects")
			}
		})
	})
}

func TestProjectBody(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	simple := `"id":20,"description":"The interface","name":"API","name_with_namespace":"Shop / Web / API","path":"api","path_with_namespace":"shop/web/api",` +
		`"created_at":"2026-01-02T03:04:05.678Z","default_branch":"main","web_url":"` + w.URL + `/shop/web/api","avatar_url":null,` +
		`"last_activity_at":"2026-01-02T03:04:05.678Z","namespace":{"id":2,"name":"Web","path":"web","kind":"group","full_path":"shop/web"}`
	full := simple + `,"archived":false,"visibility":"private","permissions":{"project_access":{"access_level":30,"notification_level":3},"group_access":null},"marked_for_deletion_on":null,"repository_access_level":"enabled","infrastructure_access_level":"enabled"`
	for path, want := range map[string]string{
		"/v4/projects/20":                                   "{" + full + "}",
		"/v4/projects?id_after=19&id_before=21":             "[{" + full + "}]",
		"/v4/projects?id_after=19&id_before=21&simple=true": "[{" + simple + "}]",
	} {
		if got := w.get("developer", path).body; got != want {
			t.Errorf("GET %s =\n%s, want\n%s", path, got, want)
		}
	}
}

func TestPermissionsUnderstateInheritedRoles(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.AddGroupMember(1, w.ids["stranger"], gitlabtest.Owner) // the group above the project's own
	list := w.get("stranger", "/v4/projects?id_after=19&id_before=21").body
	if want := `"permissions":{"project_access":null,"group_access":null}`; !strings.Contains(list, want) {
		t.Errorf("the list says %s, want %s", list, want)
	}
	single := w.get("stranger", "/v4/projects/20").body
	if want := `"permissions":{"project_access":null,"group_access":{"access_level":50,"notification_level":3}}`; !strings.Contains(single, want) {
		t.Errorf("the project says %s, want %s", single, want)
	}
	if got := w.send("stranger", "POST", agentsPath, `{"name":"x"}`); got.status != http.StatusCreated {
		t.Errorf("an owner by inheritance registers an agent: %d %s, want 201", got.status, got.body)
	}
}

func TestListProjects(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, as, query string
		want            []int64
	}{
		{"newest first", "developer", "", []int64{archivedProject, publicProject, apiProject}},
		{"oldest first", "developer", "sort=asc", []int64{apiProject, publicProject, archivedProject}},
		{"by name", "developer", "order_by=name&sort=asc", []int64{apiProject, publicProject, archivedProject}},
		{"by path downwards", "developer", "order_by=path&sort=desc", []int64{archivedProject, publicProject, apiProject}},
		{"a stranger sees the public one", "stranger", "", []int64{publicProject}},
		{"an administrator sees all", "admin", "", []int64{archivedProject, publicProject, apiProject}},
		{"an administrator is a member of none", "admin", "membership=true", nil},
		{"memberships", "developer", "membership=true", []int64{archivedProject, apiProject}},
		{"may read agents", "developer", "membership=true&min_access_level=30", []int64{archivedProject, apiProject}},
		{"any level", "stranger", "min_access_level=&order_by=id", []int64{publicProject}},
		{"may not manage", "developer", "membership=true&min_access_level=40", nil},
		{"may manage", "maintainer", "membership=true&min_access_level=40&archived=false", []int64{apiProject}},
		{"archived", "developer", "archived=true", []int64{archivedProject}},
		{"active", "developer", "active=true&membership=true", []int64{apiProject}},
		{"public", "developer", "visibility=public", []int64{publicProject}},
		{"owned", "owner", "owned=true", []int64{archivedProject, apiProject}},
		{"ids between", "developer", "id_after=20&id_before=22", []int64{publicProject}},
		{"search in the name", "developer", "search=handb", []int64{publicProject}},
		{"search in the description", "developer", "search=interface", []int64{apiProject}},
		{"search for all words", "developer", "search=the+handbook", nil},
		{"search does not match the group", "developer", "search=shop", nil},
		{"search matches the group when asked", "developer", "search=shop/web&search_namespaces=true", []int64{archivedProject, apiProject}},
		{"a short search must be the whole", "developer", "search=ap", nil},
		{"a short search that is the whole", "developer", "search=API", []int64{apiProject}},
		{"second page", "developer", "per_page=2&page=2", []int64{apiProject}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			if diff := cmp.Diff(tt.want, projectIDs(t, w.get(tt.as, "/v4/projects?"+tt.query))); diff != "" {
				t.Errorf("projects (-want +got):\n%s", diff)
			}
		})
	}
}

func projectIDs(t *testing.T, r response) []int64 {
	t.Helper()
	var projects []struct{ ID int64 }
	if err := json.Unmarshal([]byte(r.body), &projects); err != nil {
		t.Fatalf("%d %s: %v", r.status, r.body, err)
	}
	var ids []int64
	for _, p := range projects {
		ids = append(ids, p.ID)
	}
	return ids
}

func TestListProjectsRefusesBadParameters(t *testing.T) {
	t.Parallel()
	run(t, nil, []exchange{
		{"order", "guest", "GET", "/v4/projects?order_by=colour", "", 400, `{"error":"order_by does not have a valid value"}`},
		{"level", "guest", "GET", "/v4/projects?min_access_level=7", "", 400, `{"error":"min_access_level does not have a valid value"}`},
		{"truth value", "guest", "GET", "/v4/projects?membership=maybe", "", 400, `{"error":"membership is invalid"}`},
		{"several", "guest", "GET", "/v4/projects?page=x&per_page=0", "", 400, `{"error":"page is invalid, per_page has a value not allowed"}`},
		{
			"too far", "guest", "GET", "/v4/projects?page=501&per_page=100", "", 405,
			`{"error":"Offset pagination has a maximum allowed offset of 50000 for requests that return objects of type Project. Remaining records can be retrieved using keyset pagination."}`,
		},
		{
			"keyset by name", "guest", "GET", "/v4/projects?pagination=keyset&order_by=name", "", 405,
			`{"error":"Keyset pagination is not yet available for this type of request"}`,
		},
	})
}

func TestInternalProjects(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.AddProject(gitlabtest.Project{ID: 40, Path: "wiki", Owner: w.ids["owner"], Visibility: gitlabtest.Internal})
	external := w.AddUser(gitlabtest.User{Username: "vendor", External: true})
	w.secrets["vendor"] = w.AddPersonalToken(gitlabtest.PersonalToken{User: external})
	for as, want := range map[string]int{"stranger": 200, "vendor": 404} {
		if got := w.get(as, "/v4/projects/owner%2Fwiki"); got.status != want {
			t.Errorf("GET as %s = %d %s, want %d", as, got.status, got.body, want)
		}
	}
}
