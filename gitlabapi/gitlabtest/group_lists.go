package gitlabtest

import (
	"cmp"
	"strings"
)

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
	return offsetPage(c, found, c.groupBody), nil
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
