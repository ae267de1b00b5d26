//go:build e2e

package e2e

import "testing"

// TestAListWithAPastFitsItsScreen looks at what the strips of the last days leave for the rest: nothing
// scrolls sideways, and the end of a path can be read.
func TestAListWithAPastFitsItsScreen(t *testing.T) {
	s := newWatched(t).withPast()
	s.addAgents(20)
	s.seedCluster()
	const widest = `() => Math.max(document.documentElement.scrollWidth - innerWidth, document.querySelector("table.fleet").getBoundingClientRect().right - document.querySelector("main").getBoundingClientRect().right)`
	const narrowest = `() => Math.min(...[...document.querySelectorAll("table.fleet td.wide")].map((e) => e.clientWidth))`
	for _, width := range []int{1024, 1280, 1440, 1920} {
		p := s.as("lead", sized(width, 900))
		p.visit(s.url + "/?wait=1")
		if over := number(p.eval(widest)); over > 0 {
			t.Errorf("at %d pixels the list is %v pixels too wide", width, over)
		}
		if room := number(p.eval(narrowest)); room < 80 {
			t.Errorf("at %d pixels a project has %v pixels", width, room)
		}
	}
}

// TestTheCountOfAlertsCoversNoLink has as many as a number of three digits; on a phone nothing cuts it off.
func TestTheCountOfAlertsCoversNoLink(t *testing.T) {
	w := newWatched(t)
	w.findsMuch()
	for name, p := range map[string]*tab{"on a screen": w.as("lead"), "in Chinese": w.as("lead", inChinese)} {
		p.visit(w.agents())
		p.eval(`() => { document.querySelector(".nav-count").textContent = "999"; }`)
		gap := number(p.eval(`() => document.querySelector(".bar .picker-link").getBoundingClientRect().left - document.querySelector(".nav-count").getBoundingClientRect().right`))
		if gap < 0 {
			t.Errorf("%s the number covers %v pixels of what comes next", name, -gap)
		}
	}
	p := w.as("lead", onAPhone)
	p.visit(w.agents())
	if cut := number(p.eval(`() => document.querySelector(".bar nav").getBoundingClientRect().top - document.querySelector(".nav-count").getBoundingClientRect().top`)); cut > 0 {
		t.Errorf("on a phone %v pixels of the number are cut off", cut)
	}
}
