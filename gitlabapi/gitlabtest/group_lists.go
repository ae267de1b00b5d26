package gitlabtest

import (
	"cmp"
	"strings"
)

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
