package gitlabtest_test

import (
	"net/http"
	"slices"
	"testing"

	gitlab "gitlab.com/gitlab-org/api/client-go/v2"
)

// groupDriver makes the calls about groups, which both libraries know. The official one knows none
// about URL configurations.
type groupDriver interface {
	driver
	// groups are the full paths of the groups that a search finds, and group that of one.
	groups(search string) ([]string, error)
	group(path string) (string, error)
	// groupProjects are the numbers of the projects in a group and below it.
	groupProjects(path string) ([]int64, error)
	// everything are the numbers of all projects that the person may see.
	everything() ([]int64, error)
}

func (d officialDriver) groups(search string) ([]string, error) {
	list, _, err := d.client.Groups.ListGroups(&gitlab.ListGroupsOptions{Search: &search})
	var paths []string
	for _, g := range list {
		paths = append(paths, g.FullPath)
	}
	return paths, err
}

func (d officialDriver) group(path string) (string, error) {
	g, _, err := d.client.Groups.GetGroup(path, nil)
	if err != nil {
		return "", err
	}
	return g.FullPath, nil
}

func (d officialDriver) groupProjects(path string) ([]int64, error) {
	yes, no, id, asc := true, false, "id", "asc"
	list, _, err := d.client.Groups.ListGroupProjects(path, &gitlab.ListGroupProjectsOptions{
		IncludeSubGroups: &yes, WithShared: &no, Simple: &yes, OrderBy: &id, Sort: &asc,
	})
	return officialNumbers(list), err
}

func (d officialDriver) everything() ([]int64, error) {
	yes, id, asc := true, "id", "asc"
	list, _, err := d.client.Projects.ListProjects(&gitlab.ListProjectsOptions{
		ListOptions: gitlab.ListOptions{Pagination: "keyset"}, Simple: &yes, OrderBy: &id, Sort: &asc,
	})
	return officialNumbers(list), err
}

func officialNumbers(list []*gitlab.Project) []int64 {
	var ids []int64
	for _, p := range list {
		ids = append(ids, p.ID)
	}
	return ids
}

func TestConformanceOfGroups(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.MoveProject(archivedProject, 1, "older")
	for who, want := range map[string]struct {
		found              []string
		status             int
		projects, anywhere []int64
	}{
		"admin":     {[]string{"shop/web"}, 0, []int64{20}, []int64{20, 21, 22}},
		"developer": {[]string{"shop/web"}, 0, []int64{20}, []int64{20, 21, 22}},
		"stranger":  {nil, http.StatusNotFound, nil, []int64{21}},
	} {
		for which, plain := range drivers(t, target{w.URL, w.secrets[who], "20"}) {
			d, ok := plain.(groupDriver)
			if !ok {
				t.Fatalf("%s knows no groups", which)
			}
			if found, err := d.groups("web"); err != nil || !slices.Equal(found, want.found) {
				t.Errorf("%s finds %v, %v for the %s, want %v", which, found, err, who, want.found)
			}
			path, err := d.group("shop/web")
			wantOutcome(t, d, which+": a group for the "+who, err, want.status)
			if err == nil && path != "shop/web" {
				t.Errorf("%s reads the group %s", which, path)
			}
			ids, err := d.groupProjects("shop/web")
			wantOutcome(t, d, which+": projects of a group for the "+who, err, want.status)
			if !slices.Equal(ids, want.projects) {
				t.Errorf("%s lists %v for the %s, want %v", which, ids, who, want.projects)
			}
			if all, err := d.everything(); err != nil || !slices.Equal(all, want.anywhere) {
				t.Errorf("%s lists %v of everything, %v, for the %s, want %v", which, all, err, who, want.anywhere)
			}
		}
	}
}
