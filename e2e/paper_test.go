//go:build e2e

package e2e

import (
	"testing"

	"github.com/playwright-community/playwright-go"
)

// TestPaperGetsTheWordsAlone prints the pages that people hand around, from a dark screen.
func TestPaperGetsTheWordsAlone(t *testing.T) {
	s := newStage(t)
	s.addProjects(40)
	p := s.as("lead", inTheDark)
	for name, address := range map[string]string{"fleet": s.url, "agent": s.agent(s.prod)} {
		p.visit(address)
		if err := p.EmulateMedia(playwright.PageEmulateMediaOptions{Media: playwright.MediaPrint}); err != nil {
			t.Fatal(err)
		}
		p.sees(p.Locator("main h1"))
		p.sees(p.Locator("main table:not(.data) tbody tr").First())
		left := p.eval(`() => [...document.querySelectorAll("header, .button, button, input, select, dialog, [data-copy]")]
			.filter((e) => e.checkVisibility()).map((e) => e.outerHTML.slice(0, 60)).join("\n")`)
		if left != "" {
			t.Errorf("%s: paper has no use for\n%v", name, left)
		}
		if background := p.eval("() => getComputedStyle(document.body).backgroundColor"); background != "rgb(255, 255, 255)" {
			t.Errorf("%s: the ground is %v", name, background)
		}
		if repeated := p.eval(`() => getComputedStyle(document.querySelector("main table:not(.data) thead")).display`); repeated != "table-header-group" {
			t.Errorf("%s: the table's header is a %v on paper", name, repeated)
		}
	}
}
