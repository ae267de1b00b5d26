package views

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/a-h/templ"

	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/i18n"
)

const (
	longName = "a-very-long-agent-name-that-uses-all-of-the-sixty-three-letters"
	// hostileName tries to break out of text and attributes, and turns what follows it around.
	hostileName = `"'></b><script>alert(1)</script><img src=x onerror=alert(1)>{{.Name}} ` + "\u202e live"
	secretValue = "glagent-canary_fR3Loq4xyg-"
)

// testNow is the moment at which every test page is read.
func testNow() time.Time { return time.Date(2026, 11, 24, 3, 7, 0, 0, time.UTC) }

func before(d time.Duration) time.Time { return testNow().Add(-d) }

// testPage is the chrome of a signed-in person.
func testPage(lang i18n.Lang) Page {
	return Page{
		L: i18n.For(lang), U: URLs{Base: "/portal"}, Now: testNow(),
		CSS: "/portal/static/app.css", JS: "/portal/static/app.js", Icon: "/portal/static/icons.svg", Favicon: "/portal/static/favicon.svg",
		Title: "Title", Path: "/portal/projects", User: &User{Name: "Mara Lindqvist", Username: "mara"},
		SignOutNonce: "sign-out-nonce", PreferencesNonce: "preferences-nonce", GitLabName: "gitlab.example.com", GitLabURL: "https://gitlab.example.com",
	}
}

// testProject is a project that the person may manage.
func testProject() Project {
	return Project{
		Project: agent.Project{ID: 20, Name: "checkout", Path: "shop/platform/checkout", Maintains: true, Access: agent.AccessManage},
		URL:     "https://gitlab.example.com/shop/platform/checkout",
	}
}

func hostileProject() Project {
	return Project{
		Project: agent.Project{ID: 20, Name: hostileName, Path: hostileName, Maintains: true, Access: agent.AccessManage},
		URL:     "javascript:alert(1)",
	}
}

// with is the project with another access.
func (m Project) with(access agent.Access) Project {
	m.Access = access
	return m
}

// used is a token that was used so long ago.
func used(ago time.Duration) agent.Token {
	return agent.Token{CreatedAt: before(80 * 24 * time.Hour), LastUsedAt: before(ago), UseKnown: true}
}

func testAgents() []agent.Agent {
	created := before(300 * 24 * time.Hour)
	never := agent.Token{CreatedAt: created, UseKnown: true}
	return []agent.Agent{
		{ID: 1, Name: "prod-eu", Tokens: []agent.Token{used(2 * time.Minute), never}, TokenCount: 2, CreatedBy: agent.Person{Name: "Mara Lindqvist"}, CreatedAt: created},
		{ID: 2, Name: "prod-us", Tokens: []agent.Token{used(3 * time.Hour)}, TokenCount: 1, CreatedBy: agent.Person{Name: hostileName}, CreatedAt: created},
		{ID: 3, Name: longName, CreatedAt: created},
		{ID: 4, Name: "lab", TokenCount: agent.Unread, CreatedAt: created},
	}
}

func testTokens() []agent.Token {
	first, second := used(2*time.Minute), agent.Token{CreatedAt: before(80 * 24 * time.Hour), UseKnown: true}
	first.ID, first.Name, first.Description, first.CreatedBy = 7, "prod cluster", "by Helm", agent.Person{Name: "Mara Lindqvist"}
	second.ID, second.Name, second.Description = 8, hostileName, hostileName
	return []agent.Token{first, second}
}

func testConnect() ConnectModel {
	return ConnectModel{
		Known: true, KASEnabled: true, KASAddress: "wss://kas.example.com",
		Variants: []ConnectVariant{
			{ID: "helm", Name: "Helm", Text: "One command.", Steps: testSteps()},
			{ID: "glab", Name: "glab", Text: "GitLab's own.", Warning: &Notice{Kind: NoticeWarning, Title: "glab, flux"}, Steps: []Snippet{
				{ID: "glab-glab", Title: "Run glab", Code: "glab"},
			}},
		},
	}
}

func testSteps() []Snippet {
	return []Snippet{{ID: "helm-secret", Title: "Put the token into a secret", Text: "In a shell.", Code: "read -rs T\nprintf %s \"$T\""}}
}

func testAgent() AgentModel {
	m := AgentModel{Project: testProject(), Agent: testAgents()[0], Tab: TabTokens, Connect: testConnect()}
	m.SetTokens(testTokens()[:1])
	return m
}

func testReveal() RevealModel {
	return RevealModel{
		Project: testProject(), AgentID: 1, AgentName: "prod-eu", TokenID: 9, TokenName: "prod cluster",
		Secret: secretValue, Nonce: "form-nonce", Connect: testConnect(),
	}
}

// html renders a component to text.
func html(t *testing.T, component templ.Component) string {
	t.Helper()
	var buffer bytes.Buffer
	if err := component.Render(t.Context(), &buffer); err != nil {
		t.Fatalf("rendering: %v", err)
	}
	return buffer.String()
}

// render renders a component to a document to be searched.
func render(t *testing.T, component templ.Component) *goquery.Document {
	t.Helper()
	return parse(t, html(t, component))
}

func parse(t *testing.T, markup string) *goquery.Document {
	t.Helper()
	document, err := goquery.NewDocumentFromReader(strings.NewReader(markup))
	if err != nil {
		t.Fatalf("parsing: %v", err)
	}
	return document
}

// wantText checks that the one element that selector finds holds text.
func wantText(t *testing.T, in *goquery.Selection, selector, text string) {
	t.Helper()
	found := in.Find(selector)
	if found.Length() == 0 {
		t.Errorf("%s: not there, want one with %q", selector, text)
		return
	}
	if got := squeeze(found.First().Text()); !strings.Contains(got, text) {
		t.Errorf("%s reads %q, want %q in it", selector, got, text)
	}
}

// wantCount checks how many elements selector finds.
func wantCount(t *testing.T, in *goquery.Selection, selector string, want int) {
	t.Helper()
	if got := in.Find(selector).Length(); got != want {
		t.Errorf("%s: found %d, want %d", selector, got, want)
	}
}

// wantAttr checks an attribute of the first element that selector finds.
func wantAttr(t *testing.T, in *goquery.Selection, selector, attribute, want string) {
	t.Helper()
	if got := in.Find(selector).AttrOr(attribute, "(none)"); got != want {
		t.Errorf("%s %s = %q, want %q", selector, attribute, got, want)
	}
}

func squeeze(text string) string { return strings.Join(strings.Fields(text), " ") }

// many returns n agents with different names.
func many(n int) []agent.Agent {
	rows := make([]agent.Agent, 0, n)
	for i := range n {
		row := testAgents()[i%4]
		row.ID, row.Name = int64(i+1), fmt.Sprintf("cluster-%d-of-the-shop-in-region-%d", i, i*37%11)
		rows = append(rows, row)
	}
	return rows
}
