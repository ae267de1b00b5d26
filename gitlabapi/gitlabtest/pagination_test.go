package gitlabtest_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

// pageHeaders are the headers of offset pagination by their canonical names.
var pageHeaders = []string{"X-Page", "X-Per-Page", "X-Next-Page", "X-Prev-Page", "X-Total", "X-Total-Pages", "Link"}

func TestPagination(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		agents int
		query  string
		rows   int
		// want are the headers without Link; a header that is missing here must be missing there.
		want map[string]string
		// links are relation and page.
		links string
	}{
		{
			"nothing", 0, "", 0,
			map[string]string{"X-Page": "1", "X-Per-Page": "20", "X-Next-Page": "", "X-Prev-Page": "", "X-Total": "0", "X-Total-Pages": "1"},
			"first 1, last 1",
		},
		{
			"the first of two", 25, "", 20,
			map[string]string{"X-Page": "1", "X-Per-Page": "20", "X-Next-Page": "2", "X-Prev-Page": "", "X-Total": "25", "X-Total-Pages": "2"},
			"next 2, first 1, last 2",
		},
		{
			"the last of two", 25, "page=2", 5,
			map[string]string{"X-Page": "2", "X-Per-Page": "20", "X-Next-Page": "", "X-Prev-Page": "1", "X-Total": "25", "X-Total-Pages": "2"},
			"prev 1, first 1, last 2",
		},
		{
			"a full last page", 20, "", 20,
			map[string]string{"X-Page": "1", "X-Per-Page": "20", "X-Next-Page": "", "X-Prev-Page": "", "X-Total": "20", "X-Total-Pages": "1"},
			"first 1, last 1",
		},
		{
			"numbers that are empty", 25, "page=&per_page=", 20,
			map[string]string{"X-Page": "1", "X-Per-Page": "20", "X-Next-Page": "2", "X-Prev-Page": "", "X-Total": "25", "X-Total-Pages": "2"},
			"next 2, first 1, last 2",
		},
		{
			"numbers below one", 25, "page=-1&per_page=-5", 20,
			map[string]string{"X-Page": "1", "X-Per-Page": "20", "X-Next-Page": "2", "X-Prev-Page": "", "X-Total": "25", "X-Total-Pages": "2"},
			"next 2, first 1, last 2",
		},
		{
			"past the end", 25, "page=9", 0,
			map[string]string{"X-Page": "9", "X-Per-Page": "20", "X-Next-Page": "", "X-Prev-Page": "8", "X-Total": "25", "X-Total-Pages": "2"},
			"prev 8, first 1, last 2",
		},
		{
			"more than a page may hold", 101, "per_page=5000", 100,
			map[string]string{"X-Page": "1", "X-Per-Page": "100", "X-Next-Page": "2", "X-Prev-Page": "", "X-Total": "101", "X-Total-Pages": "2"},
			"next 2, first 1, last 2",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			for i := range tt.agents {
				w.AddAgent(gitlabtest.Agent{Project: archivedProject, Name: fmt.Sprintf("agent-%03d", i)})
			}
			got := w.get("developer", "/v4/projects/22/cluster_agents?"+tt.query)
			if rows := strings.Count(got.body, `"agent-`); rows != tt.rows {
				t.Errorf("%d rows, want %d", rows, tt.rows)
			}
			headers := map[string]string{}
			for _, name := range pageHeaders[:6] {
				if values, ok := got.header[name]; ok {
					headers[name] = values[0]
				}
			}
			if diff := cmp.Diff(tt.want, headers); diff != "" {
				t.Errorf("headers (-want +got):\n%s", diff)
			}
			if links := linkPages(w.URL+"/api/v4/projects/22/cluster_agents", got.header); links != tt.links {
				t.Errorf("Link = %s, want %s", got.header.Get("Link"), tt.links)
			}
		})
	}
}

