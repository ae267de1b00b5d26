//go:build e2e

package e2e

import (
	"strings"
	"testing"

	"github.com/playwright-community/playwright-go"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
	"gitlab-agent-portal/internal/agentconfig"
)

// editor is the address of the configuration's form.
func (s *stage) editor() string { return s.agent(s.prod) + "/configuration" }

// configures gives the agent prod a configuration file.
func (s *stage) configures(content string) {
	s.gitlab.AddFile(gitlabtest.File{Project: s.project, Path: agentconfig.Path("prod"), Content: content})
}

// configured is that file as it is at GitLab.
func (s *stage) configured() string {
	content, _ := s.gitlab.FileOn(s.project, "main", agentconfig.Path("prod"))
	return content
}

const granted = "ci_access:\n  groups:\n    - id: shop\n"

// TestTheEditorIsUsedByKeyboardAlone mistypes, is told, corrects that, and commits.
func TestTheEditorIsUsedByKeyboardAlone(t *testing.T) {
	s := newStage(t)
	s.configures(granted)
	p := s.as("lead")
	p.visit(s.editor())
	p.says(p.Locator("#config-check"), "Nothing is changed yet")
	text := p.Locator("#content")
	if err := text.Focus(); err != nil {
		t.Fatal(err)
	}
	p.press("Control+End")
	p.types("observabilty: {}")
	p.says(p.Locator("#config-check .diff"), "observabilty")
	p.says(p.Locator("#config-check"), "observabilty is not a key")
	p.focusComesTo("#content") // which the answer did not take away
	for range len("observabilty: {}") {
		p.press("Backspace")
	}
	p.types("observability: {}")
	p.says(p.Locator("#config-check"), "GitLab would take this file")
	for range 10 {
		p.press("Tab")
		if p.eval(`() => document.activeElement.matches(".form-buttons .button-primary")`) == true {
			break
		}
	}
	p.press("Enter")
	p.arrives(s.agent(s.prod) + "?tab=access")
	p.says(p.Locator("#notice"), "was committed to")
	if got := s.configured(); got != granted+"observability: {}" {
		t.Errorf("GitLab has %q", got)
	}
}

// types types a text at the keyboard.
func (p *tab) types(text string) {
	p.t.Helper()
	if err := p.Keyboard().Type(text); err != nil {
		p.t.Fatal(err)
	}
}

// TestTheEditorWorksWithoutScript has the difference shown by a button, and commits what was looked at.
func TestTheEditorWorksWithoutScript(t *testing.T) {
	s := newStage(t)
	s.configures(granted)
	for _, change := range [][]func(*playwright.BrowserNewContextOptions){{withoutScript}, {withoutScript, onAPhone, inChinese}} {
		p := s.as("lead", change...)
		p.expect("status of 422")
		p.visit(s.editor())
		wanted := s.configured() + "# looked at\n"
		p.fill(p.Locator("#content"), strings.Replace(wanted, "ci_access", "ci_acces", 1))
		check := p.Locator(".form-buttons button:not(.button-primary)")
		p.click(check)
		p.sees(p.Locator("#config-check .notice-danger"))
		p.fill(p.Locator("#content"), wanted)
		p.click(check)
		p.sees(p.Locator("#config-check .config-fine"))
		p.says(p.Locator(".diff [data-diff=added]"), "# looked at")
		p.click(p.Locator(".form-buttons .button-primary"))
		p.sees(p.Locator("#notice .notice"))
		if got := s.configured(); got != wanted {
			t.Errorf("GitLab has %q, want %q", got, wanted)
		}
	}
}

// TestAGrantIsFoundAndWrittenIntoTheText searches for a project as one types.
func TestAGrantIsFoundAndWrittenIntoTheText(t *testing.T) {
	s := newStage(t)
	s.addProjects(2)
	s.configures(granted)
	p := s.as("lead")
	p.visit(s.editor())
	p.click(p.Locator("details.grant > summary"))
	p.fill(p.Locator("#grant_path"), "service-01")
	if err := expectations().Locator(p.Locator("#grantees option[value='shop/service-01']")).ToBeAttached(); err != nil {
		t.Fatal(err)
	}
	p.fill(p.Locator("#grant_path"), "shop/service-01")
	p.click(p.Locator("[name=add]"))
	p.says(p.Locator(".diff"), "id: shop/service-01")
	if text, err := p.Locator("#content").InputValue(); err != nil || !strings.Contains(text, "- id: shop/service-01") || !strings.Contains(text, "- id: shop\n") {
		t.Errorf("the text is %q (%v)", text, err)
	}
	if s.configured() != granted {
		t.Error("the file was changed without a word")
	}
}

// TestWhatSomebodyElseWroteIsComparedAndNothingTypedIsLost has a second person commit in between.
func TestWhatSomebodyElseWroteIsComparedAndNothingTypedIsLost(t *testing.T) {
	s := newStage(t)
	s.configures(granted)
	p := s.as("lead")
	p.expect("status of 4(09|22)")
	p.visit(s.editor())
	p.fill(p.Locator("#content"), granted+"# mine\n")
	p.sees(p.Locator(".diff [data-diff=added]"))
	s.configures(granted + "# theirs\n")
	p.click(p.Locator(".form-buttons .button-primary"))
	p.says(p.Locator("#form"), "Somebody changed the file meanwhile")
	p.says(p.Locator(".diff [data-diff=removed]"), "# theirs")
	if text, _ := p.Locator("#content").InputValue(); !strings.Contains(text, "# mine") {
		t.Errorf("the text is %q", text)
	}
	if got := s.configured(); !strings.Contains(got, "# theirs") {
		t.Errorf("GitLab has %q", got)
	}
}
