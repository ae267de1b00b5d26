package handlers_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

// organisation adds a group that nobody but dev sees, and an administrator.
func (p *portal) organisation() {
	group := p.gitlab.AddGroup(gitlabtest.Group{Path: "data", Name: "Data"})
	project := p.gitlab.AddProject(gitlabtest.Project{Path: "lake", Group: group})
	p.gitlab.AddGroupMember(group, p.people["dev"], gitlabtest.Developer)
	for _, name := range []string{"lake-prod", "lake-dev"} {
		p.gitlab.AddAgent(gitlabtest.Agent{Project: project, Name: name})
	}
	p.people["root"] = p.gitlab.AddUser(gitlabtest.User{Username: "root", Admin: true})
}

const (
	inShop     = "scope=group%3Ashop"
	inData     = "scope=group%3Adata"
	everything = "scope=everything"
)

func TestTheFleetHasTheScopeOfItsAddress(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		person, query string
		want          []string
		notice        string
	}{
		"one's own":                       {"dev", "", []string{"idle", "lake-dev", "lake-prod", "prod"}, ""},
		"a scope that makes no sense":     {"dev", "scope=group%3A", []string{"idle", "lake-dev", "lake-prod", "prod"}, ""},
		"a group":                         {"dev", inData, []string{"lake-dev", "lake-prod"}, ""},
		"a group of which one has a part": {"lead", inShop, []string{"idle", "prod"}, ""},
		"everything for a member":         {"lead", everything, []string{"idle", "prod"}, "no agents beyond your own projects"},
		"everything for who has nothing":  {"outsider", everything, nil, "no agents beyond your own projects"},
		"everything for an administrator": {"root", everything, []string{"idle", "lake-dev", "lake-prod", "prod"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPortal(t)
			p.organisation()
			page := p.as(tc.person).whole(tc.query)
			got := agentsShown(page)
			slices.Sort(got)
			if !slices.Equal(got, tc.want) || page.status != http.StatusOK {
				t.Errorf("%d: the fleet is %v, want %v", page.status, got, tc.want)
			}
			if notice := page.text("#fleet .notice-title"); !strings.Contains(notice, tc.notice) || tc.notice == "" && notice != "" {
				t.Errorf("the notice reads %q, want %q", notice, tc.notice)
			}
			if page.doc.Find(".scopes [aria-current]").Length() != 1 {
				t.Errorf("the scope is not marked: %s", page.text(".scopes"))
			}
		})
	}
}

// Whatever a page of a scope leads to that shows the fleet, shows it in that scope.
func TestNoLinkOfTheFleetForgetsItsScope(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	p.organisation()
	project := p.gitlab.AddProject(gitlabtest.Project{Path: "many", Group: p.shop})
	for range 120 {
		p.gitlab.AddAgent(gitlabtest.Agent{Project: project, Name: "a"})
	}
	root := p.as("root")
	root.get("/?" + everything) // which begins to read
	waiting := root.get("/?" + everything)
	page := root.whole(everything + "&page=2&sort=name&status=never_connected")
	tried := 0
	for _, link := range page.doc.Find("#fleet a, #fleet [hx-get], #fleet [hx-sse\\:connect]").EachIter() {
		for _, attribute := range []string{"href", "hx-get", "hx-sse:connect"} {
			address := link.AttrOr(attribute, "")
			if at, err := url.Parse(address); err != nil || address == "" || strings.HasPrefix(at.Path, "/projects") || strings.HasPrefix(at.Path, "/help") {
				continue
			}
			if tried++; !strings.Contains(address, everything) {
				t.Errorf("%s forgets the scope", address)
			}
		}
	}
	if tried < 15 {
		t.Errorf("only %d links were tried", tried)
	}
	if got := hiddenFields(page.doc.Find("form.fleet-search")); got.Get("scope") != "everything" {
		t.Errorf("the search leads to the scope %q", got.Get("scope"))
	}
	if stream := waiting.doc.Find("#scan-progress").AttrOr("hx-sse:connect", everything); !strings.Contains(stream, everything) {
		t.Errorf("the progress is that of %s", stream)
	}
	refreshed := root.get("/?refresh=1&" + everything)
	if at := refreshed.header.Get("Location"); at != "/?"+everything {
		t.Errorf("after reading anew comes %s", at)
	}
}

func TestAGroupThatIsNotTheirsToSeeIsNotFound(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	p.organisation()
	p.gitlab.AddGroup(gitlabtest.Group{Path: "77"})
	p.gitlab.AddGroup(gitlabtest.Group{Path: "nested", Parent: p.shop})
	inLanguages(t, p.as("lead"), func(t *testing.T, b *browser, lang string) {
		t.Helper()
		var texts []string
		for _, path := range []string{
			"/?" + inData, "/?wait=1&" + inData, "/?scope=group%3Anothing", "/?scope=group%3A1", "/?scope=group%3A..", "/?scope=group%3Ashop%2Fpayments",
			"/fleet.csv?" + inData, "/fleet.json?scope=group%3Anothing",
		} {
			got := b.get(path)
			if got.status != http.StatusNotFound {
				t.Errorf("%s: GET %s = %d, want 404", lang, path, got.status)
			}
			texts = append(texts, got.text("h1")+got.text("main p:not(.request-id)"))
			if got.doc.Find("main a[href='/groups']").Length() != 1 {
				t.Errorf("%s: %s does not lead to the groups: %s", lang, path, got.text("main"))
			}
		}
		if texts = slices.Compact(texts); len(texts) != 1 || !strings.Contains(texts[0], map[string]string{"en": "Group not found", "zh-CN": "未找到群组"}[lang]) {
			t.Errorf("%s: more is said than that it is not found: %q", lang, texts)
		}
	})
}

