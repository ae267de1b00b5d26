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

// A page that comes out of the back/forward cache fires no load event to wait for.
var (
	commit        = playwright.PageGoBackOptions{WaitUntil: playwright.WaitUntilStateCommit}
	forwardCommit = playwright.PageGoForwardOptions{WaitUntil: playwright.WaitUntilStateCommit}
)
