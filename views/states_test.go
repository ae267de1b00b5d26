package views

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/a-h/templ"
	"golang.org/x/net/html/atom"

	xhtml "golang.org/x/net/html"

	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/fleet"
	"gitlab-agent-portal/internal/i18n"
)

// state is a page in one of the states it can be in, with the fragment that htmx gets of it.
type state struct {
	name           string
	page, fragment func(Page) templ.Component
}

// both builds a state from the two components of a page and one model.
func both[M any](name string, page, fragment func(Page, M) templ.Component, model M) state {
	return state{
		name:     name,
		page:     func(p Page) templ.Component { return page(p, model) },
		fragment: func(p Page) templ.Component { return fragment(p, model) },
	}
}

func alone[M any](name string, page func(Page, M) templ.Component, model M) state {
	return state{name: name, page: func(p Page) templ.Component { return page(p, model) }}
}

// states lists every page in every state, with hostile names wherever a name can stand.
func states() []state {
	agents := AgentsModel{Project: testProject(), Agents: testAgents(), Pager: Pager{Prev: "?page=1", Next: "?page=3", Page: 2}}
	reader := agents
	reader.Project = hostileProject().with(agent.AccessRole)
	empty, emptyReader := agents, reader
	empty.Agents, emptyReader.Agents = nil, nil

	whole, limited, bare, connect := testAgent(), testAgent(), testAgent(), testAgent()
	limited.SetTokens(testTokens())
	limited.Tokens[0].UseKnown, limited.Project = false, hostileProject()
	limited.Unstored = []UnstoredToken{{TokenID: 8, TokenName: hostileName, CreatedBy: hostileName, At: testNow()}}
	bare.SetTokens(nil)
	bare.Name, bare.CreatedBy.Name, bare.Project.Access = hostileName, hostileName, agent.AccessRole
	connect.Tab, connect.Name = TabConnect, hostileName
	connect.Connect.CAFile = "gitlab-ca.pem"
	access := connect
	access.Tab, access.Access = TabAccess, hostileConfig()
	broken := access
	broken.Access = ConfigModel{State: ConfigBroken, Path: hostileName, Problems: []string{"Line 3: wrong.", hostileName}, More: 2, Detail: hostileName}

	projects := ProjectsModel{Pager: Pager{Page: 1, Pages: 3, Total: 61, Next: "?page=2"}, Projects: []agent.Project{
		{ID: 20, Name: "checkout", Path: "shop/checkout", Access: agent.AccessManage},
		{ID: 21, Name: hostileName, Path: hostileName, Description: hostileName, Archived: true},
	}}
	registered := testReveal()
	registered.Registered, registered.AgentName, registered.TokenName = true, hostileName, hostileName

	list := []state{
		alone("welcome", WelcomePage, WelcomeModel{LoginURL: "/auth/login"}),
		alone("an error", MessagePage, MessageModel{Heading: "No", Text: "Why", Actions: []Action{{"Again", "/a"}, {"Home", "/"}}, RequestID: "01J"}),
		both("fleet", FleetPage, FleetFragment, testFleet()),
		both("fleet with every problem", FleetPage, FleetFragment, troubledFleet()),
		both("fleet being read", FleetPage, FleetFragment, FleetModel{Scan: testScan(), Form: FleetForm{Query: fleet.Query{Search: hostileName, Group: hostileName}}}),
		both("fleet without agents", FleetPage, FleetFragment, FleetModel{Read: true, Projects: true}),
		both("fleet without projects", FleetPage, FleetFragment, FleetModel{Read: true}),
		both("fleet, nothing found", FleetPage, FleetFragment, FleetModel{Read: true, Projects: true, Filtered: true, UnfilteredURL: "/"}),
		both("projects", ProjectsPage, ProjectsTable, projects),
		both("no projects", ProjectsPage, ProjectsTable, ProjectsModel{}),
		both("no project found", ProjectsPage, ProjectsTable, ProjectsModel{Query: hostileName}),
		both("agents", AgentsPage, AgentsTable, agents),
		both("agents of a reader, partial", AgentsPage, AgentsTable, reader),
		both("no agents", AgentsPage, AgentsTable, empty),
		both("no agents for a reader", AgentsPage, AgentsTable, emptyReader),
		both("agent", AgentPage, AgentTab, whole),
		both("agent at its limit, partial", AgentPage, AgentTab, limited),
		both("agent without tokens for a reader", AgentPage, AgentTab, bare),
		both("agent, how to connect", AgentPage, AgentTab, connect),
		both("agent, whom it lets in", AgentPage, AgentTab, access),
		both("agent, with a broken configuration", AgentPage, AgentTab, broken),
		alone("agent deleted", AgentDeletedPage, AgentDeletedModel{Project: hostileProject(), AgentName: hostileName, Steps: testSteps()}),
		both("new token", RevealPage, RevealDialog, testReveal()),
		both("new agent with its token", RevealPage, RevealDialog, registered),
		alone("status help", StatusHelpPage, StatusHelpModel{Limits: agent.NewThresholds(36*time.Hour, 30*24*time.Hour, 90*24*time.Hour)}),
		both("palette", PalettePage, Palette, PaletteModel{Agents: []fleet.Row{testFleet().Rows[1].Row}, Projects: projects.Projects, Actions: []PaletteAction{{"Fleet", "/portal/", IconAgent}}}),
		both("palette without a match", PalettePage, Palette, PaletteModel{Query: hostileName, Unread: true}),
	}
	return slices.Concat(list, activityStates(), formStates(), rotationStates(), podStates(), useStates(), historyStates())
}

