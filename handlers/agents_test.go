package handlers_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/google/go-cmp/cmp"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

// statuses reads the list of agents: name → the status in words.
func statuses(page *answer) map[string]string {
	found := map[string]string{}
	page.doc.Find("#agents tbody tr").Each(func(_ int, row *goquery.Selection) {
		found[strings.TrimSpace(row.Find("a").First().Text())] = strings.TrimSpace(row.Find("td").First().Text())
	})
	return found
}

func TestP26TheListShowsEachAgentsStatus(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	old := p.gitlab.AddAgent(gitlabtest.Agent{Project: p.project, Name: "old", CreatedBy: p.people["lead"]})
	p.gitlab.AddToken(gitlabtest.Token{Agent: old, Name: "t", LastUsedAt: p.clock.Now().AddDate(0, -1, 0)})
	want := map[string]string{"idle": "Never connected", "old": "Not connected", "prod": "Connected"}
	unknown := map[string]string{"idle": "Unknown", "old": "Unknown", "prod": "Unknown"}
	tests := []struct {
		name   string
		inject func()
		want   map[string]string
	}{
		{"by GraphQL", func() {}, want},
		{"by single reads when GraphQL is off", func() { p.gitlab.Configure(func(s *gitlabtest.Settings) { s.GraphQLOff = true }) }, want},
		{"as unknown when neither answers", func() { p.gitlab.Inject(gitlabtest.OpGetToken, gitlabtest.BadGateway()) }, map[string]string{"idle": "Never connected", "old": "Unknown", "prod": "Unknown"}},
		{"as unknown when not even tokens are listed", func() { p.gitlab.Inject(gitlabtest.OpListTokens, gitlabtest.BadGateway()) }, unknown},
	}
	lead := p.as("lead")
	for _, tt := range tests {
		tt.inject()
		page := lead.get(p.address("/projects/{project}/agents"))
		if diff := cmp.Diff(tt.want, statuses(page)); page.status != http.StatusOK || diff != "" {
			t.Errorf("status %s: GET = %d (-want +got):\n%s", tt.name, page.status, diff)
		}
	}
}

func TestTheListNamesCreatorsAlsoWithoutGraphQL(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	p.gitlab.Configure(func(s *gitlabtest.Settings) { s.GraphQLOff = true })
	page := p.as("dev").get(p.address("/projects/{project}/agents"))
	for _, name := range []string{"Lead Person", "Dev Person"} {
		if !strings.Contains(page.text("#agents"), name) {
			t.Errorf("the list does not name %s: %s", name, page.text("#agents"))
		}
	}
	if n := p.gitlab.Calls(gitlabtest.OpGetUser); n != 2 {
		t.Errorf("%d people were looked up, want each once", n)
	}
}

func TestTheListIsPaged(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	for i := range 100 {
		p.gitlab.AddAgent(gitlabtest.Agent{Project: p.project, Name: fmt.Sprintf("agent-%03d", i), CreatedBy: p.people["lead"]})
	}
	lead := p.as("lead")
	first := lead.get(p.address("/projects/{project}/agents"))
	second := lead.get(p.address("/projects/{project}/agents?page=2"))
	third := lead.get(p.address("/projects/{project}/agents?page=3"))
	for i, page := range []*answer{first, second, third} {
		if got, want := len(statuses(page)), []int{50, 50, 2}[i]; got != want {
			t.Errorf("page %d has %d agents, want %d", i+1, got, want)
		}
	}
	if next := first.doc.Find("a[rel=next]").AttrOr("href", ""); next != p.address("/projects/{project}/agents?page=2") {
		t.Errorf("the first page's next = %q", next)
	}
	if third.doc.Find("a[rel=next]").Length() != 0 {
		t.Error("the last page has a next one")
	}
	for _, page := range []string{"0", "-1", "x", "99999999999999999999"} {
		if got := lead.get(p.address("/projects/{project}/agents?page=") + page); got.status != http.StatusOK || len(statuses(got)) != 50 {
			t.Errorf("page=%s = %d with %d agents, want the first page", page, got.status, len(statuses(got)))
		}
	}
}

