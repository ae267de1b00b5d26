package gitlabtest

import "strconv"

func groupProjectParams() []param {
	return paged(
		param{name: "id"},
		textParam("order_by").oneOf("id", "name", "path", "created_at", "updated_at", "last_activity_at", "similarity", "star_count"),
		textParam("sort").oneOf("asc", "desc"),
		booleanParam("include_subgroups"),
		booleanParam("with_shared"),
		booleanParam("simple"),
		textParam("search"),
	)
}

// listGroupProjects is lib/api/groups.rb: the projects of a group that the caller sees, with
// include_subgroups those below it too. No project is shared with a group here.
func listGroupProjects(c *call) (Answer, error) {
	g, err := c.findGroup()
	if err != nil {
		return Answer{}, err
	}
	search := c.values.text("search")
	below, _ := c.values.boolean("include_subgroups")
	found := sortedValues(c.projects, func(p *Project) bool {
		return c.canReadProject(c.user, p) && (p.Group == g.ID || below && c.inGroup(p, g.ID)) && c.matchesSearch(p, search, false)
	}, c.projectOrder())
	return offsetPage(c, found, c.listedProject), nil
}

// findGroup is the group of the address, by number or full path.
func (c *call) findGroup() (*Group, error) {
	g := c.lookUpGroup(c.values.text("id"))
	if g == nil || !c.seesGroup(g) && !c.seesProjectBelow(g) {
		return nil, errNotFound("Group")
	}
	return g, nil
}

// seesProjectBelow says whether the caller sees a project of the group or below it, which shows them
// the group too.
func (c *call) seesProjectBelow(g *Group) bool {
	for _, p := range c.projects {
		if c.inGroup(p, g.ID) && c.canReadProject(c.user, p) {
			return true
		}
	}
	return false
}

// lookUpGroup finds a group by what stands in the address: a number or a full path.
func (st *store) lookUpGroup(ref string) *Group {
	if id, err := strconv.ParseInt(ref, 10, 64); err == nil {
		return st.groups[id]
	}
	return st.groupByPath(ref)
}
