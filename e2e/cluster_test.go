//go:build e2e

package e2e

import (
	"fmt"
	"testing"
	"time"

	"github.com/playwright-community/playwright-go"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

// seedCluster adds what the tabs of an agent and the pages beyond one's own projects show: grants,
// pods of two versions, a receptive agent and one that nobody heard of for a year.
func (s *stage) seedCluster() {
	now := time.Now()
	s.configures("ci_access:\n  groups:\n    - id: shop\n  projects:\n    - id: elsewhere/app\nuser_access:\n  access_as: {user: {}}\n  groups:\n    - id: shop\n")
	s.gitlab.SetGrants(s.prod, gitlabtest.Grants{CI: []int64{s.project}, User: []int64{s.project}, UserStored: true})
	s.gitlab.Configure(func(settings *gitlabtest.Settings) { settings.ReceptiveAgents = true })
	torn := s.gitlab.AddAgent(gitlabtest.Agent{Project: s.project, Name: "torn", CreatedBy: s.lead, CreatedAt: now.AddDate(0, -1, 0)})
	s.gitlab.AddToken(gitlabtest.Token{Agent: torn, Name: "t", CreatedBy: s.lead, CreatedAt: now.AddDate(0, -1, 0), Live: true, Versions: []string{"17.2.0", "18.5.1"}})
	s.gitlab.AddFile(gitlabtest.File{Project: s.project, Path: ".gitlab/agents/torn/config.yaml", Content: "ci_acces: {}\n"})
	s.gitlab.AddAgent(gitlabtest.Agent{Project: s.project, Name: "forgotten", CreatedBy: s.lead, CreatedAt: now.AddDate(-1, 0, 0)})
	s.gitlab.AddAgent(gitlabtest.Agent{
		Project: s.project, Name: "inbound", CreatedBy: s.lead, CreatedAt: now.AddDate(0, -1, 0), Receptive: true,
		URLConfiguration: &gitlabtest.URLConfiguration{URL: "grpcs://agent.example.com:8082", PublicKey: "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE="},
	})
}

// clusterStates are what opens there.
func (s *stage) clusterStates() []state {
	on := func(name, query string) func(*tab) {
		return func(p *tab) {
			p.visit(s.agents())
			p.click(p.link(name))
			p.sees(p.heading(name))
			p.visit(p.URL() + query)
		}
	}
	return []state{
		{"pods of two versions", on("torn", "?tab=pods")},
		{"a configuration that is refused", on("torn", "?tab=access")},
		{"a receptive agent", on("inbound", "?tab=connect")},
		{"dialog that forgets an address", func(p *tab) {
			p.click(p.Locator("main a[hx-get$='/receiver/delete']"))
			p.sees(p.Locator("#dialog [name=confirm]"))
		}},
		{"dialog for an address", func(p *tab) {
			p.visit(s.agent(s.idle) + "?tab=connect")
			p.click(p.Locator("main a[hx-get$='/receiver']"))
			p.sees(p.Locator("#dialog [name=url]"))
		}},
		{"dialog for an address, with an error", func(p *tab) {
			p.click(p.Locator("#dialog details > summary"))
			p.fill(p.Locator("#dialog [name=url]"), "http://x")
			p.click(p.Locator("#dialog .button-primary"))
			p.sees(p.Locator("#dialog [aria-invalid=true]").First())
		}},
		{"editor with a difference and a problem", func(p *tab) {
			p.visit(s.editor())
			p.click(p.Locator("details.grant > summary"))
			p.fill(p.Locator("#content"), "ci_access:\n  groups: [shop\n")
			p.sees(p.Locator("#config-check .notice-danger"))
		}},
		{"fleet with a configuration that is refused", func(p *tab) { p.awaitsRefusal() }},
		{"stale agents", func(p *tab) { p.choosesStale("") }},
	}
}

// awaitsRefusal looks at the fleet until its files are read.
func (p *tab) awaitsRefusal() {
	p.t.Helper()
	for range 50 {
		p.visit(p.s.url + "/?wait=1")
		if n, err := p.Locator("table.fleet [data-due=config_invalid]").Count(); err == nil && n == 1 {
			return
		}
	}
	p.t.Error("no agent's configuration is said to be refused")
}

// choosesStale selects the stale agents of the fleet whose names have a part and opens their deletion.
func (p *tab) choosesStale(part string) {
	p.t.Helper()
	p.visit(p.s.url + "/?wait=1&attention=stale&q=" + part)
	for _, box := range must(p.Locator("form.selection input[name=agent]").All())(p.t) {
		if err := box.Check(); err != nil {
			p.t.Fatal(err)
		}
	}
	p.click(p.Locator("[formaction$='/stale-agents']"))
	p.sees(p.Locator(".stale-list li").First())
}

// must fails the test for an error.
func must[T any](value T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

// TestARefusedConfigurationIsFollowedToItsCorrection goes from the badge to the editor.
func TestARefusedConfigurationIsFollowedToItsCorrection(t *testing.T) {
	s := newStage(t)
	s.seedCluster()
	p := s.as("lead")
	p.awaitsRefusal()
	p.click(p.Locator("table.fleet [data-due=config_invalid]"))
	p.says(p.Locator("#agent-tab"), "ci_acces is not a key")
	p.click(p.Locator("#agent-tab a[href$='/configuration']"))
	p.fill(p.Locator("#content"), "ci_access: {}\n")
	p.says(p.Locator("#config-check"), "GitLab would take this file")
	p.click(p.Locator(".form-buttons .button-primary"))
	p.says(p.Locator("#notice"), "was committed to")
	p.visit(s.url + "/?wait=1")
	p.lacks(p.Locator("table.fleet [data-due=config_invalid]"))
}

// TestAGroupIsFoundAndItsFleetShown searches as one types, by keyboard, and by a button without script.
func TestAGroupIsFoundAndItsFleetShown(t *testing.T) {
	s := newStage(t)
	other := s.gitlab.AddGroup(gitlabtest.Group{Path: "hidden-from-search", Name: "Other"})
	for _, person := range []int64{s.lead, s.dev} {
		s.gitlab.AddGroupMember(other, person, gitlabtest.Developer)
		s.gitlab.AddGroupMember(1, person, gitlabtest.Developer)
	}
	for name, change := range map[string][]func(*playwright.BrowserNewContextOptions){
		"with a script": nil, "without one": {withoutScript}, "on a phone without one": {onAPhone, withoutScript},
	} {
		p := s.as("lead", change...)
		p.visit(s.url)
		p.click(p.Locator(".scope-menu summary"))
		p.click(p.Locator(".scopes a[href$='/groups']"))
		p.sees(p.Locator("#groups a[href*='hidden-from-search']"))
		p.fill(p.Locator("#q"), "shop")
		p.press("Enter")
		p.lacks(p.Locator("#groups a[href*='hidden-from-search']"))
		if err := p.Locator("#groups a[href*='scope=']").First().Focus(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		p.press("Enter")
		p.says(p.Locator(".scope-now"), "shop")
		p.visit(p.URL() + "&wait=1")
		p.sees(p.link("prod"))
	}
}

// TestAnAddressIsGivenAndForgottenInDialogs does so by keyboard, and closes one without a change.
func TestAnAddressIsGivenAndForgottenInDialogs(t *testing.T) {
	s := newStage(t)
	s.gitlab.Configure(func(settings *gitlabtest.Settings) { settings.ReceptiveAgents = true })
	p := s.as("lead")
	p.expect("status of 422")
	connect := s.connect(s.idle)
	p.visit(connect)
	p.readyForKeys()
	opener := "main a[hx-get$='/receiver']"
	if err := p.Locator(opener).Focus(); err != nil {
		t.Fatal(err)
	}
	p.press("Enter")
	p.sees(p.Locator("#dialog [name=url]"))
	p.press("Escape")
	p.lacks(p.Locator("#dialog"))
	p.focusComesTo(opener)
	p.press("Enter")
	url := p.Locator("#dialog [name=url]")
	p.fill(url, "http://agent.example.com")
	p.press("Enter")
	p.sees(p.Locator("#dialog [name=url][aria-invalid=true]"))
	p.fill(url, "grpcs://agent.example.com:8082")
	p.press("Enter")
	p.says(p.Locator("#notice"), "GitLab now connects to idle")
	p.arrives(connect)
	p.click(p.Locator("main a[hx-get$='/receiver/delete']"))
	p.fill(p.Locator("#dialog [name=confirm]"), "idle")
	p.press("Enter")
	p.sees(p.Locator("#notice .notice"))
	p.lacks(p.Locator("#dialog"))
	p.visit(connect)
	p.sees(p.Locator(opener))
}

// TestAnAddressIsGivenWithoutScript has a page for each dialog.
func TestAnAddressIsGivenWithoutScript(t *testing.T) {
	s := newStage(t)
	s.gitlab.Configure(func(settings *gitlabtest.Settings) { settings.ReceptiveAgents = true })
	p := s.as("lead", withoutScript, onAPhone)
	p.visit(s.connect(s.idle))
	p.click(p.Locator("main a[href$='/receiver']"))
	p.fill(p.Locator("[name=url]"), "grpcs://agent.example.com:8082")
	p.click(p.Locator("#form .button-primary"))
	p.says(p.Locator("#notice"), "GitLab now connects to idle")
	p.click(p.Locator("main a[href$='/receiver/delete']"))
	p.fill(p.Locator("[name=confirm]"), "idle")
	p.click(p.Locator("#form .button-danger"))
	p.sees(p.Locator("#notice .notice"))
}

// TestStaleAgentsAreDeletedInBothLanguages selects one in the fleet, with a script and without.
func TestStaleAgentsAreDeletedInBothLanguages(t *testing.T) {
	s := newStage(t)
	agents := map[string]int64{}
	for i := range 6 { // there before anybody's list is read
		name := fmt.Sprintf("forgotten-%d", i)
		agents[name] = s.gitlab.AddAgent(gitlabtest.Agent{Project: s.project, Name: name, CreatedBy: s.lead, CreatedAt: time.Now().AddDate(-1, 0, 0)})
	}
	for language, change := range languages() {
		for _, more := range [][]func(*playwright.BrowserNewContextOptions){nil, {withoutScript, onAPhone}} {
			name := fmt.Sprintf("forgotten-%d", len(change)*3+len(more))
			p := s.as("lead", append(append([]func(*playwright.BrowserNewContextOptions){}, change...), more...)...)
			p.choosesStale(name)
			p.says(p.Locator(".stale-list"), name)
			p.fill(p.Locator("[name=confirm]"), "1")
			p.click(p.Locator("#form .button-danger"))
			p.sees(p.Locator(".stale-list .state"))
			if heading, err := p.Locator("#form-title").InnerText(); err != nil || hasHan(heading) != (language == "Chinese") {
				t.Errorf("%s: the heading is %q (%v)", language, heading, err)
			}
			for _, left := range s.gitlab.Agents(s.project) {
				if left.ID == agents[name] {
					t.Errorf("%s is still there", name)
				}
			}
		}
	}
}

// TestTheTabsOfAnAgentAreReadOnAPhoneWithoutScript reads what is beside the tokens.
func TestTheTabsOfAnAgentAreReadOnAPhoneWithoutScript(t *testing.T) {
	s := newStage(t)
	s.seedCluster()
	p := s.as("lead", withoutScript, onAPhone)
	for query, want := range map[string]string{
		"?tab=pods": "18.5.1", "?tab=use": "glab cluster agent update-kubeconfig", "?tab=access": "elsewhere/app",
	} {
		p.visit(s.agent(s.prod) + query)
		p.says(p.Locator("#agent-tab"), want)
	}
}

// TestCommandsOfUseAreCopied takes each with its button.
func TestCommandsOfUseAreCopied(t *testing.T) {
	s := newStage(t)
	s.seedCluster()
	p := s.as("lead")
	p.visit(s.agent(s.prod) + "?tab=use")
	blocks := p.Locator("#agent-tab .code")
	n, err := blocks.Count()
	if err != nil || n < 3 {
		t.Fatalf("%d commands (%v)", n, err)
	}
	for i := range n {
		shown, err := blocks.Nth(i).Locator("pre").TextContent()
		if err != nil {
			t.Fatal(err)
		}
		p.click(blocks.Nth(i).Locator("[data-copy]"))
		p.says(blocks.Nth(i).Locator(".code-status"), "Copied")
		if got := p.eval("() => navigator.clipboard.readText()"); got != shown {
			t.Errorf("the clipboard holds %q, want %q", got, shown)
		}
	}
}