func TestFragmentsAndPagesAreOneComponent(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	lead := p.as("lead")
	for _, path := range []string{"/projects", p.address("/projects/{project}/agents"), p.address("/projects/{project}/agents/new"), p.agentPath(p.prod) + "/tokens/new"} {
		page, fragment := lead.get(path), lead.htmx("dialog-body").get(path)
		if page.doc.Find("html[lang]").Length() != 1 || strings.Contains(fragment.body, "<html") {
			t.Errorf("GET %s: the page is one: %v; the fragment is one: %v", path, page.doc.Find("html[lang]").Length() == 1, strings.Contains(fragment.body, "<html"))
		}
		if fragment.header.Get("Vary") == "" {
			t.Errorf("GET %s varies by nothing", path)
		}
	}
}

func TestP23WhatIsNotVisibleDoesNotExist(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	foreign := p.gitlab.AddProject(gitlabtest.Project{Path: "secret", Group: p.gitlab.AddGroup(gitlabtest.Group{Path: "hidden"})})
	foreignAgent := p.gitlab.AddAgent(gitlabtest.Agent{Project: foreign, Name: "foreign"})
	lead := p.as("lead")
	id := func(n int64) string { return strconv.FormatInt(n, 10) }
	paths := []string{
		"/projects/" + id(foreign) + "/agents", "/projects/999999/agents", "/projects/0/agents", "/projects/-1/agents", "/projects/x/agents",
		"/projects/99999999999999999999999/agents", "/projects/%2e%2e/agents", "/projects/shop%2Fpayments/agents",
		p.address("/projects/{project}/agents/") + id(foreignAgent), "/projects/" + id(foreign) + "/agents/" + id(p.prod),
		p.address("/projects/{project}/agents/999999/tokens/new"), p.agentPath(p.prod) + "/tokens/999999/revoke",
		"/go/hidden/secret", "/go/payments", "/go/a%2f..%2fb", "/go/" + strings.Repeat("a/", 500),
	}
	requestID := func(body string) string {
		_, rest, _ := strings.Cut(body, `<main`)
		return rest
	}
	var first string
	for i, path := range paths {
		got := lead.get(path)
		if got.status != http.StatusNotFound {
			t.Errorf("GET %s = %d, want 404", path, got.status)
			continue
		}
		// Unknown and forbidden must read the same, but for the request's own number.
		text := strings.ReplaceAll(requestID(got.body), got.header.Get("X-Request-Id"), "")
		text, _, _ = strings.Cut(text, "</main>")
		if i == 0 {
			first = text
		} else if diff := cmp.Diff(first, text); diff != "" {
			t.Errorf("GET %s reads differently (-forbidden +this):\n%s", path, diff)
		}
	}
}

func TestGoLeadsFromAPathToTheNumericPage(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	for _, path := range []string{"/go/shop/payments", "/go/shop/payments/"} {
		if got := p.as("dev").get(path); got.status != http.StatusSeeOther || got.header.Get("Location") != p.address("/projects/{project}/agents") {
			t.Errorf("GET %s = %d to %q", path, got.status, got.header.Get("Location"))
		}
	}
}

func TestRegisteringWithAFirstTokenRevealsIt(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	lead := p.as("lead")
	form := lead.get(p.address("/projects/{project}/agents/new"))
	if _, on := form.doc.Find("[name=first_token]").Attr("checked"); !on {
		t.Error("the first token is not on by default")
	}
	got := lead.submit(p.address("/projects/{project}/agents/new"), url.Values{"name": {"staging"}, "first_token": {"1"}})
	if secret := secretIn(t, got); secret != p.newestAgentSecret() {
		t.Error("the secret shown is not the one that GitLab made")
	}
	if list := statuses(lead.get(p.address("/projects/{project}/agents"))); list["staging"] != "Never connected" {
		t.Errorf("the list afterwards: %v", list)
	}
}

