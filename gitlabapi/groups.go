package gitlabapi

import (
	"cmp"
	"context"
	"net/url"
	"strconv"
	"strings"
)

// Group is a group or subgroup (https://docs.gitlab.com/api/groups/).
type Group struct {
	ID       int64
	Name     string // its own part of FullName
	FullPath string
	FullName string // with the names of the groups above it
}

// GroupsPage returns one page of the groups that GitLab shows the person, members or not, by name;
// search is in names and paths, "" for all. Pages count from 1; perPage is at most 100.
func (c *Client) GroupsPage(ctx context.Context, search string, page, perPage int) (Page[Group], error) {
	query := url.Values{"order_by": {"name"}, "sort": {"asc"}}
	if search != "" {
		query.Set("search", search)
	}
	r := request{op: "list groups", path: "/api/v4/groups", query: paging(query, page, perPage)}
	return list(ctx, c, r, groupJSON.group)
}

// Group returns one group by its full path. ErrNotFound when it does not exist or the person may not
// see it.
func (c *Client) Group(ctx context.Context, fullPath string) (Group, error) {
	r := request{op: "get group", path: groupPath(fullPath, ""), query: url.Values{"with_projects": {"false"}}}
	found, err := one(ctx, c, r, groupJSON.group)
	if err == nil && !strings.EqualFold(found.FullPath, fullPath) { // the path looks like another group's number
		return Group{}, &Error{Op: r.op, kind: ErrNotFound, detail: "another group has this number"}
	}
	return found, err
}

// GroupProjectQuery selects projects of a group and of those below it.
type GroupProjectQuery struct {
	MinAccessLevel AccessLevel // effective role; 0: any
	Archived       bool        // only those that are
	Search         string      // in name and path; empty: all
	PerPage        int         // of a page; 0: a hundred, which is the most
}

// GroupProjectsPage returns one page, of up to a hundred, of the projects that GitLab shows the person
// in a group and below it, by id, without those that other groups share with it. Pages count from 1:
// the list has no keyset. ErrNotFound as Group.
func (c *Client) GroupProjectsPage(ctx context.Context, fullPath string, q GroupProjectQuery, page int) (Page[Project], error) {
	query := url.Values{
		"include_subgroups": {"true"}, "with_shared": {"false"}, "simple": {"true"}, "order_by": {"id"}, "sort": {"asc"},
	}
	if q.MinAccessLevel > 0 {
		query.Set("min_access_level", strconv.Itoa(int(q.MinAccessLevel)))
	}
	if q.Archived {
		query.Set("archived", "true")
	}
	if q.Search != "" {
		query.Set("search", q.Search)
	}
	r := request{op: "list group projects", path: groupPath(fullPath, "/projects"), query: paging(query, page, cmp.Or(q.PerPage, maxPerPage))}
	return list(ctx, c, r, projectJSON.project)
}

// groupPath is the escaped path of something in a group, "" when there can be no such group. What can
// be no project's path can be no group's.
func groupPath(fullPath, rest string) string {
	segment := ProjectPath(fullPath).segment
	if segment == "" {
		return ""
	}
	return "/api/v4/groups/" + segment + rest
}

type groupJSON struct {
	ID       int64  `json:"id"`
	Name     string `json:"name"`
	FullPath string `json:"full_path"`
	FullName string `json:"full_name"`
}

func (g groupJSON) group() (Group, bool) { return Group(g), g.ID > 0 && g.FullPath != "" }
