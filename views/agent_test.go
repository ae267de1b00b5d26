package views

import (
	"testing"
	"time"

	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/i18n"
)

func TestAgentPage(t *testing.T) {
	t.Parallel()
	document := render(t, AgentPage(testPage(i18n.English), testAgent()))
	wantText(t, document.Selection, "h1", "prod-eu")
	wantText(t, document.Selection, ".head [data-status=connected]", "Connected")
	wantText(t, document.Selection, ".rule", "in the last 8 minutes")
	wantAttr(t, document.Selection, ".rule a", "href", "/portal/help/status")
	wantAttr(t, document.Selection, ".facts a", "href", "https://gitlab.example.com/shop/platform/checkout/-/cluster_agents/prod-eu")
	wantText(t, document.Selection, `.tabs [aria-current="page"]`, "Tokens 1")
	wantAttr(t, document.Selection, ".tabs a:last-child", "href", "/portal/projects/20/agents/1?tab=use")
	wantText(t, document.Selection, "#agent-tab tbody th", "by Helm")
	wantText(t, document.Selection, "#agent-tab tbody td", "2 minutes ago")
}

const (
	deletes = `a[href="/portal/projects/20/agents/1/delete"]`
	creates = `a[href="/portal/projects/20/agents/1/tokens/new"]`
	revokes = `a[href="/portal/projects/20/agents/1/tokens/7/revoke"]`
)

func TestAgentOffersWhatThePersonMayDo(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		change                  func(*AgentModel)
		create, revoke, deletes int
		text                    string
	}{
		"a manager may do everything":       {func(*AgentModel) {}, 1, 1, 1, "shown once"},
		"a reader may look":                 {func(m *AgentModel) { m.Project.Access = agent.AccessRole }, 0, 0, 0, "you need the Maintainer role"},
		"at the limit a token goes first":   {func(m *AgentModel) { m.TokenCount = agent.MaxTokens }, 0, 1, 1, "Revoke one to create another"},
		"an agent without tokens needs one": {func(m *AgentModel) { m.SetTokens(nil); m.Head.Trouble = agent.TroubleNoToken }, 1, 0, 1, "the agent cannot connect"},
		"a reader of one without tokens": {func(m *AgentModel) {
			m.SetTokens(nil)
			m.Head.Trouble, m.Project.Access = agent.TroubleNoToken, agent.AccessRole
		}, 0, 0, 0, "A Maintainer of the project can create one"},
		"missing details are said": {func(m *AgentModel) { m.Tokens[0].UseKnown = false }, 1, 1, 1, "Some details are missing"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := testAgent()
			test.change(&m)
			document := render(t, AgentPage(testPage(i18n.English), m))
			wantCount(t, document.Selection, creates, test.create)
			wantCount(t, document.Selection, revokes, test.revoke)
			wantCount(t, document.Selection, deletes, test.deletes)
			wantText(t, document.Selection, "main", test.text)
			wantCount(t, document.Selection, "main a[hx-get]:not([hx-target='#dialog-body'])", 0)
		})
	}
}

func TestStatusIsExplainedInPlaceAndOnThePageOfAll(t *testing.T) {
	t.Parallel()
	help := render(t, StatusHelpPage(testPage(i18n.English), StatusHelpModel{}))
	wantCount(t, help.Selection, "dl:first-of-type > div", 4)
	for i, status := range agent.Statuses() {
		m := testAgent()
		m.Agent = testAgents()[i]
		l := i18n.For(i18n.English)
		wantText(t, render(t, AgentPage(testPage(i18n.English), m)).Selection, ".rule", statusRule(l, status))
		wantText(t, help.Selection, "dl", statusWord(l, status))
		wantText(t, help.Selection, "dl", statusRule(l, status))
		wantText(t, help.Selection, "dl", statusAdvice(l, status))
	}
}

func TestTokenNeverUsedIsNotTokenOfUnknownUse(t *testing.T) {
	t.Parallel()
	p := testPage(i18n.English)
	wantText(t, render(t, LastUsed(p, agent.Token{UseKnown: true})).Selection, "span", "Never")
	wantText(t, render(t, LastUsed(p, agent.Token{})).Selection, "span", "Unknown")
	wantText(t, render(t, LastUsed(p, agent.Token{LastUsedAt: before(time.Hour), UseKnown: true})).Selection, "time", "1 hour ago")
}

func TestConnect(t *testing.T) {
	t.Parallel()
	p := testPage(i18n.English)
	steps := render(t, ConnectSteps(p, testConnect()))
	wantCount(t, steps.Selection, ".notice", 1) // of glab
	wantText(t, steps.Selection, "#kas-address", "wss://kas.example.com")
	if got, want := steps.Find("#step-helm-secret").Text(), testSteps()[0].Code; got != want {
		t.Errorf("the command reads %q, want %q: it is copied as it stands", got, want)
	}
	wantAttr(t, steps.Selection, ".steps button", "data-copy", "step-helm-secret")
	wantText(t, render(t, ConnectSteps(p, ConnectModel{})).Selection, ".notice", "The install steps are missing")
	wantText(t, render(t, ConnectSteps(p, ConnectModel{Known: true})).Selection, ".notice", "agent server (KAS) is off")
}
