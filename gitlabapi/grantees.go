package gitlabapi

import (
	"context"
	"net/url"
)

// GranteesPerSearch is how many groups, or projects, one search returns.
const GranteesPerSearch = 20

// DescendantGroups returns the full paths of groups somewhere below a group whose name or path has
// the text in it, and which the person sees
// (https://docs.gitlab.com/api/groups/#list-descendant-groups); 20 at most. ErrNotFound when the
// group is not theirs to see.
func (c *Client) DescendantGroups(ctx context.Context, group, search string) ([]string, error) {
	r := request{op: "list descendant groups", path: groupPath(group, "/descendant_groups"), query: paging(url.Values{"search": {search}}, 1, GranteesPerSearch)}
	page, err := list(ctx, c, r, func(g groupJSON) (string, bool) { return g.FullPath, g.FullPath != "" })
	return page.Items, err
}
