package handlers_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

// projectsShown reads the list of projects: full path → can manage.
func projectsShown(page *answer) map[string]bool {
	found := map[string]bool{}
	page.doc.Find("#projects tbody tr").Each(func(_ int, row *goquery.Selection) {
		path := row.Find("th[scope=row] bdi").Last().Text()
		found[path] = strings.Contains(row.Find("td[data-label='Your access']").Text(), "Can manage")
	})
	return found
}

func TestProjectsSayWhatCanBeManaged(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	inherited := p.gitlab.AddGroup(gitlabtest.Group{Path: "platform"})
	p.gitlab.AddGroupMember(inherited, p.people["lead"], gitlabtest.Maintainer)
	p.gitlab.AddProject(gitlabtest.Project{Path: "clusters", Group: inherited})
	reader := p.gitlab.AddProject(gitlabtest.Project{Path: "readable", Group: inherited})
	p.gitlab.AddMember(reader, p.people["dev"], gitlabtest.Developer)
	guest := p.gitlab.AddProject(gitlabtest.Project{Path: "guest", Group: p.gitlab.AddGroup(gitlabtest.Group{Path: "else"})})
	p.gitlab.AddMember(guest, p.people["lead"], gitlabtest.Guest)

	got := projectsShown(p.as("lead").get("/projects"))
	want := map[string]bool{"shop/payments": true, "platform/clusters": true, "platform/readable": true}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("the lead sees %v, want %v", got, want)
	}
	got = projectsShown(p.as("dev").get("/projects"))
	want = map[string]bool{"shop/payments": false, "platform/readable": false}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("the developer sees %v, want %v", got, want)
	}
}

func TestManagedProjectsAreToldOnEveryPage(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	group := p.gitlab.AddGroup(gitlabtest.Group{Path: "many"})
	for i := range 130 {
		project := p.gitlab.AddProject(gitlabtest.Project{Path: fmt.Sprintf("p-%03d", i), Group: group})
		level := gitlabtest.Developer
		if i%2 == 0 {
			level = gitlabtest.Maintainer
		}
		p.gitlab.AddMember(project, p.people["lead"], level)
	}
	lead := p.as("lead")
	seen, managed := 0, 0
	for address := "/projects"; address != ""; {
		page := lead.get(address)
		for _, canManage := range projectsShown(page) {
			seen++
			if canManage {
				managed++
			}
		}
		address = page.doc.Find("a[rel=next]").AttrOr("href", "")
	}
	if seen != 131 || managed != 66 {
		t.Errorf("over all pages %d projects, %d managed; want 131 and 66", seen, managed)
	}
}

func TestSearchFindsGroupsAndProjects(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	lead := p.as("lead")
	for query, want := range map[string]int{"payments": 1, "shop": 1, "nothing-like-that": 0, "%20": 1, "%3Cscript%3E": 0} {
		page := lead.get("/projects?q=" + query)
		if got := len(projectsShown(page)); page.status != http.StatusOK || got != want {
			t.Errorf("searching %q = %d with %d projects, want %d", query, page.status, got, want)
		}
	}
	fragment := lead.htmx("projects").get("/projects?q=pay")
	if strings.Contains(fragment.body, "<html") || len(projectsShown(fragment)) != 1 {
		t.Errorf("searching as a fragment: %s", fragment.body)
	}
}
