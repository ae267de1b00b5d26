//go:build e2e

package e2e

import (
	"strconv"
	"testing"

	"github.com/playwright-community/playwright-go"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

// focused is a script that tells what has the focus, by its id, address or text.
const focused = `() => { const e = document.activeElement; return e.id || e.getAttribute("href") || e.innerText.trim(); }`

// readyForKeys waits until htmx has taken over the links that the keys follow: before that they lead
// to pages.
func (p *tab) readyForKeys() {
	p.t.Helper()
	if err := expectations().Locator(p.Locator("#picker-link[data-htmx-powered]")).ToBeAttached(); err != nil {
		p.t.Fatal(err)
	}
}

// focusComesTo waits for the focus: a dialog that is closed gives it back a moment later.
func (p *tab) focusComesTo(selector string) {
	p.t.Helper()
	if err := expectations().Locator(p.Locator(selector)).ToBeFocused(); err != nil {
		p.t.Fatalf("%v; the focus is on %q", err, p.eval(focused))
	}
}

// TestKeysAreListedAndCanBeTurnedOff opens the list by its key and by the menu.
func TestKeysAreListedAndCanBeTurnedOff(t *testing.T) {
	s := newStage(t)
	p := s.as("lead")
	p.visit(s.agents())
	p.readyForKeys()
	if err := p.link("prod").Focus(); err != nil {
		t.Fatal(err)
	}
	p.press("?")
	p.sees(p.Locator("#dialog .keys"))
	if place := p.eval(focused); place != "form-title" {
		t.Errorf("with the list open the focus is on %q, want its title", place)
	}
	p.press("Escape")
	p.lacks(p.Locator("#dialog"))
	p.focusComesTo("main a[href$='/agents/" + strconv.FormatInt(s.prod, 10) + "']")
	p.click(p.Locator("header details.menu summary"))
	p.click(p.link("Keyboard shortcuts"))
	p.sees(p.Locator("#dialog .keys"))
	p.click(p.Locator("#dialog").GetByText("Keyboard shortcuts"))
	p.press("Escape")
	p.lacks(p.Locator("#dialog"))
	p.focusComesTo("header details.menu summary") // the link's menu is closed

	p.press("?")
	p.click(p.button("Off"))
	p.arrives(s.agents())
	p.sees(p.heading("Agents of Payments"))
	p.readyForKeys()
	p.press("/")
	p.press("?")
	if open := number(p.eval(`() => document.querySelectorAll("dialog[open], .htmx-request").length`)); open != 0 {
		t.Error("the keys still do something")
	}
}

// composing is a script that presses a key as browsers tell of one that an input method takes: Safari
// sends Enter after the end of the composition and gives it away by the key code alone.
const composing = `([key, isComposing, keyCode]) => {
	const event = new KeyboardEvent("keydown", {key, isComposing, bubbles: true, cancelable: true});
	Object.defineProperty(event, "keyCode", {value: keyCode});
	document.activeElement.dispatchEvent(event);
	return event.defaultPrevented;
}`

// TestAKeyThatEndsACompositionDoesNothing composes where the portal listens to keys.
func TestAKeyThatEndsACompositionDoesNothing(t *testing.T) {
	s := newStage(t)
	for _, browser := range []struct {
		name        string
		isComposing bool
		keyCode     int
	}{{"Safari", false, 229}, {"Chromium", true, 229}, {"Firefox", true, 13}} {
		p := s.as("lead")
		p.visit(s.agents())
		p.readyForKeys()
		taken := func(what, key string) {
			t.Helper()
			if p.eval(composing, []any{key, browser.isComposing, browser.keyCode}) != false {
				t.Errorf("%s, %s: the portal takes %s from the input method", browser.name, what, key)
			}
		}
		taken("on the page", "/")
		taken("on the page", "?")
		p.lacks(p.Locator("dialog[open]"))
		p.press("/")
		p.sees(p.Locator("#picker-list [aria-selected=true]"))
		p.focusComesTo("#picker-input")
		taken("in the picker", "ArrowDown")
		taken("in the picker", "Enter")
		p.sees(p.Locator("#picker-input"))
		p.press("Escape")
		p.click(p.Locator("header details.menu summary"))
		taken("in the menu", "Escape")
		p.sees(p.Locator("header details.menu[open]"))
		if at := p.URL(); at != s.agents() {
			t.Errorf("%s: the page is now %s", browser.name, at)
		}
		p.visit(s.agents())
		p.readyForKeys()
		p.press("/")
		p.sees(p.Locator("#picker-list [aria-selected=true]"))
		if p.eval(composing, []any{"Enter", false, 13}) != true {
			t.Errorf("%s: Enter that ends no composition opens no project", browser.name)
		}
	}
}

// TestTheContentIsOneKeyAway uses the skip link.
func TestTheContentIsOneKeyAway(t *testing.T) {
	s := newStage(t)
	p := s.as("lead")
	p.visit(s.agents())
	p.press("Tab")
	if shown := p.eval(`() => { const e = document.activeElement; return e.matches(".skip") && e.getBoundingClientRect().top >= 0; }`); shown != true {
		t.Error("the first thing that gets the focus is no link to the content that can be seen")
	}
	p.press("Enter")
	p.press("Tab")
	if inside := p.eval(`() => document.activeElement.closest("main") !== null`); inside != true {
		t.Error("the next stop is not in the content")
	}
}

// reachable are the controls that a mouse could use, each with a number of its own.
const reachable = `() => [...document.querySelectorAll("a[href], button, input, select, textarea, summary")]
	.filter((e) => e.checkVisibility({visibilityProperty: true}) && e.tabIndex >= 0 && e.type !== "hidden" && !e.disabled && !(e.type === "radio" && !e.checked))
	.map((e, i) => { e.dataset.stop = i; return i; }).length`

// elsewhere stands for a stop that is no control, such as a block that scrolls.
const elsewhere = -1

// stop is the number of the control that has the focus, unless nothing shows that it has.
const stop = `() => {
	const e = document.activeElement;
	const shown = [e, e.closest("label")].some((x) => x && getComputedStyle(x).outlineStyle !== "none" && parseFloat(getComputedStyle(x).outlineWidth) >= 2);
	return shown ? Number(e.dataset.stop ?? -1) : "nothing shows the focus on " + e.outerHTML.slice(0, 80);
}`

// TestEverythingIsReachedByTab walks through pages and checks that the focus can always be seen.
func TestEverythingIsReachedByTab(t *testing.T) {
	s := newStage(t)
	for name, p := range map[string]*tab{"in colour": s.as("lead"), "in forced colours": s.as("lead", inForcedColours)} {
		for _, address := range []string{s.url, s.agents(), s.agent(s.prod), s.agent(s.prod) + "?tab=connect", s.url + "/activity", s.agent(s.prod) + "/rotation", s.agent(s.prod) + "?tab=use", s.url + "/groups", s.editor()} {
			p.visit(address)
			p.sees(p.Locator("main h1"))
			p.tabsThrough(name + ", " + address)
		}
	}
}

// tabsThrough presses Tab until every control of the page has had the focus.
func (p *tab) tabsThrough(what string) {
	p.t.Helper()
	p.lacks(p.Locator("main .dependents[hx-get], main .shared[hx-get]")) // what comes later takes the place of its link
	want := int(number(p.eval(reachable)))
	seen := map[int]bool{}
	for range 3*want + 10 { // a date has several stops, and what scrolls has one too
		p.press("Tab")
		switch at := p.eval(stop).(type) {
		case int:
			seen[at] = true
		case string:
			p.t.Errorf("%s: %s", what, at)
		}
		if delete(seen, elsewhere); len(seen) == want {
			break
		}
	}
	if len(seen) != want {
		p.t.Errorf("%s: Tab reaches %d of %d controls", what, len(seen), want)
	}
}

func inForcedColours(o *playwright.BrowserNewContextOptions) {
	o.ForcedColors = playwright.ForcedColorsActive
}

// hasGround tells whether an element has a ground that the system's forced colours do not give to
// everything.
const hasGround = `(chosen) => {
	const ground = (e) => getComputedStyle(e).backgroundColor, own = ground(document.querySelector(chosen));
	return own !== ground(document.body) && !own.endsWith(", 0)");
}`

// TestForcedColoursLeaveWhatIsChosenVisible looks for what grounds and shadows say otherwise.
func TestForcedColoursLeaveWhatIsChosenVisible(t *testing.T) {
	s := newStage(t)
	p := s.as("lead", inForcedColours)
	for _, place := range []struct {
		open   func()
		chosen []string
	}{
		{func() { p.visit(s.url + "/?wait=1") }, []string{".filters [aria-current]", ".bar nav [aria-current]"}},
		{func() { p.readyForKeys(); p.press("/"); p.sees(p.Locator("#picker-list [aria-selected=true]")) }, []string{"#picker-list [aria-selected=true]"}},
		{func() { p.visit(s.agent(s.prod)); p.click(p.Locator("header details.menu summary")) }, []string{".tabs [aria-current]", ".choice [aria-pressed=true]"}},
		{func() { p.visit(s.agent(s.prod) + "?tab=connect") }, []string{".variant-tabs label:has(:checked)"}},
	} {
		place.open()
		for _, chosen := range place.chosen {
			if p.eval(hasGround, chosen) != true {
				t.Errorf("%s looks like what is not chosen", chosen)
			}
		}
	}
	p.visit(s.agent(s.prod))
	if border := p.eval(`() => getComputedStyle(document.querySelector("main .badge")).borderTopStyle`); border != "solid" {
		t.Errorf("a badge has the border %v", border)
	}
}

// TestLessMotionIsRespected watches a form under way, the one thing that moves.
func TestLessMotionIsRespected(t *testing.T) {
	s := newStage(t)
	gate := gitlabtest.NewGate()
	t.Cleanup(gate.Open)
	s.gitlab.Inject(gitlabtest.OpCreateToken, gitlabtest.Hold(gate))
	p := s.as("lead", func(o *playwright.BrowserNewContextOptions) { o.ReducedMotion = playwright.ReducedMotionReduce })
	p.visit(s.agent(s.idle))
	p.click(p.link("Create token").First())
	p.fill(p.GetByLabel("Name"), "first")
	p.click(p.Locator("#dialog").GetByRole("button", inLocator("Create token")))
	p.sees(p.Locator("#dialog .htmx-request .button-primary"))
	turn := p.eval(`() => getComputedStyle(document.querySelector("#dialog .button-primary"), "::before").animationDuration`)
	if turn != "3s" {
		t.Errorf("the waiting button turns in %v, want slowly", turn)
	}
	gate.Open()
	p.seesReveal(s)
}
