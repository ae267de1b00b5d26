package handlers_test

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"gitlab-agent-portal/handlers"
)

// htmlPages are the addresses of every page that the route table has for a person, with something
// in each list.
func (p *portal) htmlPages() []string {
	chosen := fmt.Sprintf("?agent=%d.%d&days=1", p.project, p.prod)
	pages := []string{
		"/?wait=1", p.agentPath(p.prod) + "?tab=activity", p.agentPath(p.prod) + "?tab=connect",
		"/rotations" + chosen, "/unused-tokens" + chosen, "/stale-agents" + chosen, "/projects?q=nothing-like-this",
	}
	for _, route := range handlers.Routes() {
		if route.Method == http.MethodGet && route.SignedIn {
			pages = append(pages, p.address(route.Pattern))
		}
	}
	return pages
}

// TestTablesSayWhatTheyAre looks at every table of every page: axe does not ask for captions.
func TestTablesSayWhatTheyAre(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	lead := p.as("lead")
	lead.post(p.agentPath(p.prod)+"/tokens", nil) // for the list of activity
	tables := 0
	for _, path := range p.htmlPages() {
		got := lead.get(path)
		if !strings.HasPrefix(got.header.Get("Content-Type"), "text/html") {
			continue
		}
		for _, table := range got.doc.Find("table").EachIter() {
			tables++
			for _, problem := range problemsOf(table) {
				t.Errorf("GET %s: the table %q %s", path, table.AttrOr("class", ""), problem)
			}
		}
	}
	if tables < 8 {
		t.Errorf("the pages have %d tables, want one for each list at least", tables)
	}
}

// problemsOf is what a screen reader would miss in a table.
func problemsOf(table *goquery.Selection) []string {
	var problems []string
	if strings.TrimSpace(table.Find("caption").Text()) == "" {
		problems = append(problems, "has no caption")
	}
	for _, cell := range table.Find("thead th").EachIter() {
		if cell.AttrOr("scope", "") != "col" || strings.TrimSpace(cell.Text()) == "" {
			problems = append(problems, fmt.Sprintf("has a column's header without scope or text: %q", cell.Text()))
		}
	}
	columns := table.Find("thead tr").First().Children().Length()
	for _, row := range table.Find("tbody tr").EachIter() {
		if group := row.Children(); group.Length() == 1 && group.AttrOr("scope", "") == "rowgroup" && group.AttrOr("colspan", "") == strconv.Itoa(columns) {
			continue // the heading of the rows below it
		}
		if row.Find("th[scope=row]").Length() != 1 {
			problems = append(problems, "has a row without a header")
		}
		if cells := row.Children().Length(); cells != columns {
			problems = append(problems, fmt.Sprintf("has a row of %d cells under %d headers", cells, columns))
		}
	}
	return problems
}
