//go:build e2e

package e2e

import (
	"maps"
	"slices"
	"testing"

	"github.com/playwright-community/playwright-go"
)

// pastPages are the pages of what a watch saw, by name.
func (s *stage) pastPages() map[string]string {
	return map[string]string{
		"fleet": s.url + "/?wait=1", "agent's history": s.agent(s.prod) + "?tab=history", "history of an agent nobody watched": s.agent(s.idle) + "?tab=history",
		"history": s.url + "/history", "history of 90 days": s.url + "/history?days=90", "empty history": s.url + "/history?group=nothing",
		"report": s.url + "/report", "empty report": s.url + "/report?month=2020-01", "wrong report": s.url + "/report?month=2020-13",
	}
}

// TestThePastIsForEverybody looks at each of these pages with axe, on a phone and at 200 %, in both languages.
func TestThePastIsForEverybody(t *testing.T) {
	t.Parallel()
	for name, change := range languages(withAxe, sharp) {
		t.Run(name, func(t *testing.T) {
			s := newWatched(t).withPast()
			p := s.as("lead", change...)
			p.expect("status of 422")
			pages := s.pastPages()
			for _, what := range slices.Sorted(maps.Keys(pages)) {
				p.resizes(playwright.Size{Width: 1440, Height: 900})
				p.visit(pages[what])
				p.eval(`() => document.querySelectorAll("details:not(.menu)").forEach((one) => { one.open = true; })`)
				p.passesAxe(what)
				p.fits(what+" at 200 %", laptop)
				p.fits(what+" on a phone", phone)
			}
		})
	}
}

// TestAReportIsForPaper prints one from a dark screen.
func TestAReportIsForPaper(t *testing.T) {
	s := newWatched(t).withPast()
	p := s.as("lead", inTheDark)
	for _, address := range []string{s.url + "/report?group=platform", s.url + "/history"} {
		p.visit(address)
		if err := p.EmulateMedia(playwright.PageEmulateMediaOptions{Media: playwright.MediaPrint}); err != nil {
			t.Fatal(err)
		}
		p.sees(p.Locator("main table:not(.data) tbody tr").First())
		left := p.eval(`() => [...document.querySelectorAll("header, .button, button, input, select, summary, .report-month a")]
			.filter((e) => e.checkVisibility()).map((e) => e.outerHTML.slice(0, 60)).join("\n")`)
		if left != "" {
			t.Errorf("%s: paper has no use for\n%v", address, left)
		}
		if background := p.eval("() => getComputedStyle(document.body).backgroundColor"); background != "rgb(255, 255, 255)" {
			t.Errorf("%s: the ground is %v", address, background)
		}
		p.resizes(playwright.Size{Width: 718, Height: 1000}) // a sheet of A4 within its margins
		if wide := number(p.eval("() => document.documentElement.scrollWidth")); wide > 718 {
			t.Errorf("%s is %v pixels wide, and a sheet 718", address, wide)
		}
	}
}

// TestTheMonthIsChosenWithoutAScript goes from one month to another by form and links.
func TestTheMonthIsChosenWithoutAScript(t *testing.T) {
	s := newWatched(t).withPast()
	p := s.as("lead", withoutScript)
	p.visit(s.url + "/history")
	p.click(p.Locator("main a[href^='/report']"))
	p.sees(p.Locator("table.report"))
	if _, err := p.Locator("#group").SelectOption(playwright.SelectOptionValues{Values: &[]string{"platform"}}); err != nil {
		t.Fatal(err)
	}
	p.click(p.Locator("form.filter button"))
	p.says(p.Locator("h1"), "Monthly report of platform")
	p.click(p.Locator("a[rel=prev]"))
	p.says(p.Locator("h1"), "Monthly report of platform")
	p.click(p.Locator("a[rel=next]"))
	p.sees(p.Locator("table.report"))
	p.lacks(p.Locator("a[rel=next]"))
}
