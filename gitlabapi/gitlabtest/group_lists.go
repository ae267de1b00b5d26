package gitlabtest

import (
	"cmp"
	"strconv"
	"strings"
)

// findGroup is the group of the address, by number or full path.
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

// listGroupProjects is lib/api/groups.rb: the projects in a group, newest first, and with
// include_subgroups those in the groups below it.
func listGroupProjects(c *call) (Answer, error) {
	g, err := c.findGroup()
	if err != nil {
		return Answer{}, err
	}
	deep, _ := c.values.boolean("include_subgroups")
	search := c.values.text("search")
	found := sortedValues(c.projects, func(p *Project) bool {
		return (p.Group == g.ID || deep && c.inGroup(p, g.ID)) && c.canReadProject(c.user, p) && c.matchesSearch(p, search, false)
	}, func(a, b *Project) int { return cmp.Compare(b.ID, a.ID) })
	return offsetPage(c, found, c.listedProject), nil
}

type groupBody struct {
	ID       int64  `json:"id"`
	Name     string `json:"name"`
	Path     string `json:"path"`
	FullName string `json:"full_name"`
	FullPath string `json:"full_path"`
	WebURL   string `json:"web_url"`
}

// listDescendantGroups is lib/api/groups.rb: the groups below one that the caller sees, by name.
func listDescendantGroups(c *call) (Answer, error) {
	top, err := c.findGroup()
	if err != nil {
		return Answer{}, err
	}
	search := strings.ToLower(strings.TrimSpace(c.values.text("search")))
	found := sortedValues(c.groups, func(g *Group) bool {
		return g.ID != top.ID && c.isBelow(g, top.ID) && c.seesGroup(g) &&
			(strings.Contains(strings.ToLower(g.Name), search) || strings.Contains(strings.ToLower(g.Path), search))
	}, func(a, b *Group) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) })
	return offsetPage(c, found, func(g *Group) groupBody {
		path := c.groupPath(g.ID)
		names := c.groupChain(g.ID, func(g *Group) string { return g.Name })
		return groupBody{ID: g.ID, Name: g.Name, Path: g.Path, FullName: strings.Join(names, " / "), FullPath: path, WebURL: c.base() + "/groups/" + path}
	}), nil
}

// isBelow says whether a group lies in another one, however deep.
func (st *store) isBelow(g *Group, top int64) bool {
	for ; g != nil; g = st.groups[g.Parent] {
		if g.ID == top {
			return true
		}
	}
	return false
}
