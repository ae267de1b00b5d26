//go:build e2e

package e2e

import (
	"testing"

	"github.com/playwright-community/playwright-go"
)

// TestTheStyleguideIsMadeOfWorkingParts tries the components of the demo's page, by keyboard where
// there are keys for it.
func TestTheStyleguideIsMadeOfWorkingParts(t *testing.T) {
	t.Parallel()
	s := playDemo(t)
	for name, change := range map[string][]func(*playwright.BrowserNewContextOptions){
		"at a desk": {withAxe}, "on a phone, in Chinese": {withAxe, onAPhone, inChinese},
	} {
		p := s.open(change...)
		p.visit(s.url + "/styleguide")
		p.passesAxe(name)
	}
	p := s.open()
	p.OnDialog(func(d playwright.Dialog) {
		t.Errorf("leaving the components asks %q (%s)", d.Message(), d.Type())
		_ = d.Accept()
	})
	p.visit(s.url + "/styleguide")
	p.tabsThrough("the components")
	p.triesTheReveal()
	p.click(p.link("Open a dialog"))
	p.sees(p.Locator("#dialog #form-title"))
	p.press("Escape")
	p.lacks(p.Locator("#dialog"))
	p.visit(s.url)
}

// triesTheReveal shows, hides and copies the sample of a token.
func (p *tab) triesTheReveal() {
	p.t.Helper()
	const secret = "glagent-made-up-to-be-looked-at"
	p.lacks(p.GetByText(secret))
	p.click(p.Locator("#secret-show"))
	p.says(p.Locator("#secret"), secret)
	p.click(p.Locator("#secret-show"))
	p.lacks(p.GetByText(secret))
	p.click(p.Locator("#secret-copy"))
	p.says(p.Locator("#secret-status"), "Copied")
}
