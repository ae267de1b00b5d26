package gitlabtest

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// maxProjectOffset is how far offset pagination of projects goes.
const maxProjectOffset = 50_000

func projectListParams() []param {
	return paged(
		textParam("order_by").oneOf("id", "name", "path", "created_at", "updated_at", "last_activity_at", "similarity", "star_count"),
		textParam("sort").oneOf("asc", "desc"),
		booleanParam("archived"),
		booleanParam("active"),
		textParam("visibility").oneOf("private", "internal", "public"),
		textParam("search"),
		booleanParam("search_namespaces"),
		booleanParam("owned"),
		booleanParam("membership"),
		integerParam("min_access_level").oneOf("10", "15", "20", "25", "30", "40", "50"),
		integerParam("id_after"),
		integerParam("id_before"),
		booleanParam("simple"),
		textParam("pagination").oneOf("legacy", "keyset"),
	)
}

func listProjects(c *call) (Answer, error) {
	found := sortedValues(c.projects, c.projectFilter(), c.projectOrder())
	if c.values.text("pagination") == "keyset" {
		return c.keysetPage(found)
	}
	perPage := clampPerPage(c.values.small("per_page", 20))
	if (c.values.small("page", 1)-1)*perPage >= maxProjectOffset {
		return Answer{}, refusal{jsonAnswer(http.StatusMethodNotAllowed, errorBody{Error: fmt.Sprintf(
			"Offset pagination has a maximum allowed offset of %d for requests that return objects of type "+
				"Project. Remaining records can be retrieved using keyset pagination.", maxProjectOffset)})}
	}
	return offsetPage(c, found, c.listedProject), nil
}

// listedProject is a project as lists show it, where the group's role is that in the project's own
// group only.
func (c *call) listedProject(p *Project) any {
	if simple, _ := c.values.boolean("simple"); simple {
		return c.projectBody(p)
	}
	return c.fullProjectBody(p, c.groupMembers[membership{p.Group, c.user.ID}])
}

// projectFilter keeps the projects that the parameters ask for and the caller may see.
func (c *call) projectFilter() func(*Project) bool {
	membershipOnly, _ := c.values.boolean("membership")
	owned, _ := c.values.boolean("owned")
	archived, archivedGiven := c.values.boolean("archived")
	active, activeGiven := c.values.boolean("active")
	level := AccessLevel(c.values.integer("min_access_level", 0))
	visibility := c.values.text("visibility")
	namespaces, _ := c.values.boolean("search_namespaces")
	after, before := c.values.integer("id_after", 0), c.values.integer("id_before", 1<<62)
	return func(p *Project) bool {
		member := c.memberLevel(c.user, p)
		return c.canReadProject(c.user, p) &&
			(!membershipOnly || member >= Guest) &&
			(!owned || member >= Owner) &&
			(member >= level || c.user.Admin && !membershipOnly) &&
			(!archivedGiven || p.Archived == archived) &&
			(!activeGiven || c.isActive(p) == active) &&
			(visibility == "" || p.Visibility == Visibility(visibility)) &&
			p.ID > after && p.ID < before &&
			c.matchesSearch(p, c.values.text("search"), namespaces)
	}
}

// matchesSearch follows GitLab's fuzzy search: every word of three letters or more must occur in
// the name, the path or the description, with namespaces in the full path too; a search without such a word must equal one of them.
func (st *store) matchesSearch(p *Project, search string, namespaces bool) bool {
	search = strings.ToLower(strings.TrimSpace(search))
	if search == "" {
		return true
	}
	fields := []string{strings.ToLower(p.Name), strings.ToLower(p.Path), strings.ToLower(p.Description)}
	if namespaces {
		fields = []string{strings.ToLower(st.fullPath(p)), strings.ToLower(st.fullName(p)), fields[2]}
	}
	words := slices.DeleteFunc(strings.Fields(search), func(word string) bool { return len([]rune(word)) < 3 })
	if len(words) == 0 {
		return slices.Contains(fields, search)
	}
	for _, word := range words {
		if !slices.ContainsFunc(fields, func(field string) bool { return strings.Contains(field, word) }) {
			return false
		}
	}
	return true
}

// projectOrder is the order that the parameters ask for; newest first without any.
func (c *call) projectOrder() func(a, b *Project) int {
	direction := -1
	if c.values.text("sort") == "asc" {
		direction = 1
	}
	order := c.values.text("order_by")
	return func(a, b *Project) int {
		return direction * cmp.Or(compareProjects(order, a, b), cmp.Compare(a.ID, b.ID))
	}
}

func compareProjects(order string, a, b *Project) int {
	switch order {
	case "id":
		return 0
	case "name":
		return cmp.Compare(a.Name, b.Name)
	case "path":
		return cmp.Compare(a.Path, b.Path)
	case "last_activity_at", "updated_at":
		return a.LastActivityAt.Compare(b.LastActivityAt)
	default:
		return a.CreatedAt.Compare(b.CreatedAt)
	}
}

// keysetPage answers the projects from the cursor on. It knows order_by=id only and says where to
// go on in Link alone.
func (c *call) keysetPage(found []*Project) (Answer, error) {
	if order := c.values.text("order_by"); order != "id" {
		return Answer{}, refusal{jsonAnswer(http.StatusMethodNotAllowed, errorBody{
			Error: "Keyset pagination is not yet available for this type of request",
		})}
	}
	perPage := clampPerPage(c.values.small("per_page", 20))
	rest := found[min(perPage, len(found)):]
	found = found[:min(perPage, len(found))]
	a := jsonAnswer(http.StatusOK, mapSlice(found, c.listedProject))
	if len(rest) > 0 {
		query := c.req.URL.Query()
		query.Set("per_page", strconv.Itoa(perPage))
		query.Set(c.keysetBound(), strconv.FormatInt(found[len(found)-1].ID, 10))
		a.Header.Set("Link", c.link(query, "next"))
	}
	return a, nil
}

// keysetBound is the parameter that carries on a keyset page in the order asked for.
func (c *call) keysetBound() string {
	if c.values.text("sort") == "asc" {
		return "id_after"
	}
	return "id_before"
}
