//go:build e2e && screenshots

package e2e

import "testing"

// dependents are what uses an agent, and stale agents.
func (a *album) dependents(t *testing.T) {
	t.Helper()
	s := playDemo(t)
	p := s.as("mara", a.change...)
	p.expect("status of 4(0[034]|22)")
	p.visit(s.url + "/?wait=1&attention=stale")
	a.shows(p, "fleet-stale")
	p.click(p.Locator("#select-all"))
	p.click(p.Locator("[formaction$='/stale-agents']"))
	p.sees(p.Locator(".stale-list .dependents").First())
	p.lacks(p.Locator("[id$='-notice'][hx-get]"))
	a.shows(p, "stale")
	p.click(p.Locator("#form .form-buttons button"))
	p.sees(p.Locator("#confirm-error:not(:empty)"))
	a.shows(p, "stale-error")
	p.fill(p.Locator("[name=confirm]"), "1")
	p.click(p.Locator("#form .form-buttons button"))
	p.sees(p.Locator(".stale-list .state").First())
	a.shows(p, "stale-deleted")
	a.visits(p, "stale-none", s.url+"/stale-agents?agent=1.1")
	for name, at := range map[string][2]string{
		"granted": {"shop/storefront/web", "production"}, "broken": {"shop/storefront/web", "review-apps"},
		"instance": {"platform/clusters/europe", "eu-central-1"}, "left": {"shop/warehouse/parcels", "production"}, "gone": {"shop/warehouse/robots", "hall-2"},
	} {
		p.visit(s.url + "/go/" + at[0])
		p.click(p.link(at[1]))
		p.lacks(p.Locator("[id$='-notice'][hx-get]"))
		a.shows(p, "dependents-"+name)
	}
	for name, end := range map[string]string{"delete": "/delete", "revoke": "/revoke"} {
		p.visit(s.url + "/go/shop/storefront/web")
		p.click(p.link("production"))
		p.lacks(p.Locator("[id$='-notice'][hx-get]"))
		p.click(p.Locator("main a[href*='" + end + "']").First())
		p.sees(p.Locator("#dialog .dependents .token-list"))
		a.shows(p, "dependents-"+name)
	}
}