func formStates() []state {
	wrong := Field{Value: hostileName, Error: "Wrong."}
	stale := &Notice{Kind: NoticeWarning, Title: "Once more", Text: "Stale."}
	project, tokens := hostileProject(), testTokens()
	return []state{
		both("register an agent", AgentFormPage, AgentFormDialog, AgentFormModel{Project: testProject(), FirstToken: true, Form: Form{Nonce: "form-nonce"}}),
		both("register an agent, wrong", AgentFormPage, AgentFormDialog, AgentFormModel{Project: project, Name: wrong, Form: Form{Nonce: "form-nonce", Notice: stale}}),
		both("create a token", TokenFormPage, TokenFormDialog, TokenFormModel{Project: testProject(), AgentID: 1, AgentName: "prod-eu", Form: Form{Nonce: "form-nonce"}}),
		both("create a token, wrong", TokenFormPage, TokenFormDialog, TokenFormModel{Project: project, AgentID: 1, AgentName: hostileName, Name: wrong, Description: wrong, Form: Form{Nonce: "form-nonce", Notice: stale}}),
		both("create a token at the limit", TokenFormPage, TokenFormDialog, TokenFormModel{Project: project, AgentID: 1, AgentName: "prod-eu", Form: Form{Nonce: "form-nonce"}, Limit: tokens}),
		both("revoke", TokenRevokePage, TokenRevokeDialog, TokenRevokeModel{Project: testProject(), AgentID: 1, AgentName: "prod-eu", Token: tokens[0], Form: Form{Nonce: "form-nonce"}}),
		both("revoke with guard, wrong", TokenRevokePage, TokenRevokeDialog, TokenRevokeModel{Project: project, AgentID: 1, AgentName: hostileName, Token: tokens[1], LastToken: true, Guard: true, Confirm: wrong, Form: Form{Nonce: "form-nonce", Notice: stale}}),
		both("delete", AgentDeletePage, AgentDeleteDialog, AgentDeleteModel{Project: testProject(), Agent: agent.Agent{ID: 1, Name: "prod-eu"}, Form: Form{Nonce: "form-nonce"}}),
		both("delete, wrong", AgentDeletePage, AgentDeleteDialog, AgentDeleteModel{Project: project, Agent: agent.Agent{ID: 1, Name: hostileName, Tokens: tokens, TokenCount: 2}, Confirm: wrong, Form: Form{Nonce: "form-nonce", Notice: stale}}),
		both("outcome unknown", OutcomePage, OutcomeDialog, OutcomeModel{Project: project, AgentID: 1, AgentName: hostileName, Candidates: tokens, Checked: true}),
		both("outcome of a registration unknown", OutcomePage, OutcomeDialog, OutcomeModel{Project: testProject()}),
		both("form used before", UsedFormPage, UsedFormDialog, UsedFormModel{Project: project, AgentID: 1, TokenID: 9, TokenName: hostileName}),
		both("form used before, result unknown", UsedFormPage, UsedFormDialog, UsedFormModel{Project: testProject()}),
	}
}

