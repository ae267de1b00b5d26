//go:build e2e

package e2e

import "testing"

// TestTheSandboxPlaysTheCluster carries a new token to the page that plays the cluster, as
// somebody who tries the demo does, and sees the agent connected.
func TestTheSandboxPlaysTheCluster(t *testing.T) {
	s := newStage(t)
	p := s.as("lead")
	p.visit(s.agents())
	secret := p.registers(s, "staging")
	p.stores()
	p.says(p.Locator("main"), "Never connected")
	p.visit(s.gitlab.URL + "/sandbox")
	p.fill(p.Locator("#secret"), secret)
	p.click(p.button("agentk connects with this token"))
	p.says(p.GetByRole("status"), "staging")
	p.visit(s.agents())
	p.says(p.Locator("tr", rowOf("staging")), "Connected")
}
