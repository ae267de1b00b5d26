package gitlabapi

import (
	"context"
	"net/url"
	"strconv"
	"strings"
)

// MembershipQuery selects projects that the person is a member of.
type MembershipQuery struct {
	MinAccessLevel AccessLevel // effective role; 0: any
	// Beyond also selects projects that the person is no member of: whatever GitLab shows them, which
	// for an administrator is everything. With MinAccessLevel GitLab then counts roles of members
	// only, also for administrators.
	Beyond   bool
	Archived bool // only those that are
}

// ProjectCursor is a place in the list that Memberships walks through. The zero
// value is its beginning.
type ProjectCursor struct {
	after  int64 // the last id of the page before
	linked bool  // an answer has led on by Link before
}

// Memberships returns up to 100 of the person's projects by id, and where to go
// on: nil at the end. Unlike ProjectsPage it reaches beyond 50,000 projects, and
// does not skip or repeat any when the list changes under way
// (https://docs.gitlab.com/api/rest/#keyset-based-pagination). GitLab's short form
// of a project, which it asks for, does not say Archived: ask for those.
func (c *Client) Memberships(ctx context.Context, q MembershipQuery, from ProjectCursor) ([]Project, *ProjectCursor, error) {
	query := url.Values{
		"simple": {"true"}, "pagination": {"keyset"}, "order_by": {"id"}, "sort": {"asc"}, "per_page": {strconv.Itoa(maxPerPage)},
	}
	if !q.Beyond {
		query.Set("membership", "true")
	}
	if q.MinAccessLevel > 0 {
		query.Set("min_access_level", strconv.Itoa(int(q.MinAccessLevel)))
	}
	if q.Archived {
		query.Set("archived", "true")
	}
	if from.after > 0 {
		query.Set("id_after", number(from.after))
	}
	r := request{op: "list memberships", path: "/api/v4/projects", query: query}
	projects, a, err := entities(ctx, c, r, projectJSON.project)
	if err != nil {
		return nil, nil, err
	}
	next := from
	for _, project := range projects {
		if project.ID <= next.after {
			return nil, nil, c.malformed(r, a, "the projects are not in the order of their ids")
		}
		next.after = project.ID
	}
	// Link leads on, but perhaps to an internal host: only that it does counts.
	more := strings.Contains(a.header.Get("Link"), `rel="next"`)
	next.linked = from.linked || more
	if !more && (next.linked || len(projects) < maxPerPage) || len(projects) == 0 {
		return projects, nil, nil
	}
	// A full page without any Link has perhaps passed something that strips it.
	return projects, &next, nil
}
