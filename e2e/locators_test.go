//go:build e2e

package e2e

import "github.com/playwright-community/playwright-go"

// rowOf narrows rows down to the one with the text.
func rowOf(text string) playwright.PageLocatorOptions {
	return playwright.PageLocatorOptions{HasText: text}
}

// inLocator finds by accessible name within a part of the page.
func inLocator(name string) playwright.LocatorGetByRoleOptions {
	return playwright.LocatorGetByRoleOptions{Name: name}
}

// goesBack and goesForward say so where there is nowhere to go. A page that comes out of the
// back/forward cache fires no load event to wait for.
func (p *tab) goesBack() error {
	p.t.Helper()
	p.needsHistory()
	_, err := p.GoBack(playwright.PageGoBackOptions{WaitUntil: playwright.WaitUntilStateCommit})
	return err
}

func (p *tab) goesForward() error {
	p.t.Helper()
	p.needsHistory()
	_, err := p.GoForward(playwright.PageGoForwardOptions{WaitUntil: playwright.WaitUntilStateCommit})
	return err
}

// needsHistory keeps tests of Back out of a browser in which they would show nothing.
func (p *tab) needsHistory() {
	p.t.Helper()
	if !p.s.history {
		p.t.Fatal("a test that goes back needs a stage withHistory")
	}
}
