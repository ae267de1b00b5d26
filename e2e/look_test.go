//go:build e2e

package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/playwright-community/playwright-go"
)

// pages are the addresses that a Maintainer sees.
func (s *stage) pages() map[string]string {
	return map[string]string{
		"fleet": s.url + "/?wait=1", "no agent": s.url + "/?wait=1&q=nothing-like-this",
		"find": s.url + "/find?q=prod", "project for a new agent": s.url + "/projects?for=register", "fleet for paper": s.url + "/?wait=1&all=1",
		"projects": s.url + "/projects", "no project": s.url + "/projects?q=nothing-like-this", "agents": s.agents(),
		"register": s.agents() + "/new", "agent": s.agent(s.prod), "agent without token": s.agent(s.idle),
		"connect": s.agent(s.prod) + "?tab=connect", "create": s.agent(s.idle) + "/tokens/new",
		"no watch": s.url + "/alerts",
		"activity": s.url + "/activity", "activity of an agent": s.agent(s.prod) + "?tab=activity",
		"delete": s.agent(s.prod) + "/delete", "help": s.url + "/help/status", "keys page": s.url + "/help/keys", "sessions": s.url + "/sessions",
		"rotation": s.agent(s.prod) + "/rotation", "rotations": s.url + fmt.Sprintf("/rotations?agent=%d.%d", s.project, s.prod),
		"unused": s.url + fmt.Sprintf("/unused-tokens?agent=%d.%d", s.project, s.prod), "not found": s.url + "/nothing",
		"dependents": s.agent(s.prod) + "/dependents", "stale": s.url + fmt.Sprintf("/stale-agents?agent=%d.%d", s.project, s.prod),
		"access": s.agent(s.prod) + "?tab=access", "configuration": s.editor(), "pods": s.agent(s.prod) + "?tab=pods", "use": s.agent(s.prod) + "?tab=use",
		"groups": s.url + "/groups", "no group": s.url + "/groups?q=nothing-like-this", "fleet of a group": s.url + "/?wait=1&scope=group:shop",
		"receiver": s.agent(s.idle) + "/receiver", "receiver's end": s.agent(s.prod) + "/receiver/delete",
	}
}

// TestChineseIsSpokenEverywhere reads the pages as a Chinese colleague does.
func TestChineseIsSpokenEverywhere(t *testing.T) {
	s := newStage(t)
	p := s.as("lead", inChinese)
	p.expect("status of 404")
	for name, address := range s.pages() {
		p.visit(address)
		if lang := p.eval("() => document.documentElement.lang"); lang != "zh-CN" {
			t.Errorf("%s: lang = %v", name, lang)
		}
		heading, err := p.Locator("main h1").InnerText()
		if err != nil || !hasHan(heading) && !strings.Contains("prod idle", heading) {
			t.Errorf("%s: the heading is %q (%v)", name, heading, err)
		}
	}
}

func hasHan(text string) bool {
	return strings.ContainsFunc(text, func(c rune) bool { return c >= 0x4e00 && c <= 0x9fff })
}

// TestLanguageAndThemeAreSwitchedByHand uses the menu.
func TestLanguageAndThemeAreSwitchedByHand(t *testing.T) {
	s := newStage(t)
	p := s.as("lead")
	p.visit(s.agents())
	p.click(p.Locator("header details.menu summary"))
	p.click(p.button("简体中文"))
	p.arrives(s.agents())
	p.sees(p.heading("Payments 的代理"))
	p.click(p.Locator("header details.menu summary"))
	p.click(p.Locator("header button[name=theme][value=dark]"))
	if theme := p.eval("() => document.documentElement.dataset.theme"); theme != "dark" {
		t.Errorf("data-theme = %v", theme)
	}
}

// TestDarkIsDark follows the system and the switch.
func TestDarkIsDark(t *testing.T) {
	s := newStage(t)
	brightness := `() => { const [r, g, b] = getComputedStyle(document.body).backgroundColor.match(/[0-9.]+/g).map(Number); return r + g + b; }`
	light, dark := s.open(), s.open(inTheDark)
	for _, p := range []*tab{light, dark} {
		p.visit(s.url)
	}
	if l, d := number(light.eval(brightness)), number(dark.eval(brightness)); l < 600 || d > 200 {
		t.Errorf("the background is %v by day and %v by night", l, d)
	}
}

// number is what a script counted; small whole numbers come back as int.
func number(value any) float64 {
	switch n := value.(type) {
	case int:
		return float64(n)
	case float64:
		return n
	default:
		return -1
	}
}

// TestNothingJumps adds up the layout shifts of every page while it loads, at a desk and on a phone.
func TestNothingJumps(t *testing.T) {
	t.Parallel()
	for name, change := range map[string][]func(*playwright.BrowserNewContextOptions){"desk": nil, "phone": {onAPhone}} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			s.addProjects(3)
			p := s.as("lead", change...)
			p.expect("status of 404")
			for name, address := range s.pages() {
				p.visit(address)
				if shift := number(p.eval(shiftSoFar)); shift != 0 {
					t.Errorf("%s shifts by %v: %v", name, shift, p.eval(shifted))
				}
			}
		})
	}
}

// shifted tells what moved, and from where to where.
const shifted = `() => new Promise((done) => {
	new PerformanceObserver((list) => done(list.getEntries().flatMap((entry) => entry.sources).map(({node, previousRect: was, currentRect: is}) =>
		(node?.parentElement?.outerHTML ?? "?").slice(0, 120) + " from " + [was.x, was.y, was.width, was.height] + " to " + [is.x, is.y, is.width, is.height]).join("\n"))).observe({type: "layout-shift", buffered: true});
})`

// TestACallerFromAnotherHostIsBlocked puts a form on a page of another origin.
func TestACallerFromAnotherHostIsBlocked(t *testing.T) {
	s := newStage(t)
	p := s.as("lead")
	p.expect("status of 403")
	err := p.Route("http://evil.localhost/**", func(route playwright.Route) {
		_ = route.Fulfill(playwright.RouteFulfillOptions{
			ContentType: new("text/html"),
			Body:        fmt.Sprintf(`<form method="post" action="%s/tokens"><input name="name" value="x"><button>Win a prize</button></form>`, s.agent(s.idle)),
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	p.visit("http://evil.localhost/")
	p.click(p.button("Win a prize"))
	p.sees(p.heading("That did not come from this portal"))
	for _, request := range s.gitlab.Requests() {
		if request.Method == http.MethodPost && strings.Contains(request.Path, "cluster_agents") {
			t.Errorf("GitLab saw %s %s", request.Method, request.Path)
		}
	}
}
