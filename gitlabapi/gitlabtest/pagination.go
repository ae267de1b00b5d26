package gitlabtest

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// maxPerPage is the largest page; asking for more is cut down without a word.
const maxPerPage = 100

// offsetPage answers one page of all, with the headers of offset pagination. Beyond
// Settings.CountLimit rows the totals and the last page are not said.
func offsetPage[T, U any](c *call, all []T, body func(T) U) Answer {
	p := page{
		number:  max(c.values.small("page", 1), 1),
		perPage: clampPerPage(c.values.small("per_page", 20)),
		total:   len(all),
		counted: len(all) <= c.settings.CountLimit,
	}
	start := min((p.number-1)*p.perPage, len(all))
	end := min(start+p.perPage, len(all))
	a := jsonAnswer(http.StatusOK, mapSlice(all[start:end], body))
	p.describe(a.Header, c)
	return a
}

func clampPerPage(n int) int {
	if n < 1 {
		return 20
	}
	return min(n, maxPerPage)
}

// page is a place in a list.
type page struct {
	number, perPage, total int
	counted                bool
}

func (p page) pages() int { return max((p.total+p.perPage-1)/p.perPage, 1) }

// next is the following page's number as the header says it: empty on the last page.
func (p page) next() string {
	if p.number >= p.pages() {
		return ""
	}
	return strconv.Itoa(p.number + 1)
}

func (p page) prev() string {
	if p.number <= 1 {
		return ""
	}
	return strconv.Itoa(p.number - 1)
}

func (p page) describe(h http.Header, c *call) {
	h.Set("X-Page", strconv.Itoa(p.number))
	h.Set("X-Per-Page", strconv.Itoa(p.perPage))
	h.Set("X-Next-Page", p.next())
	h.Set("X-Prev-Page", p.prev())
	if p.counted {
		h.Set("X-Total", strconv.Itoa(p.total))
		h.Set("X-Total-Pages", strconv.Itoa(p.pages()))
	}
	h.Set("Link", strings.Join(p.links(c), ", "))
}

func (p page) links(c *call) []string {
	relations := []struct{ name, page string }{
		{"prev", p.prev()}, {"next", p.next()}, {"first", "1"},
	}
	if p.counted {
		relations = append(relations, struct{ name, page string }{"last", strconv.Itoa(p.pages())})
	}
	var links []string
	for _, rel := range relations {
		if rel.page != "" {
			query := c.req.URL.Query()
			query.Set("page", rel.page)
			query.Set("per_page", strconv.Itoa(p.perPage))
			links = append(links, c.link(query, rel.name))
		}
	}
	return links
}

// link is one entry of a Link header that leads to this address with another query. The
// credential that may stand in the query is left out, as GitLab does.
func (c *call) link(query url.Values, relation string) string {
	query.Del("access_token")
	query.Del("private_token")
	host := c.base()
	if c.settings.LinkHost != "" {
		host = c.settings.LinkHost
	}
	return fmt.Sprintf("<%s%s?%s>; rel=%q", host, c.req.URL.EscapedPath(), query.Encode(), relation)
}