func TestWhatOnePersonReadsOfAGroupNobodyElseIsShown(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	p.organisation()
	if got := agentsShown(p.as("dev").whole(inData)); len(got) != 2 {
		t.Fatalf("dev sees %v", got)
	}
	for _, who := range []string{"lead", "outsider"} {
		if page := p.as(who).get("/?" + inData); page.status != http.StatusNotFound || strings.Contains(page.body, "lake-prod") {
			t.Errorf("%s is shown it: %d", who, page.status)
		}
	}
}

func TestAGroupIsFoundByASearch(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	p.organisation()
	below := p.gitlab.AddGroup(gitlabtest.Group{Path: "storefront", Name: "Storefront & <more>", Parent: p.shop})
	p.gitlab.AddGroupMember(below, p.people["lead"], gitlabtest.Reporter)
	lead := p.as("lead")
	rows := func(a *answer) []string {
		return a.doc.Find("#groups tbody .path").Map(func(_ int, s *goquery.Selection) string { return s.Text() })
	}
	all := lead.get("/groups")
	if got := rows(all); !slices.Equal(got, []string{"shop", "shop/storefront"}) || all.doc.Find("form[role=search][action='/groups']").Length() != 1 {
		t.Errorf("lead sees %v", got)
	}
	found := lead.get("/groups?q=STORE")
	if got := rows(found); !slices.Equal(got, []string{"shop/storefront"}) || !strings.Contains(found.text("#groups"), "Storefront & <more>") {
		t.Errorf("the search finds %v", got)
	}
	if page := lead.get(found.doc.Find("#groups tbody a").AttrOr("href", "") + "&wait=1"); page.status != http.StatusOK || page.text(".scope-group") != "shop/storefront" || !strings.Contains(page.text("#fleet .empty"), "No agents to see") {
		t.Errorf("the group leads to %d: %s", page.status, page.text("main"))
	}
	part := lead.htmx("section#groups").get("/groups?q=nothing")
	if part.doc.Find("h1").Length() != 0 || !strings.Contains(part.text("#groups"), "No group matches") {
		t.Errorf("as a part: %s", part.body)
	}
	if got := rows(p.as("outsider").get("/groups")); len(got) != 0 {
		t.Errorf("an outsider sees %v", got)
	}
	p.gitlab.Inject(gitlabtest.OpListGroups, gitlabtest.Status(503).Times(10))
	if got := lead.get("/groups"); got.status < 500 {
		t.Errorf("while GitLab does not answer: %d", got.status)
	}
}

func TestExportsHaveTheScopeAndSayWhichAgentsAreReceptive(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	p.organisation()
	p.gitlab.AddAgent(gitlabtest.Agent{Project: p.project, Name: "inbound", Receptive: true})
	root := p.as("root")
	var got struct {
		Scope  string
		Agents []struct {
			Agent     string
			Receptive bool
		}
	}
	if err := json.Unmarshal([]byte(root.get("/fleet.json?"+inShop).body), &got); err != nil {
		t.Fatal(err)
	}
	receptive := map[string]bool{}
	for _, a := range got.Agents {
		receptive[a.Agent] = a.Receptive
	}
	if got.Scope != "group:shop" || len(receptive) != 3 || !receptive["inbound"] || receptive["prod"] {
		t.Errorf("the JSON has the scope %q and %v", got.Scope, receptive)
	}
	rows := strings.Split(strings.TrimSpace(root.get("/fleet.csv?bom=0&q=lake-prod&"+everything).body), "\r\n")
	if len(rows) != 2 || !strings.HasSuffix(rows[0], ",receptive,config") || !strings.Contains(rows[1], "data/lake") || !strings.HasSuffix(rows[1], ",false,none") {
		t.Errorf("the CSV is %q", rows)
	}
}

func TestWhatIsTooMuchToReadIsSaidWithoutAnOfferToTryAgain(t *testing.T) {
	t.Parallel()
	p := newPortal(t, func(s *setUp) { s.maxProjects = 100 })
	for range 101 {
		id := p.gitlab.AddProject(gitlabtest.Project{Path: "x", Group: p.shop})
		p.gitlab.AddMember(id, p.people["lead"], gitlabtest.Developer)
	}
	page := p.as("lead").whole("")
	if text := page.text(".fleet-warnings"); !strings.Contains(text, "Choose a group") || page.doc.Find(".fleet-warnings li a").Length() != 0 {
		t.Errorf("it says %q", text)
	}
}
