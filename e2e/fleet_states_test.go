//go:build e2e

package e2e

import (
	"net/http"
	"testing"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

// readsAgain reads the fleet anew and waits until there is nothing more to come.
func (p *tab) readsAgain() {
	p.t.Helper()
	p.visit(p.s.url + "/?refresh=1")
	p.lacks(p.Locator("#fleet progress"))
}

// withoutGraphQL reads the fleet anew from a GitLab that has only REST and a fault in one
// operation.
func (p *tab) withoutGraphQL(op string, fault gitlabtest.Fault) {
	p.t.Helper()
	p.s.gitlab.Inject(gitlabtest.OpGraphQL, gitlabtest.Status(http.StatusNotFound))
	p.s.gitlab.Inject(op, fault)
	p.readsAgain()
}

// fleetTroubles are the states of a fleet that is late or incomplete, one after the other, for
// somebody who has signed in. The first leaves GitLab hanging until the second.
func (s *stage) fleetTroubles() []state {
	gate, hung := gitlabtest.NewGate(), gitlabtest.NewGate()
	s.t.Cleanup(gate.Open)
	s.t.Cleanup(hung.Open)
	return []state{
		{"fleet that is read again", func(p *tab) {
			s.gitlab.Inject(gitlabtest.OpListProjects, gitlabtest.Hold(gate))
			p.visit(s.url + "/?refresh=1")
			p.sees(p.Locator(".fleet-state progress"))
			p.sees(p.link("prod"))
		}},
		{"fleet with a project that fails", func(p *tab) {
			gate.Open()
			s.gitlab.ClearFaults("")
			p.withoutGraphQL(gitlabtest.OpListAgents, gitlabtest.Status(http.StatusInternalServerError).ForProject(s.project))
			p.sees(p.Locator(".fleet-warnings li"))
			p.lacks(p.link("prod"))
			s.gitlab.ClearFaults("")
		}},
		{"fleet with a project that hangs", func(p *tab) {
			p.withoutGraphQL(gitlabtest.OpListAgents, gitlabtest.Hold(hung).ForProject(s.project))
			p.sees(p.Locator(".fleet-warnings li"))
			hung.Open()
			s.gitlab.ClearFaults("")
		}},
		{"fleet whose status is unknown", func(p *tab) {
			p.withoutGraphQL(gitlabtest.OpGetToken, gitlabtest.BadGateway())
			p.sees(p.Locator("table.fleet tr:has([data-status=unknown])", rowOf("prod")))
			s.gitlab.ClearFaults("")
		}},
		{"fleet that could not be read again", func(p *tab) {
			s.gitlab.Inject(gitlabtest.OpListProjects, gitlabtest.BadGateway())
			p.readsAgain()
			p.sees(p.Locator("#scan-progress .notice-danger"))
			p.sees(p.link("prod"))
			s.gitlab.ClearFaults("")
		}},
	}
}

// TestATroubledFleetMends reads what is said of each trouble, and follows the way out of it.
func TestATroubledFleetMends(t *testing.T) {
	s := newStage(t)
	s.addProjects(2)
	p := s.as("lead")
	p.sees(p.link("prod"))
	said := map[string]string{
		"fleet that is read again":           "projects",
		"fleet with a project that fails":    "GitLab could not answer",
		"fleet with a project that hangs":    "GitLab did not answer in time",
		"fleet whose status is unknown":      "The use of some tokens is not known",
		"fleet that could not be read again": "GitLab cannot be reached",
	}
	for _, trouble := range s.fleetTroubles() {
		trouble.open(p)
		p.says(p.Locator("#fleet"), said[trouble.name])
		if trouble.name == "fleet that is read again" || trouble.name == "fleet whose status is unknown" {
			continue // the one mends by itself, the other with the next reading
		}
		p.click(p.Locator(".fleet-warnings a[hx-get], #scan-progress .notice a").First())
		p.lacks(p.Locator(".fleet-warnings, #scan-progress .notice"))
		p.sees(p.link("prod"))
	}
}

// TestAFleetThatCannotBeReadSaysSoInItsPlace fails before there is anything to show.
func TestAFleetThatCannotBeReadSaysSoInItsPlace(t *testing.T) {
	s := newStage(t)
	s.gitlab.Inject(gitlabtest.OpListProjects, gitlabtest.BadGateway())
	p := s.signsIn("lead")
	p.says(p.Locator("#scan-progress"), "GitLab cannot be reached")
	p.lacks(p.Locator("#fleet progress"))
	s.gitlab.ClearFaults("")
	p.click(p.Locator("#scan-progress .notice a"))
	p.sees(p.link("prod"))
}
