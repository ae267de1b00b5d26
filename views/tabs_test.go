package views

import (
	"testing"

	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/i18n"
)

func TestTitlesTellTabsApart(t *testing.T) {
	t.Parallel()
	for tab, want := range map[Tab]string{
		TabTokens:   "production · Payments",
		TabActivity: "Activity · production · Payments",
		TabConnect:  "Connect · production · Payments",
		TabPods:     "Pods · production · Payments",
		TabUse:      "Use it · production · Payments",
	} {
		m := AgentModel{Agent: agent.Agent{Name: "production"}, Project: Project{Project: agent.Project{Name: "Payments"}}, Tab: tab}
		if got := m.Title(i18n.For(i18n.English)); got != want {
			t.Errorf("the tab %s has the title %q, want %q", tab, got, want)
		}
	}
}
