package agentconfig_test

import (
	"errors"
	"testing"

	"gitlab-agent-portal/internal/agentconfig"
)

func TestAGrantIsAddedAndNothingElseIsTouched(t *testing.T) {
	t.Parallel()
	project := agentconfig.NewGrant{Grant: grant{Path: "shop/web"}}
	group := agentconfig.NewGrant{Group: true, Grant: grant{Path: "shop"}}
	people := agentconfig.NewGrant{People: true, Group: true, Grant: grant{Path: "shop"}}
	limited := agentconfig.NewGrant{Grant: grant{Path: "shop/web", Namespace: "web", Environments: []string{"production", "*"}, ProtectedRefs: true}}
	for _, tt := range []struct {
		name, file string
		grant      agentconfig.NewGrant
		want       string
	}{
		{"to an empty file", "", project, "ci_access:\n  projects:\n    - id: shop/web\n"},
		{"to a file of comments", "# ours\n", people, "# ours\nuser_access:\n  access_as:\n    agent: {}\n  groups:\n    - id: shop\n"},
		{"to the end of its list", "ci_access:\n  projects:\n    - id: a/b # one\n      environments:\n        - qa\n  # two\n  groups:\n    - id: a\n", project, "ci_access:\n  projects:\n    - id: a/b # one\n      environments:\n        - qa\n    - id: shop/web\n  # two\n  groups:\n    - id: a\n"},
		{"to a list that is not indented", "ci_access:\n  projects:\n  - id: a/b\n", project, "ci_access:\n  projects:\n  - id: a/b\n  - id: shop/web\n"},
		{"to a file without a line end", "ci_access:\n  projects:\n    - id: a/b", project, "ci_access:\n  projects:\n    - id: a/b\n    - id: shop/web\n"},
		{"with a new list", "ci_access:\n    projects:\n        - id: a/b\nobservability: {}\n", group, "ci_access:\n    projects:\n        - id: a/b\n    groups:\n      - id: shop\nobservability: {}\n"},
		{"with a new key", "observability:\n  logging:\n    level: debug\n", group, "observability:\n  logging:\n    level: debug\nci_access:\n  groups:\n    - id: shop\n"},
		{"to people who are there", "user_access:\n  access_as:\n    user: {}\n", agentconfig.NewGrant{People: true, Group: true, Grant: grant{Path: "a"}}, "user_access:\n  access_as:\n    user: {}\n  groups:\n    - id: a\n"},
		{"behind a long text", "custom_data: |\n  one\n  two\n", group, "custom_data: |\n  one\n  two\nci_access:\n  groups:\n    - id: shop\n"},
		{"with its limits", "", limited, "ci_access:\n  projects:\n    - id: shop/web\n      default_namespace: web\n      environments:\n        - production\n        - '*'\n      protected_branches_only: true\n"},
		{"that reads as a number", "", agentconfig.NewGrant{Group: true, Grant: grant{Path: "123"}}, "ci_access:\n  groups:\n    - id: \"123\"\n"},
		{"to a list in braces", "# keep\nci_access: {groups: [{id: a}]}\n", group, "# keep\nci_access:\n  groups:\n    - {id: a}\n    - id: shop\n"},
		{"to empty braces", "ci_access: {}\n", group, "ci_access:\n  groups:\n    - id: shop\n"},
		{"to a key without a value", "ci_access:\n", group, "ci_access:\n  groups:\n    - id: shop\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := agentconfig.Add([]byte(tt.file), tt.grant)
			if err != nil || string(got) != tt.want {
				t.Errorf("%v:\n%s\nwant\n%s", err, got, tt.want)
			}
		})
	}
}

func TestAGrantThatCannotBeAddedIsRefused(t *testing.T) {
	t.Parallel()
	group := agentconfig.NewGrant{Group: true, Grant: grant{Path: "Shop"}}
	for name, tt := range map[string]struct {
		file string
		want error
	}{
		"to a file with problems":   {"ci_access: [\n", agentconfig.ErrRefused},
		"that is there":             {"ci_access: {groups: [{id: shop}]}\n", agentconfig.ErrGranted},
		"to what is an alias":       {"custom_data: &a {groups: [{id: a}]}\nci_access: *a\n", agentconfig.ErrLayout},
		"before a second document":  {"ci_access:\n  groups:\n    - id: a\n...\n", nil},
		"to a file with two copies": {"ci_access: {}\nci_access:\n  groups:\n    - id: a\n", agentconfig.ErrLayout},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got, err := agentconfig.Add([]byte(tt.file), group); !errors.Is(err, tt.want) {
				t.Errorf("%v, want %v:\n%s", err, tt.want, got)
			}
		})
	}
}
