//go:build e2e

package e2e

import (
	"strings"
	"testing"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

// TestTheHeaderOfAPhoneHasTwoLines keeps search and menu beside the name, and the places below, in both
// languages.
func TestTheHeaderOfAPhoneHasTwoLines(t *testing.T) {
	s := newStage(t)
	for _, p := range []*tab{s.as("lead", onAPhone), s.as("lead", onAPhone, inChinese)} {
		p.visit(s.agents())
		apart := p.eval(`() => {
			const middle = (selector) => { const b = document.querySelector(selector).getBoundingClientRect(); return b.top + b.height / 2; };
			return Math.max(...["#picker-link", ".bar .menu summary"].map((selector) => Math.abs(middle(selector) - middle(".brand"))));
		}`)
		if number(apart) > 4 {
			t.Errorf("%s: search or menu stand %v pixels beside the line of the name", p.URL(), apart)
		}
		if height := number(p.eval(`() => document.querySelector(".bar").getBoundingClientRect().height`)); height > 88 {
			t.Errorf("%s: the header is %v pixels high", p.URL(), height)
		}
		if name, err := p.Locator(".brand").InnerText(); err != nil || name == "" {
			t.Errorf("the link to the first page has no name (%v)", err)
		}
		p.sees(p.Locator("#picker-link"))
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
