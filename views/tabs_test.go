package views

import (
	"testing"

	"gitlab-agent-portal/internal/i18n"
)

func TestTitlesTellTabsApart(t *testing.T) {
	t.Parallel()
	for tab, want := range map[string]string{
		"tokens":   "production · Payments",
		"activity": "Activity · production · Payments",
		"connect":  "Connect · production · Payments",
	} {
		m := AgentModel{Name: "production", Project: Project{Name: "Payments"}, Tab: tab}
		if got := m.Title(i18n.For(i18n.English)); got != want {
			t.Errorf("the tab %s has the title %q, want %q", tab, got, want)
		}
	}
}
