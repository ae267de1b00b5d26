package gitlabapi

import (
	"context"
	"net/url"
)

// GroupProjects returns the first projects, at most 100, of a group and of all groups below it that
// the person may see, oldest first
// (https://docs.gitlab.com/api/groups/#list-projects). Those that are merely shared with the group are
// left out. ErrNotFound when the group does not exist or the person may not see it.
func (c *Client) GroupProjects(ctx context.Context, fullPath string, count int) (Page[Project], error) {
	query := url.Values{
		"include_subgroups": {"true"},
		"with_shared":       {"false"},
		"simple":            {"true"},
		"order_by":          {"id"},
		"sort":              {"asc"},
	}
	r := request{op: "list group projects", path: groupPath(fullPath, "/projects"), query: paging(query, 1, count)}
	return list(ctx, c, r, projectJSON.project)
}

// groupPath is the escaped path of something in a group, "" when no group can have this name. What a
// project's path may be, a group's may be too.
func groupPath(fullPath, rest string) string {
	segment := ProjectPath(fullPath).segment
	if segment == "" {
		return ""
	}
	return "/api/v4/groups/" + segment + rest
}