func TestRegisteringWithoutATokenLeadsToTheAgent(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	lead := p.as("lead")
	got := lead.submit(p.address("/projects/{project}/agents/new"), url.Values{"name": {"staging"}})
	page := lead.get(got.header.Get("Location"))
	if got.status != http.StatusSeeOther || page.text("h1") != "staging" || !strings.Contains(page.text("#notice"), "staging") {
		t.Errorf("registering = %d; then %q with notice %q", got.status, page.text("h1"), page.text("#notice"))
	}
	if n := p.gitlab.Calls(gitlabtest.OpCreateToken); n != 0 {
		t.Errorf("GitLab saw %d creates, want none", n)
	}
}

func TestAgentNameProblemsAreSaidBesideTheField(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	lead := p.as("lead")
	for _, name := range []string{
		"", " ", "Prod", "-a", "a-", "a b", " a", "a\n", "ü", "a_b", "a.b", "<b>x</b>", "a\u202eb", "a\x00b",
		strings.Repeat("a", 64), strings.Repeat("ä", 40), "prod",
	} {
		got := lead.submit(p.address("/projects/{project}/agents/new"), url.Values{"name": {name}})
		input := got.doc.Find("[name=name]")
		if got.status != http.StatusUnprocessableEntity || input.AttrOr("aria-invalid", "") != "true" {
			t.Errorf("registering %q = %d, aria-invalid %q", name, got.status, input.AttrOr("aria-invalid", ""))
		}
		if typed := input.AttrOr("value", ""); typed != strings.ReplaceAll(name, "\x00", "\uFFFD") {
			t.Errorf("registering %q: the field came back as %q", name, typed)
		}
		if _, on := got.doc.Find("[name=first_token]").Attr("checked"); on {
			t.Errorf("registering %q: the choice of no first token was lost", name)
		}
	}
	if n := p.gitlab.Calls(gitlabtest.OpRegisterAgent); n != 0 {
		t.Errorf("GitLab saw %d registrations, want none", n)
	}
}

func TestGitLabsOwnRefusalIsPassedOn(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	p.gitlab.Inject(gitlabtest.OpRegisterAgent, gitlabtest.Message(http.StatusBadRequest, "400 Bad request - Name is <b>reserved</b>"))
	got := p.as("lead").submit(p.address("/projects/{project}/agents/new"), url.Values{"name": {"staging"}})
	if got.status != http.StatusUnprocessableEntity || !strings.Contains(got.text("#form-notice"), "Name is <b>reserved</b>") {
		t.Errorf("a refusal = %d %q", got.status, got.text("#form-notice"))
	}
	if typed := got.doc.Find("[name=name]").AttrOr("value", ""); typed != "staging" {
		t.Errorf("the name came back as %q", typed)
	}
}

func TestARegisteredAgentWithoutItsTokenIsNoFailure(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	p.gitlab.Inject(gitlabtest.OpCreateToken, gitlabtest.Message(http.StatusBadRequest, "400 Bad request - no"))
	lead := p.as("lead")
	got := lead.submit(p.address("/projects/{project}/agents/new"), url.Values{"name": {"staging"}, "first_token": {"1"}})
	page := lead.get(got.header.Get("Location"))
	if got.status != http.StatusSeeOther || page.text("h1") != "staging" || !strings.Contains(page.text("#notice"), "did not create its first token") {
		t.Errorf("registering = %d; then %q with notice %q", got.status, page.text("h1"), page.text("#notice"))
	}
}

