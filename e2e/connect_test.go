//go:build e2e

package e2e

import (
	"strings"
	"testing"

	"github.com/playwright-community/playwright-go"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
	"gitlab-agent-portal/internal/agentconfig"
)

// connect is the address of the agent's tab with the install steps.
func (s *stage) connect(agent int64) string { return s.agent(agent) + "?tab=connect" }

// waysToInstall are the tabs in their order, with a text that only the code of this one has.
var waysToInstall = []struct{ name, code string }{
	{"Helm", "helm upgrade --install"},
	{"kubectl", "kubectl create secret"},
	{"Flux", "kind: HelmRelease"},
	{"Terraform", "prevent_destroy"},
	{"values.yaml", "--values values.yaml"},
	{"External Secrets", "kind: ExternalSecret"},
	{"Sealed Secrets", "kubeseal"},
	{"SOPS", "sops encrypt"},
	{"glab", "glab cluster agent bootstrap"},
}

func (p *tab) way(name string) playwright.Locator {
	return p.GetByRole("radio", playwright.PageGetByRoleOptions{Name: name, Exact: new(true)})
}

// showsOnly checks that the steps of one way, and no others, can be seen.
func (p *tab) showsOnly(name, code string) {
	p.t.Helper()
	p.says(p.Locator(".variant:visible"), code)
	if n, err := p.Locator(".variant:visible").Count(); err != nil || n != 1 {
		p.t.Errorf("%s: %d ways can be seen at once (%v)", name, n, err)
	}
	if label, _ := p.Locator(".variant:visible").GetAttribute("aria-label"); label != name {
		p.t.Errorf("the steps of %s can be seen, want those of %s", label, name)
	}
}

func TestWaysToInstallAreChosenByMouseAndWithoutScript(t *testing.T) {
	s := newStage(t)
	for _, p := range []*tab{s.as("lead"), s.as("lead", withoutScript), s.as("lead", onAPhone, inChinese)} {
		p.visit(s.connect(s.prod))
		for _, way := range waysToInstall {
			p.click(p.Locator(".variant-tabs label", rowOf(way.name)))
			p.showsOnly(way.name, way.code)
		}
		p.arrives(s.connect(s.prod))
	}
}

func TestWaysToInstallAreChosenByKeyboard(t *testing.T) {
	s := newStage(t)
	p := s.as("lead")
	p.visit(s.connect(s.prod))
	if err := p.way("Helm").Focus(); err != nil {
		t.Fatal(err)
	}
	for _, way := range waysToInstall {
		p.showsOnly(way.name, way.code)
		if checked, err := p.way(way.name).IsChecked(); err != nil || !checked {
			t.Errorf("%s is not said to be chosen (%v)", way.name, err)
		}
		p.press("ArrowRight")
	}
	p.showsOnly("Helm", waysToInstall[0].code)
	p.press("Tab")
	if p.eval(`() => document.activeElement.closest(".variant")?.dataset.variant`) != "helm" {
		t.Error("the next stop is not in the steps")
	}
}

// TestAWholeInstallationIsCopied takes each piece of a way with its button.
func TestAWholeInstallationIsCopied(t *testing.T) {
	s := newStage(t)
	p := s.as("lead")
	p.visit(s.connect(s.prod))
	p.click(p.Locator(".variant-tabs label", rowOf("Flux")))
	buttons := p.Locator(".variant:visible [data-copy]")
	n, err := buttons.Count()
	if err != nil || n != 3 {
		t.Fatalf("%d copy buttons (%v), want 3", n, err)
	}
	for i := range n {
		shown, err := p.Locator(".variant:visible pre").Nth(i).TextContent()
		if err != nil {
			t.Fatal(err)
		}
		p.click(buttons.Nth(i))
		p.says(p.Locator(".variant:visible .code-status").Nth(i), "Copied")
		if got := p.eval("() => navigator.clipboard.readText()"); got != shown {
			t.Errorf("the clipboard holds %q, want %q", got, shown)
		}
	}
}

// TestT5ChoosingAWayLeavesAnOpenRevealAlone walks through the tabs of the reveal by keyboard.
func TestT5ChoosingAWayLeavesAnOpenRevealAlone(t *testing.T) {
	s := newStage(t)
	p := s.as("lead")
	p.OnDialog(func(d playwright.Dialog) {
		t.Errorf("the browser asks: %s", d.Type())
		_ = d.Accept()
	})
	secret := s.revealed(p)
	address := p.URL()
	p.click(p.Locator("#reveal-dialog details.install summary"))
	place := `() => JSON.stringify([document.querySelector("#reveal-dialog").getBoundingClientRect().top, document.querySelector(".variant-tabs").offsetTop])`
	before := p.eval(place)
	if err := p.way("Helm").Focus(); err != nil {
		t.Fatal(err)
	}
	for _, way := range waysToInstall {
		p.showsOnly(way.name, way.code)
		if now := p.eval(place); now != before {
			t.Errorf("with %s the tabs are at %v, want %v", way.name, now, before)
		}
		p.press("ArrowRight")
	}
	p.click(p.Locator(".variant:visible [data-copy]").First())
	if copied, _ := p.eval("() => navigator.clipboard.readText()").(string); !strings.Contains(copied, "read -rs T") || strings.Contains(copied, secret) {
		t.Errorf("the clipboard holds %q", copied)
	}
	p.arrives(address)
	p.click(p.button("Show"))
	p.says(p.Locator("#secret"), secret)
}

func TestNoWayToInstallIsWiderThanAPhone(t *testing.T) {
	s := newStage(t)
	s.gitlab.AddFile(gitlabtest.File{Project: s.project, Path: agentconfig.Path("prod"), Content: "ci_access: {groups: [{id: " + strings.Repeat("long/", 40) + "path, environments: [a, b]}]}\n"})
	width := "() => Math.max(document.documentElement.scrollWidth, document.querySelector('#reveal-dialog')?.scrollWidth ?? 0)"
	p := s.as("lead", onAPhone)
	check := func(where string) {
		for _, way := range waysToInstall {
			p.click(p.Locator(".variant-tabs label", rowOf(way.name)))
			if wide := number(p.eval(width)); wide > 320 {
				t.Errorf("%s: %s is %v pixels wide", where, way.name, wide)
			}
		}
	}
	p.visit(s.agent(s.prod) + "?tab=access")
	p.says(p.Locator(".config"), "only in")
	if wide := number(p.eval(width)); wide > 320 {
		t.Errorf("the configuration is %v pixels wide", wide)
	}
	p.visit(s.connect(s.prod))
	check("the page")
	s.revealed(p)
	p.click(p.Locator("#reveal-dialog details.install summary"))
	check("the reveal")
}
