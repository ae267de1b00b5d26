//go:build e2e && screenshots

package e2e

import "testing"

// clusters are what an agent connects to and how it is used, and the fleets beyond one's own projects.
func (a *album) clusters(t *testing.T) {
	t.Helper()
	s := playDemo(t)
	p := s.as("mara", a.change...)
	p.expect("status of 4(0[34]|22)")
	p.visit(s.url + "/go/shop/storefront/web")
	p.click(p.link("production"))
	agent := p.URL()
	a.visits(p, "pods", agent+"?tab=pods")
	a.visits(p, "use", agent+"?tab=use")
	p.visit(s.url + "/go/platform/clusters/edge")
	p.click(p.link("bank-gateway"))
	inbound := p.URL()
	a.visits(p, "receptive", inbound+"?tab=connect")
	a.visits(p, "receiver-delete", inbound+"/receiver/delete")
	a.visits(p, "receiver-new", agent+"/receiver")
	p.visit(s.url + "/go/shop/storefront/web")
	p.sees(p.Locator("#shared-title"))
	a.shows(p, "project-shared")
	a.visits(p, "groups", s.url+"/groups")
	a.visits(p, "groups-none", s.url+"/groups?q=nothing")
	a.visits(p, "fleet-group", s.url+"/?wait=1&scope=group:shop")
	a.visits(p, "fleet-everything", s.url+"/?wait=1&scope=everything")
	a.visits(p, "fleet-no-group", s.url+"/?wait=1&scope=group:nothing")
	a.visits(p, "fleet-update", s.url+"/?wait=1&attention=update_needed")
	a.visits(p, "status-help", s.url+"/help/status")
}