func TestDeletingNeedsTheNameAndEndsWithWhatIsLeft(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	lead := p.as("lead")
	ask := p.agentPath(p.prod) + "/delete"
	for _, typed := range []string{"", "Prod", "prod ", "idle"} {
		if got := lead.submit(ask, url.Values{"confirm": {typed}}); got.status != http.StatusUnprocessableEntity {
			t.Errorf("typing %q = %d, want 422", typed, got.status)
		}
	}
	got := lead.submit(ask, url.Values{"confirm": {"prod"}})
	if got.status != http.StatusOK || !strings.Contains(got.text("main"), "helm uninstall prod --namespace gitlab-agent-prod") {
		t.Errorf("deleting = %d: %s", got.status, got.text("main"))
	}
	if list := statuses(lead.get(p.address("/projects/{project}/agents"))); len(list) != 1 || list["idle"] == "" {
		t.Errorf("the list afterwards: %v", list)
	}
}

func TestArchivedProjectsAreReadOnlyAndSaySo(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	archived := p.gitlab.AddProject(gitlabtest.Project{Path: "old", Group: 1, Archived: true})
	p.gitlab.AddMember(archived, p.people["lead"], gitlabtest.Owner)
	lead := p.as("lead")
	path := "/projects/" + strconv.FormatInt(archived, 10) + "/agents"
	if page := lead.get(path); page.status != http.StatusOK || page.doc.Find("main a[href$='/new']").Length() != 0 {
		t.Errorf("GET %s = %d with a way to register", path, page.status)
	}
	if got := lead.get(path + "/new"); got.status != http.StatusForbidden || !strings.Contains(got.text("h1"), "archived") {
		t.Errorf("GET %s/new = %d %q", path, got.status, got.text("h1"))
	}
}

func TestO13AReadOnlyPortalChangesNothing(t *testing.T) {
	t.Parallel()
	p := newPortal(t, func(s *setUp) { s.readOnly = true })
	lead := p.as("lead")
	if page := lead.get(p.agentPath(p.prod)); page.status != http.StatusOK || page.doc.Find("main a[href$='/new'], main a[href$='/revoke'], main a[href$='/delete']").Length() != 0 {
		t.Errorf("the agent's page = %d with controls", page.status)
	}
	if got := lead.post(p.agentPath(p.prod)+"/tokens", url.Values{"name": {"x"}}); got.status != http.StatusForbidden {
		t.Errorf("a POST = %d, want 403", got.status)
	}
	if p.changes() != 0 {
		t.Error("GitLab was asked for a change")
	}
}

func TestThePortalLivesBelowAPath(t *testing.T) {
	t.Parallel()
	p := newPortal(t, func(s *setUp) { s.publicPath = "/agents" })
	b := p.visitor()
	asked := "/agents" + p.address("/projects/{project}/agents")
	landed := b.signIn(b.get(asked).header.Get("Location"), "lead")
	if landed.header.Get("Location") != asked {
		t.Fatalf("after signing in: %q, want %q", landed.header.Get("Location"), asked)
	}
	page := b.get(asked)
	page.doc.Find("a[href], link[href], script[src], form[action]").Each(func(_ int, s *goquery.Selection) {
		for _, name := range []string{"href", "src", "action"} {
			if address, ok := s.Attr(name); ok && strings.HasPrefix(address, "/") && !strings.HasPrefix(address, "/agents/") {
				t.Errorf("the page leads out of the portal: %s", address)
			}
		}
	})
	if got := b.get("/projects"); got.status != http.StatusNotFound || got.text("h1") == "" {
		t.Errorf("GET /projects outside of the path = %d %q, want our 404 page", got.status, got.text("h1"))
	}
	for typed, want := range map[string]string{"/agents": "/agents/", "/agents//projects": "/agents/projects", "/agents/./projects": "/agents/projects"} {
		if got := b.get(typed); got.header.Get("Location") != want {
			t.Errorf("GET %s = %d to %q, want %q", typed, got.status, got.header.Get("Location"), want)
		}
	}
}
