package gitlabtest_test

import "gitlab-agent-portal/gitlabapi"

func (d ownDriver) groups(search string) ([]string, error) {
	page, err := d.client.GroupsPage(d.t.Context(), search, 1, 20)
	var paths []string
	for _, g := range page.Items {
		paths = append(paths, g.FullPath)
	}
	return paths, err
}

func (d ownDriver) group(path string) (string, error) {
	g, err := d.client.Group(d.t.Context(), path)
	return g.FullPath, err
}

func (d ownDriver) groupProjects(path string) ([]int64, error) {
	page, err := d.client.GroupProjectsPage(d.t.Context(), path, gitlabapi.GroupProjectQuery{}, 1)
	return ownNumbers(page.Items), err
}

func (d ownDriver) everything() ([]int64, error) {
	list, _, err := d.client.Memberships(d.t.Context(), gitlabapi.MembershipQuery{Beyond: true}, gitlabapi.ProjectCursor{})
	return ownNumbers(list), err
}

func ownNumbers(list []gitlabapi.Project) []int64 {
	var ids []int64
	for _, p := range list {
		ids = append(ids, p.ID)
	}
	return ids
}