// everywhere runs check on every page and fragment in every state and both languages.
func everywhere(t *testing.T, check func(t *testing.T, markup string, isPage bool)) {
	t.Helper()
	for _, lang := range []i18n.Lang{i18n.English, i18n.Chinese} {
		for _, s := range states() {
			p := testPage(lang)
			t.Run(string(lang)+"/page/"+s.name, func(t *testing.T) {
				t.Parallel()
				check(t, html(t, s.page(p)), true)
			})
			if s.fragment == nil {
				continue
			}
			t.Run(string(lang)+"/fragment/"+s.name, func(t *testing.T) {
				t.Parallel()
				check(t, html(t, s.fragment(p)), false)
			})
		}
	}
}

func TestEveryPageHasOneHeading(t *testing.T) {
	t.Parallel()
	everywhere(t, func(t *testing.T, markup string, isPage bool) {
		t.Helper()
		document := parse(t, markup)
		if isPage {
			wantCount(t, document.Selection, "h1", 1)
			wantCount(t, document.Selection, "main", 1)
		}
		if squeeze(document.Find("h1").Text()) == "" && document.Find("h1").Length() > 0 {
			t.Error("the heading is empty")
		}
	})
}

// The content security policy forbids inline styles and scripts, and htmx must have nothing
// to evaluate.
func TestNothingNeedsInlineCode(t *testing.T) {
	t.Parallel()
	everywhere(t, func(t *testing.T, markup string, isPage bool) {
		t.Helper()
		document := parse(t, markup)
		scripts := 0
		if isPage {
			scripts = 1
		}
		wantCount(t, document.Selection, "script", scripts)
		wantCount(t, document.Selection, "style, [style], script:not([src]), base", 0)
		document.Find("*").Each(func(_ int, element *goquery.Selection) {
			for _, attribute := range element.Get(0).Attr {
				if strings.HasPrefix(attribute.Key, "on") || strings.HasPrefix(attribute.Key, "hx-on") {
					t.Errorf("attribute %s=%q", attribute.Key, attribute.Val)
				}
				if strings.HasPrefix(attribute.Val, "js:") || strings.HasPrefix(attribute.Val, "javascript:") {
					t.Errorf("attribute %s=%q runs code", attribute.Key, attribute.Val)
				}
				if attribute.Key == "hx-trigger" && strings.Contains(attribute.Val, "[") {
					t.Errorf("hx-trigger=%q has a filter", attribute.Val)
				}
			}
		})
	})
}

func TestIDsAreUniqueAndReferencesLead(t *testing.T) {
	t.Parallel()
	everywhere(t, func(t *testing.T, markup string, isPage bool) {
		t.Helper()
		document := parse(t, markup)
		ids := map[string]bool{}
		document.Find("[id]").Each(func(_ int, element *goquery.Selection) {
			id := element.AttrOr("id", "")
			if ids[id] {
				t.Errorf("id %q stands twice", id)
			}
			ids[id] = true
		})
		for _, attribute := range []string{"for", "aria-describedby", "data-copy"} {
			document.Find("[" + attribute + "]").Each(func(_ int, element *goquery.Selection) {
				for id := range strings.FieldsSeq(element.AttrOr(attribute, "")) {
					if !ids[id] {
						t.Errorf("%s=%q leads nowhere", attribute, id)
					}
				}
			})
		}
	})
}

