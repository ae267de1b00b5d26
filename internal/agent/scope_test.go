package agent_test

import (
	"testing"

	"gitlab-agent-portal/internal/agent"
)

func TestAScopeIsReadFromAnAddress(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]struct {
		scope agent.Scope
		group string
	}{
		"":                     {agent.ScopeMine, ""},
		"mine":                 {agent.ScopeMine, ""},
		"everything":           {agent.ScopeEverything, ""},
		"Everything":           {agent.ScopeMine, ""},
		"group:":               {agent.ScopeMine, ""},
		"group: / ":            {agent.ScopeMine, ""},
		"group:shop":           {agent.ScopeGroup("shop"), "shop"},
		"group:/shop/storage/": {agent.ScopeGroup("shop/storage"), "shop/storage"},
		"group:everything":     {agent.ScopeGroup("everything"), "everything"},
	} {
		got := agent.ParseScope(text)
		if got != want.scope || got.Group() != want.group {
			t.Errorf("%q is %q of the group %q, want %q, %q", text, got, got.Group(), want.scope, want.group)
		}
		if again := agent.ParseScope(string(got)); again != got {
			t.Errorf("%q does not survive an address: %q", got, again)
		}
	}
}
