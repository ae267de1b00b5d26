package watch_test

import (
	"testing"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

// Prometheus takes no two figures of one name, and none of any other where there are.
func TestAnAgentThatIsMadeAnewHasOneFigure(t *testing.T) {
	t.Parallel()
	onEveryEngine(t, func(t *testing.T, w *world) {
		t.Helper()
		web, agents := w.agents("web", "prod", "staging")
		s := w.replica()
		w.once(s)
		w.DeleteAgent(agents[0])
		w.agent(web, "prod", gitlabtest.Token{})
		for range 3 {
			w.once(s)
			figures, never := s.Figures().Agents, 0
			for _, one := range figures {
				if one.Agent == "prod" && one.LastContact.IsZero() {
					never++
				}
			}
			if len(figures) != 2 || never != 1 {
				t.Errorf("the figures are %+v, want one of each name, of the new agent", figures)
			}
		}
	})
}
