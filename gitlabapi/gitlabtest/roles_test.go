package gitlabtest_test

import (
	"net/http"
	"strings"
	"testing"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

func TestPersonalNamespaces(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.AddProject(gitlabtest.Project{ID: 50, Path: "toys", Name: "Toys", Owner: w.ids["guest"]})
	w.AddProject(gitlabtest.Project{ID: 51, Path: "lost"})
	own := w.get("guest", "/v4/projects/guest%2Ftoys").body
	for _, want := range []string{
		`"name_with_namespace":"The guest / Toys","path":"toys","path_with_namespace":"guest/toys"`,
		`"namespace":{"id":2,"name":"guest","path":"guest","kind":"user","full_path":"guest"}`,
	} {
		if !strings.Contains(own, want) {
			t.Errorf("the project is %s, want %s in it", own, want)
		}
	}
	if got := w.send("guest", http.MethodPost, "/v4/projects/50/cluster_agents", `{"name":"x"}`); got.status != http.StatusCreated {
		t.Errorf("the owner registers an agent: %d %s, want 201", got.status, got.body)
	}
	if got := w.get("maintainer", "/v4/projects/50"); got.status != http.StatusNotFound {
		t.Errorf("somebody else sees the project: %d %s, want 404", got.status, got.body)
	}
	if got := w.get("admin", "/v4/projects/51").body; !strings.Contains(got, `"name_with_namespace":"Administrator / lost","path":"lost","path_with_namespace":"root/lost"`) {
		t.Errorf("a project of nobody is %s, want it with root", got)
	}
}

func TestRolesChangeWhileTheServerRuns(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	steps := []struct {
		what   string
		change func()
		want   int
	}{
		{"as a maintainer", func() {}, 400}, // the name is taken
		{"demoted", func() { w.AddMember(apiProject, w.ids["maintainer"], gitlabtest.Developer) }, 403},
		{"removed", func() { w.RemoveMember(apiProject, w.ids["maintainer"]) }, 404},
		{"a member of the group", func() { w.AddGroupMember(1, w.ids["maintainer"], gitlabtest.Maintainer) }, 400},
		{"removed from the group", func() { w.RemoveGroupMember(1, w.ids["maintainer"]) }, 404},
		{"with minimal access", func() { w.AddMember(apiProject, w.ids["maintainer"], gitlabtest.MinimalAccess) }, 404},
	}
	for _, step := range steps {
		step.change()
		if got := w.send("maintainer", http.MethodPost, agentsPath, `{"name":"prod"}`); got.status != step.want {
			t.Errorf("%s: POST = %d %s, want %d", step.what, got.status, got.body, step.want)
		}
	}
}

func TestOthersCanRevokeAndDeleteMeanwhile(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	withToken(w)
	w.RevokeToken(1)
	if got := w.get("developer", tokensPath).body; got != "[]" {
		t.Errorf("after the revocation the tokens are %s, want none", got)
	}
	w.DeleteAgent(prodAgent)
	if got := w.get("developer", agentsPath).body; got != "[]" {
		t.Errorf("after the deletion the agents are %s, want none", got)
	}
}

func TestTokensOfOnePersonEndAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	guest, owner := w.oauth("guest"), w.oauth("owner")
	scoped := w.AddOAuthToken(gitlabtest.OAuthToken{User: w.ids["owner"], Scopes: []string{"read_user"}})
	w.RevokeOAuthTokens(w.ids["guest"])
	for _, tt := range []struct {
		what, access, path string
		want               int
	}{
		{"of the guest", guest.Access, "/v4/user", 401},
		{"of the owner", owner.Access, "/v4/user", 200},
		{"of the owner, for the person only", scoped.Access, "/v4/projects", 403},
	} {
		if got := w.send("", http.MethodGet, tt.path, "", "Authorization", "Bearer "+tt.access); got.status != tt.want {
			t.Errorf("the token %s: GET = %d %s, want %d", tt.what, got.status, got.body, tt.want)
		}
	}
}

func TestRolesHaveGitLabsNames(t *testing.T) {
	t.Parallel()
	for level, want := range map[gitlabtest.AccessLevel]string{
		gitlabtest.NoAccess: "No access", gitlabtest.MinimalAccess: "Minimal Access", gitlabtest.Guest: "Guest",
		gitlabtest.Planner: "Planner", gitlabtest.Reporter: "Reporter", gitlabtest.Developer: "Developer",
		gitlabtest.Maintainer: "Maintainer", gitlabtest.Owner: "Owner", 60: "Level 60",
	} {
		if got := level.String(); got != want {
			t.Errorf("role %d is called %q, want %q", int(level), got, want)
		}
	}
}
