//go:build e2e

package e2e

import (
	"strings"
	"testing"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

// TestTheHeaderFitsAPhoneInOneLine keeps the menu beside the links, in both languages.
func TestTheHeaderFitsAPhoneInOneLine(t *testing.T) {
	s := newStage(t)
	for _, p := range []*tab{s.as("lead", onAPhone), s.as("lead", onAPhone, inChinese)} {
		p.visit(s.agents())
		lines := p.eval(`() => {
			const middle = (e) => { const b = e.getBoundingClientRect(); return b.top + b.height / 2; };
			return Math.abs(middle(document.querySelector(".bar nav")) - middle(document.querySelector(".bar .menu summary")));
		}`)
		if number(lines) > 4 {
			t.Errorf("%s: the menu stands %v pixels below the links", p.URL(), lines)
		}
		if name, err := p.Locator(".brand").InnerText(); err != nil || name == "" {
			t.Errorf("the link to the first page has no name (%v)", err)
		}
	}
}

// TestCopyButtonsCoverNoCommand looks for buttons on top of what they copy.
func TestCopyButtonsCoverNoCommand(t *testing.T) {
	s := newStage(t)
	p := s.as("lead", onAPhone)
	p.visit(s.agent(s.prod) + "?tab=connect")
	p.sees(p.Locator(".code pre").First())
	covered := p.eval(`() => [...document.querySelectorAll(".code")].filter((block) =>
		block.querySelector("pre").getBoundingClientRect().right > block.querySelector("button").getBoundingClientRect().left).length`)
	if number(covered) != 0 {
		t.Errorf("%v commands lie under their buttons", covered)
	}
}

// TestALongNameKeepsItsActionBeside opens an agent whose name is as long as GitLab allows.
func TestALongNameKeepsItsActionBeside(t *testing.T) {
	s := newStage(t)
	long := s.gitlab.AddAgent(gitlabtest.Agent{Project: s.project, Name: strings.Repeat("long-", 12) + "end", CreatedBy: s.lead})
	p := s.as("lead")
	p.visit(s.agent(long))
	below := p.eval(`() => document.querySelector(".agent-delete .button").getBoundingClientRect().top - document.querySelector("h1").getBoundingClientRect().bottom`)
	if number(below) > 0 {
		t.Errorf("the action stands %v pixels below the name", below)
	}
}

// TestAWarmPageIsOneRequest loads a page twice: all but the page itself, and the part that it asks for
// once it is shown, comes from the cache.
func TestAWarmPageIsOneRequest(t *testing.T) {
	s := newStage(t)
	p := s.as("lead")
	fetched := `() => [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
		.filter((entry) => entry.transferSize > 0).map((entry) => entry.name).filter((name) => !name.endsWith("/shared-agents")).join(" ")`
	p.visit(s.agents())
	p.visit(s.agents())
	if got := p.eval(fetched); got != s.agents() {
		t.Errorf("the second load fetched %v, want the page alone", got)
	}
}
