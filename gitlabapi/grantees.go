package gitlabapi

import (
	"context"
	"net/url"
)

// granteesPerSearch is how many groups, or projects, one search returns.
const granteesPerSearch = 20

// DescendantGroups returns the full paths of groups somewhere below a group whose name or path has
// the text in it, and which the person sees
// (https://docs.gitlab.com/api/groups/#list-descendant-groups); 20 at most. ErrNotFound when the
// group is not theirs to see.
func (c *Client) DescendantGroups(ctx context.Context, group, search string) ([]string, error) {
	r := request{op: "list descendant groups", path: groupPath(group, "/descendant_groups"), query: paging(url.Values{"search": {search}}, 1, granteesPerSearch)}
	page, err := list(ctx, c, r, func(g groupJSON) (string, bool) { return g.FullPath, g.FullPath != "" })
	return page.Items, err
}

// SearchGroupProjects is DescendantGroups for projects, those of the group itself included
// (https://docs.gitlab.com/api/groups/#list-projects).
func (c *Client) SearchGroupProjects(ctx context.Context, group, search string) ([]string, error) {
	query := paging(url.Values{"search": {search}, "include_subgroups": {"true"}, "simple": {"true"}, "with_shared": {"false"}}, 1, granteesPerSearch)
	page, err := list(ctx, c, request{op: "list group projects", path: groupPath(group, "/projects"), query: query}, func(p namedProjectJSON) (string, bool) {
		return p.PathWithNamespace, p.PathWithNamespace != ""
	})
	return page.Items, err
}

type groupJSON struct {
	FullPath string `json:"full_path"`
}

type namedProjectJSON struct {
	PathWithNamespace string `json:"path_with_namespace"`
}
