//go:build e2e

package e2e

import (
	"testing"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

// TestWhatIsLostIsNamedInTheDialog opens the deletion of an agent that an environment depends on.
func TestWhatIsLostIsNamedInTheDialog(t *testing.T) {
	s := newStage(t)
	s.gitlab.AddEnvironment(gitlabtest.Environment{Project: s.project, Name: "live", Agent: s.prod})
	p := s.as("lead")
	p.visit(s.agent(s.prod))
	p.says(p.Locator("#agent-tab .dependents"), "1 environment gets its Kubernetes view")
	p.click(p.Locator("main a[href$='/delete']").First())
	p.says(p.Locator("#dialog .dependents"), "1 environment loses its Kubernetes view")
}
