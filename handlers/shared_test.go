package handlers_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

// lend adds three agents of other projects that p.project may use: one that lead may open, one of a
// project that lead sees without its agents, and one of a project that lead does not see.
func (p *portal) lend() {
	group := p.gitlab.AddGroup(gitlabtest.Group{Path: "platform", Visibility: gitlabtest.Public})
	for path, visibility := range map[string]gitlabtest.Visibility{"clusters": gitlabtest.Private, "open": gitlabtest.Public, "secret": gitlabtest.Private} {
		project := p.gitlab.AddProject(gitlabtest.Project{Path: path, Group: group, Visibility: visibility})
		agent := gitlabtest.Agent{Project: project, Name: "of-" + path, CIAccess: []int64{p.project}}
		if path == "clusters" {
			p.gitlab.AddMember(project, p.people["lead"], gitlabtest.Developer)
			agent.UserAccess = agent.CIAccess
			agent.AccessConfig = `{"environments":["production","staging"],"protected_branches_only":true,"access_as":{"agent":{}}}`
		}
		id := p.gitlab.AddAgent(agent)
		p.gitlab.AddToken(gitlabtest.Token{Agent: id, Name: "t", Live: true})
	}
}

const sharedPath = "/projects/{project}/shared-agents"

func TestAProjectSaysWhichAgentsAreSharedWithIt(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	p.lend()
	inLanguages(t, p.as("lead"), func(t *testing.T, b *browser, lang string) {
		t.Helper()
		page := b.get(p.address(sharedPath))
		if page.status != http.StatusOK {
			t.Fatalf("%s: %d: %s", lang, page.status, page.text("main"))
		}
		rows := map[string]*goquery.Selection{}
		for _, row := range page.doc.Find("#shared tbody tr").EachIter() {
			rows[row.Find("th").Text()] = row
		}
		if len(rows) != 3 || rows["prod"] != nil {
			t.Fatalf("%s: listed are %v, want the three of others", lang, page.text("#shared"))
		}
		words := map[string][]string{
			"en":    {"Connected", "Only for 2 environments: production, staging. Only for protected branches and tags.", "Not visible to you", "a project that you may not see"},
			"zh-CN": {"已连接", "仅限 2 个环境：production、staging。仅限受保护的分支和标签。", "您无权查看", "您无权查看的项目"},
		}[lang]
		for name, want := range map[string][]string{
			"of-clusters": {"platform/clusters", words[0], "ci_access", "user_access", words[1]},
			"of-open":     {"platform/open", words[2], "ci_access"},
			"of-secret":   {words[3], words[2], "ci_access"},
		} {
			for _, part := range want {
				if !strings.Contains(rows[name].Text(), part) {
					t.Errorf("%s: the row of %s lacks %q: %q", lang, name, part, rows[name].Text())
				}
			}
		}
		if strings.Contains(rows["of-open"].Text(), "user_access") || strings.Contains(page.body, "platform/secret") {
			t.Errorf("%s: more is said than GitLab says", lang)
		}
	})
}

func TestNoLinkOfSharedAgentsLeadsNowhere(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	p.lend()
	lead := p.as("lead")
	links := lead.get(p.address(sharedPath)).doc.Find("#shared a").Map(func(_ int, a *goquery.Selection) string { return a.AttrOr("href", "") })
	if len(links) != 2 {
		t.Errorf("the links are %v, want those to one agent and its project", links)
	}
	for _, link := range links {
		if got := lead.get(link); got.status != http.StatusOK {
			t.Errorf("%s = %d", link, got.status)
		}
	}
}

func TestAProjectsPageDoesNotWaitForSharedAgents(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	p.lend()
	lead := p.as("lead")
	page := lead.get(p.address("/projects/{project}/agents"))
	later := page.doc.Find("#shared")
	address := p.address(sharedPath)
	if later.AttrOr("hx-get", "") != address || later.AttrOr("hx-trigger", "") != "load" || later.Find("a").AttrOr("href", "") != address {
		t.Errorf("the list is asked for by %v", later.Nodes)
	}
	if strings.Contains(page.body, "of-clusters") {
		t.Error("it is on the page already")
	}
	p.gitlab.ResetCounters()
	part := lead.htmx("section#shared").get(address)
	if part.doc.Find("h1").Length() != 0 || part.doc.Find("section#shared tbody tr").Length() != 3 {
		t.Errorf("the part is %s", part.body)
	}
	if n := len(p.gitlab.Requests()); n != 2 {
		t.Errorf("the part costs %d calls, want one for the list and one for the agents that one may open", n)
	}
}

func TestWhatIsNotKnownOfSharedAgentsIsSaid(t *testing.T) {
	t.Parallel()
	const none = "No agent of another project"
	for name, tc := range map[string]struct {
		person string
		change func(*portal)
		status int
		want   string
	}{
		"none":            {"lead", func(*portal) {}, 200, none},
		"without GraphQL": {"lead", func(p *portal) { p.gitlab.Configure(func(s *gitlabtest.Settings) { s.GraphQLOff = true }) }, 200, "only over GraphQL"},
		"before GitLab 16.1": {"lead", func(p *portal) {
			p.gitlab.Configure(func(s *gitlabtest.Settings) { s.GraphQLLacks = []string{"Project.ciAccessAuthorizedAgents"} })
		}, 200, "from version 16.1 on"},
		"a Reporter": {"outsider", func(p *portal) { p.gitlab.AddMember(p.project, p.people["outsider"], gitlabtest.Reporter) }, 200, "only to people with at least the Developer role"},
		"a GitLab that is busy": {"lead", func(p *portal) {
			p.gitlab.Inject(gitlabtest.OpGraphQL, gitlabtest.Status(500).Times(20))
		}, 200, "GitLab did not answer"},
		"somebody else's project": {"outsider", func(*portal) {}, 404, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPortal(t)
			b := p.as(tc.person)
			tc.change(p)
			got := b.get(p.address(sharedPath))
			if got.status != tc.status || !strings.Contains(got.text("#shared"), tc.want) || tc.want != none && strings.Contains(got.text("main"), none) {
				t.Errorf("%d: %q, want %d and %q", got.status, got.text("main"), tc.status, tc.want)
			}
		})
	}
}

func TestManySharedAgentsAreSaidToBeMore(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	project := p.gitlab.AddProject(gitlabtest.Project{Path: "clusters", Group: p.shop})
	for range 130 {
		p.gitlab.AddAgent(gitlabtest.Agent{Project: project, Name: "a", CIAccess: []int64{p.project}})
	}
	page := p.as("lead").get(p.address(sharedPath))
	if n := page.doc.Find("#shared tbody tr").Length(); n < 90 || n > 100 || !strings.Contains(page.text("#shared"), "GitLab has more of them") {
		t.Errorf("%d are listed: %s", n, page.text("#shared > p"))
	}
	if texts := page.doc.Find("#shared p").Map(func(_ int, s *goquery.Selection) string { return s.Text() }); slices.Contains(texts, "") {
		t.Error("an empty sentence")
	}
}
