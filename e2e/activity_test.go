//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/playwright-community/playwright-go"
)

// gone revokes n tokens that an agent does not have, as a page of its own would: each is an entry.
func (p *tab) gone(agent string, n int) {
	p.t.Helper()
	p.eval(`async ([agent, n]) => {
		for (let i = 1; i <= n; i++) await fetch(`+"`${agent}/tokens/${4711 + i}/revoke`"+`, {method: "POST", redirect: "manual"});
	}`, []any{agent, n})
}

// refusals sends n equal forms that the portal refuses, as a page of its own would: they are one entry.
func (p *tab) refusals(address string, n int) {
	p.t.Helper()
	p.expect("status of 422")
	p.eval(`async ([address, n]) => {
		for (let i = 0; i < n; i++) await fetch(address, {method: "POST", body: new URLSearchParams({name: ""})});
	}`, []any{address, n})
}

// rows are the entries of the list.
func (p *tab) rows() playwright.Locator { return p.Locator("#activity tbody tr:not(.day-row)") }

func (p *tab) counts(l playwright.Locator, n int) {
	p.t.Helper()
	if err := expectations().Locator(l).ToHaveCount(n); err != nil {
		p.t.Fatalf("on %s: %v", p.URL(), err)
	}
}

// TestActivityIsFoundAndTakenAlong narrows the list down, pages through it and exports it.
func TestActivityIsFoundAndTakenAlong(t *testing.T) {
	s := newStage(t)
	p := s.as("lead", withAxe)
	p.visit(s.agents())
	p.registers(s, "staging")
	p.stores()
	p.sees(p.heading("staging"))
	p.gone(s.agent(s.idle), 60)
	p.refusals(s.agent(s.idle)+"/tokens", 3)

	p.click(p.link("Activity").First())
	p.sees(p.heading("Activity"))
	p.counts(p.rows(), 50)
	p.says(p.rows().First(), "Refused × 3")
	p.says(p.rows().Nth(1), "token #4771, unconfirmed")
	p.passesAxe("activity")
	p.click(p.link("Older"))
	p.says(p.rows().Last(), "Registered agent")
	p.counts(p.rows(), 14)
	p.click(p.link("Newer"))
	p.counts(p.rows(), 50)

	p.fill(p.Locator("form.filter").GetByLabel("Agent"), "staging")
	p.click(p.Locator("form.filter button"))
	p.counts(p.rows(), 3)
	p.says(p.rows().First(), "Confirmed as stored")
	if !strings.Contains(p.URL(), "agent=staging") {
		t.Errorf("the address %s does not say what is shown", p.URL())
	}
	download, err := p.ExpectDownload(func() error { return p.link("Export CSV").Click() })
	if err != nil {
		t.Fatal(err)
	}
	path, err := download.Path()
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if lines := strings.Split(strings.TrimSpace(string(file)), "\r\n"); len(lines) != 4 || !strings.HasPrefix(lines[0], "\ufeffid,time,action") ||
		!strings.Contains(lines[3], "agent_register,ok") || !strings.HasSuffix(download.SuggestedFilename(), ".csv") {
		t.Errorf("the file %s holds\n%s", download.SuggestedFilename(), file)
	}
	p.click(p.link("staging").First())
	p.says(p.Locator("#agent-tab"), "Portal and GitLab")
	p.passesAxe("the activity of an agent")
}

// TestActivityNeedsNoScript uses the form as it is.
func TestActivityNeedsNoScript(t *testing.T) {
	s := newStage(t)
	s.as("lead").gone(s.agent(s.idle), 2)
	p := s.as("lead", withoutScript)
	p.visit(s.url + "/activity")
	p.counts(p.rows(), 2)
	if _, err := p.Locator("form.filter").GetByLabel("Action").SelectOption(playwright.SelectOptionValues{Labels: &[]string{"Delete agent"}}); err != nil {
		t.Fatal(err)
	}
	p.click(p.Locator("form.filter button"))
	p.sees(p.GetByText("Nothing matches"))
	p.click(p.link("Show everything").First())
	p.counts(p.rows(), 2)
	p.expect("status of 422")
	p.fill(p.Locator("form.filter").GetByLabel("Project"), "nowhere")
	p.click(p.Locator("form.filter button"))
	p.says(p.Locator("#project-error"), "no such project")
	p.visit(fmt.Sprint(s.agent(s.prod), "?tab=activity"))
	p.says(p.Locator("#agent-tab"), "Token created")
}

// TestADeveloperIsToldWhyThereIsNoActivity reads the tab without the role for it.
func TestADeveloperIsToldWhyThereIsNoActivity(t *testing.T) {
	s := newStage(t)
	p := s.as("dev")
	p.visit(s.agent(s.prod))
	p.click(p.Locator(".tabs a", rowOf("Activity")))
	p.sees(p.GetByText("Activity is for Maintainers"))
}