// linkPages shortens a Link header that leads to address to relations and pages.
func linkPages(address string, h http.Header) string {
	var out []string
	for link := range strings.SplitSeq(h.Get("Link"), ", ") {
		target, rel, _ := strings.Cut(link, "; rel=")
		query, isHere := strings.CutPrefix(target, "<"+address+"?page=")
		page, _, _ := strings.Cut(query, "&per_page=")
		if !isHere {
			page = target
		}
		out = append(out, strings.Trim(rel, `"`)+" "+page)
	}
	return strings.Join(out, ", ")
}

func TestLongListsCarryNoTotals(t *testing.T) {
	t.Parallel()
	w := newWorld(t, gitlabtest.WithSettings(func(s *gitlabtest.Settings) { s.CountLimit = 2 }))
	for i := range 3 {
		w.AddAgent(gitlabtest.Agent{Project: archivedProject, Name: fmt.Sprintf("agent-%03d", i)})
	}
	got := w.get("developer", "/v4/projects/22/cluster_agents?per_page=2")
	for _, name := range []string{"X-Total", "X-Total-Pages"} {
		if values, ok := got.header[name]; ok {
			t.Errorf("%s = %q, want it absent", name, values)
		}
	}
	if got := linkPages(w.URL+"/api/v4/projects/22/cluster_agents", got.header); got != "next 2, first 1" {
		t.Errorf("links are %s, want next 2, first 1", got)
	}
}

func TestLinksNeverCarryCredentials(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	pair := w.oauth("developer")
	got := w.get("", agentsPath+"?access_token="+pair.Access+"&private_token="+pair.Access)
	if got.status != http.StatusOK || strings.Contains(got.header.Get("Link"), pair.Access) {
		t.Errorf("GET = %d, Link %s, want 200 and no credential", got.status, got.header.Get("Link"))
	}
}

func TestLinksOfAMisconfiguredInstance(t *testing.T) {
	t.Parallel()
	w := newWorld(t, gitlabtest.WithSettings(func(s *gitlabtest.Settings) { s.LinkHost = "http://gitlab.internal:8080" }))
	link := w.get("developer", agentsPath).header.Get("Link")
	if !strings.HasPrefix(link, "<http://gitlab.internal:8080/api/v4/projects/20/cluster_agents?") {
		t.Errorf("Link = %s, want it to lead to gitlab.internal", link)
	}
}

func TestKeysetPagination(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		sort string
		want []int64
	}{
		{"asc", []int64{apiProject, publicProject, archivedProject}},
		{"desc", []int64{archivedProject, publicProject, apiProject}},
	} {
		t.Run(tt.sort, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			var got []int64
			next := "/v4/projects?pagination=keyset&order_by=id&per_page=2&sort=" + tt.sort
			for next != "" {
				page := w.get("developer", next)
				ids := projectIDs(t, page)
				if len(ids) > 2 {
					t.Errorf("a page has %d rows, want 2 at most", len(ids))
				}
				got = append(got, ids...)
				if page.header.Get("X-Page") != "" {
					t.Errorf("X-Page = %s, want none of the X- headers", page.header.Get("X-Page"))
				}
				target, rel, found := strings.Cut(page.header.Get("Link"), ">; ")
				if found && rel != `rel="next"` {
					t.Fatalf("Link = %s, want a next page only", page.header.Get("Link"))
				}
				next = strings.TrimPrefix(target, "<"+w.URL+"/api")
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("projects (-want +got):\n%s", diff)
			}
		})
	}
}

func TestKeysetPagesCarryTheirSizeOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range 101 {
		w.AddProject(gitlabtest.Project{Path: fmt.Sprintf("p%d", i), Group: 1})
	}
	link := w.get("admin", "/v4/projects?pagination=keyset&order_by=id&sort=asc&per_page=500").header.Get("Link")
	if !strings.Contains(link, "&per_page=100&") {
		t.Errorf("Link = %s, want pages of 100", link)
	}
}