func TestEveryControlHasAName(t *testing.T) {
	t.Parallel()
	everywhere(t, func(t *testing.T, markup string, _ bool) {
		t.Helper()
		document := parse(t, markup)
		document.Find("a, button, summary").Each(func(_ int, element *goquery.Selection) {
			if squeeze(element.Text()) == "" && element.AttrOr("aria-label", "") == "" {
				outer, _ := goquery.OuterHtml(element)
				t.Errorf("nameless: %s", outer)
			}
		})
		document.Find("input:not([type=hidden]), textarea, output").Each(func(_ int, element *goquery.Selection) {
			wantCount(t, document.Selection, `label[for="`+element.AttrOr("id", "?")+`"]`, 1)
		})
		document.Find("table").Each(func(_ int, table *goquery.Selection) {
			wantCount(t, table, "caption", 1)
			wantCount(t, table, "th:not([scope])", 0)
		})
		wantCount(t, document.Selection, "img:not([alt]), svg:not([aria-hidden=true])", 0)
	})
}

// messageID looks like the id of a text that the catalogue does not have.
func messageID() *regexp.Regexp {
	return regexp.MustCompile(`\b(agents|attention|auth|common|connect|fleet|history|picker|pods|projects|report|status|time|tokens|use)\.[a-z_.]+`)
}

func TestEveryTextIsInTheCatalogueAndFilledIn(t *testing.T) {
	t.Parallel()
	unknown := messageID()
	everywhere(t, func(t *testing.T, markup string, _ bool) {
		t.Helper()
		text := strings.ReplaceAll(parse(t, markup).Text(), hostileName, "")
		if found := unknown.FindString(text); found != "" {
			t.Errorf("%q is no text", found)
		}
		if strings.Contains(text, "{{.") {
			t.Errorf("a place in a text was not filled in")
		}
	})
}

// A name that runs from right to left must not turn the words around it: wherever one stands,
// it is isolated.
func TestV11HostileNamesAreIsolated(t *testing.T) {
	t.Parallel()
	isolated := map[atom.Atom]bool{atom.Bdi: true, atom.Title: true, atom.Textarea: true, atom.Option: true}
	everywhere(t, func(t *testing.T, markup string, _ bool) {
		t.Helper()
		for node := range parse(t, markup).Get(0).Descendants() {
			if node.Type == xhtml.TextNode && strings.Contains(node.Data, "\u202e") && !isolated[node.Parent.DataAtom] {
				t.Errorf("<%s> holds %q without isolation", node.Parent.Data, node.Data)
			}
		}
	})
}

func TestFormsAreSentOnceAndProveWhereTheyComeFrom(t *testing.T) {
	t.Parallel()
	everywhere(t, func(t *testing.T, markup string, _ bool) {
		t.Helper()
		parse(t, markup).Find(`form[method="post"]`).Each(func(_ int, form *goquery.Selection) {
			if form.Find(`input[name="nonce"]`).AttrOr("value", "") == "" {
				t.Error("a form has no nonce")
			}
			action, overHTMX := form.AttrOr("action", ""), form.AttrOr("hx-post", "")
			if overHTMX == "" {
				return
			}
			if overHTMX != action {
				t.Errorf("hx-post=%q, action=%q", overHTMX, action)
			}
			if form.AttrOr("hx-sync", "") != "this:drop" || form.AttrOr("hx-disable", "") != "find button" {
				t.Error("a second click would be sent")
			}
		})
	})
}

func TestOnlyFormsThatMakeATokenNameTheReveal(t *testing.T) {
	t.Parallel()
	everywhere(t, func(t *testing.T, markup string, _ bool) {
		t.Helper()
		parse(t, markup).Find(`[hx-target="#reveal"]`).Each(func(_ int, element *goquery.Selection) {
			action := element.AttrOr("action", "")
			if !strings.HasSuffix(action, "/agents") && !strings.HasSuffix(action, "/tokens") {
				t.Errorf("%q puts its answer into #reveal", action)
			}
		})
	})
}

func TestChineseTextIsChinese(t *testing.T) {
	t.Parallel()
	english := regexp.MustCompile(`\b(the|is|of|to|and|token|agent|project)\b`)
	for _, s := range states() {
		if s.name == "an error" { // has no words but those it is given
			continue
		}
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			document := render(t, s.page(testPage(i18n.Chinese)))
			wantAttr(t, document.Selection, "html", "lang", "zh-CN")
			document.Find("bdi, pre, option, output, textarea, .steps, .field-error, #form-notice").Remove()
			if found := english.FindString(document.Find("main").Text()); found != "" {
				t.Errorf("%q is not Chinese", found)
			}
		})
	}
}
