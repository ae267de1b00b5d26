package gitlabtest

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// groupBody is lib/api/entities/group.rb, as far as anybody here asks.
type groupBody struct {
	ID         int64      `json:"id"`
	WebURL     string     `json:"web_url"`
	Name       string     `json:"name"`
	Path       string     `json:"path"`
	Visibility Visibility `json:"visibility"`
	FullName   string     `json:"full_name"`
	FullPath   string     `json:"full_path"`
	ParentID   *int64     `json:"parent_id"`
	Archived   bool       `json:"archived"`
}

func (c *call) groupBody(g *Group) groupBody {
	body := groupBody{
		ID: g.ID, WebURL: c.base() + "/groups/" + c.groupPath(g.ID), Name: g.Name, Path: g.Path,
		Visibility: orElse(g.Visibility, Private), FullName: c.groupName(g), FullPath: c.groupPath(g.ID), Archived: g.Archived,
	}
	if g.Parent != 0 {
		body.ParentID = &g.Parent
	}
	return body
}

func (st *store) groupName(g *Group) string {
	return strings.Join(st.groupChain(g.ID, func(g *Group) string { return g.Name }), " / ")
}

// groupRoutes are those of lib/api/groups.rb that tell what there is.
func groupRoutes() []route {
	group := param{name: "id"}
	return []route{
		{OpListGroups, "GET /api/v4/groups", anyScope, paged(
			textParam("search"), textParam("order_by").oneOf("name", "path", "id", "similarity"), textParam("sort").oneOf("asc", "desc"),
			booleanParam("all_available"), booleanParam("owned"), integerParam("min_access_level").oneOf("5", "10", "15", "20", "25", "30", "40", "50"),
		), listGroups},
		{OpGetGroup, "GET /api/v4/groups/{id}", anyScope, []param{group, booleanParam("with_projects")}, getGroup},
		{OpListGroupProjects, "GET /api/v4/groups/{id}/projects", anyScope, append(projectListParams(), group, booleanParam("include_subgroups"), booleanParam("with_shared")), listGroupProjects},
	}
}

// listGroups lists the groups that the caller sees, members or not, by name.
func listGroups(c *call) (Answer, error) {
	level := AccessLevel(c.values.integer("min_access_level", 0))
	search := strings.ToLower(strings.TrimSpace(c.values.text("search")))
	direction := 1
	if c.values.text("sort") == "desc" {
		direction = -1
	}
	found := sortedValues(c.groups, func(g *Group) bool {
		names := strings.ToLower(c.groupPath(g.ID) + "\n" + c.groupName(g))
		return c.seesGroup(g) && c.groupLevel(c.user, g.ID) >= level &&
			!slices.ContainsFunc(strings.Fields(search), func(word string) bool { return !strings.Contains(names, word) })
	}, func(a, b *Group) int {
		return direction * cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
	})
	return offsetPage(c, found, c.groupBody), nil
}

func getGroup(c *call) (Answer, error) {
	g, err := c.findGroup()
	if err != nil {
		return Answer{}, err
	}
	return jsonAnswer(http.StatusOK, c.groupBody(g)), nil
}

// findGroup is the group that the address names by number or full path, if the caller sees it.
func (c *call) findGroup() (*Group, error) {
	ref := c.values.text("id")
	g := c.groupByPath(ref)
	if id, err := strconv.ParseInt(ref, 10, 64); err == nil {
		g = c.groups[id]
	}
	if g == nil || !c.seesGroup(g) {
		return nil, errNotFound("Group")
	}
	return g, nil
}

// listGroupProjects knows offset pagination only. Roles are those of members: an administrator who
// is none has none.
func listGroupProjects(c *call) (Answer, error) {
	g, err := c.findGroup()
	if err != nil {
		return Answer{}, err
	}
	below, _ := c.values.boolean("include_subgroups")
	level := AccessLevel(c.values.integer("min_access_level", 0))
	matches := c.projectFilter()
	found := sortedValues(c.projects, func(p *Project) bool {
		return (p.Group == g.ID || below && c.inGroup(p, g.ID)) && c.memberLevel(c.user, p) >= level && matches(p)
	}, c.projectOrder())
	return offsetPage(c, found, c.listedProject), nil
}
