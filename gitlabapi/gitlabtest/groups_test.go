package gitlabtest_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

const groupMissing = `{"message":"404 Group Not Found"}`

// fullPaths are the full paths in a list of groups, or of projects.
func (w *world) fullPaths(as, path string) string {
	w.t.Helper()
	got := w.get(as, path)
	var all []struct {
		Group   string `json:"full_path"`
		Project string `json:"path_with_namespace"`
	}
	if err := json.Unmarshal([]byte(got.body), &all); err != nil {
		return got.body
	}
	var paths []string
	for _, one := range all {
		paths = append(paths, one.Group+one.Project)
	}
	return strings.Join(paths, " ")
}

func TestGroupsAreListedForWhomTheyAreVisible(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.AddGroup(gitlabtest.Group{Path: "open", Name: "Open", Visibility: gitlabtest.Public})
	w.AddGroupMember(2, w.ids["reporter"], gitlabtest.Developer)
	got := map[string]string{}
	want := map[string]string{
		"a stranger sees public groups":                         "open",
		"a member of a project sees the groups above it":        "open shop shop/web",
		"an administrator sees all":                             "open shop shop/web",
		"a search is in names and paths of groups above too":    "shop/web",
		"roles are those of members of the group":               "shop/web",
		"without a role in a group not even an administrator's": "",
		"backwards":                                                 "shop/web shop open",
		"projects of a group alone":                                 "shop/handbook",
		"projects below a group":                                    "shop/web/api shop/handbook shop/web/old",
		"archived projects below a group":                           "shop/web/old",
		"projects where one has a role":                             "shop/web/api shop/web/old",
		"projects that a stranger sees":                             groupMissing,
		"an administrator has no role in a project of no member's":  "",
		"a group by its number":                                     "shop/handbook",
		"projects below a group that a search finds, with its path": "shop/web/api",
	}
	for name, ask := range map[string][2]string{
		"a stranger sees public groups":                         {"stranger", "/v4/groups"},
		"a member of a project sees the groups above it":        {"guest", "/v4/groups"},
		"an administrator sees all":                             {"admin", "/v4/groups?sort=asc&order_by=name"},
		"a search is in names and paths of groups above too":    {"guest", "/v4/groups?search=sho+WEB"},
		"roles are those of members of the group":               {"reporter", "/v4/groups?min_access_level=30"},
		"without a role in a group not even an administrator's": {"admin", "/v4/groups?min_access_level=10"},
		"backwards":                                                 {"guest", "/v4/groups?sort=desc"},
		"projects of a group alone":                                 {"guest", "/v4/groups/shop/projects"},
		"projects below a group":                                    {"guest", "/v4/groups/shop/projects?include_subgroups=true&order_by=id&sort=asc&simple=true"},
		"archived projects below a group":                           {"guest", "/v4/groups/shop/projects?include_subgroups=true&archived=true"},
		"projects where one has a role":                             {"guest", "/v4/groups/shop%2Fweb/projects?min_access_level=10&order_by=id&sort=asc"},
		"projects that a stranger sees":                             {"stranger", "/v4/groups/shop/projects"},
		"an administrator has no role in a project of no member's":  {"admin", "/v4/groups/shop/projects?min_access_level=10&include_subgroups=true"},
		"a group by its number":                                     {"guest", "/v4/groups/1/projects"},
		"projects below a group that a search finds, with its path": {"guest", "/v4/groups/shop/projects?include_subgroups=true&search=api"},
	} {
		got[name] = w.fullPaths(ask[0], ask[1])
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestOneGroup(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	body := `{"id":2,"web_url":"` + w.URL + `/groups/shop/web","name":"Web","path":"web","visibility":"private","full_name":"Shop / Web","full_path":"shop/web","parent_id":1,"archived":false}`
	for name, tt := range map[string]struct {
		as, path string
		status   int
		body     string
	}{
		"by path":             {"guest", "shop%2Fweb?with_projects=false", 200, body},
		"by number":           {"admin", "2", 200, body},
		"that is not visible": {"stranger", "shop%2Fweb", 404, groupMissing},
		"that is not there":   {"admin", "shop%2Fnothing", 404, groupMissing},
		"of no number":        {"admin", "99", 404, groupMissing},
		"for nobody":          {"", "2", 401, unauthorized},
	} {
		if got := w.get(tt.as, "/v4/groups/"+tt.path); got.status != tt.status || got.body != tt.body {
			t.Errorf("a group %s = %d %s, want %d %s", name, got.status, got.body, tt.status, tt.body)
		}
	}
}
