package agentconfig_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gitlab-agent-portal/internal/agentconfig"
)

type (
	config = agentconfig.Config
	access = agentconfig.Access
	grant  = agentconfig.Grant
)

func TestParseTellsWhoIsLetIn(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, file string
		want       config
	}{
		{"an empty file", "", config{}},
		{"comments only", "# nothing yet\n", config{}},
		{"null", "null\n", config{}},
		{"keys without values", "ci_access:\nuser_access:\n  projects:\n  groups: ~\n", config{}},
		{"other keys", "observability: {logging: {level: debug}}\nfuture: [1, 2]\n", config{}},
		{
			"projects and groups",
			"ci_access:\n  projects:\n    - id: shop/web\n      default_namespace: web\n    - id: shop/api\n  groups:\n    - id: shop\n" +
				"user_access:\n  access_as: {agent: {}}\n  projects: [{id: shop/web}]\n",
			config{
				CI:   access{Projects: []grant{{Path: "shop/web"}, {Path: "shop/api"}}, Groups: []grant{{Path: "shop"}}},
				User: access{Projects: []grant{{Path: "shop/web"}}},
			},
		},
		{
			"limits",
			"ci_access:\n  groups:\n    - id: shop\n      environments: [production, review/*]\n      protected_branches_only: true\n",
			config{CI: access{Groups: []grant{{Path: "shop", Environments: []string{"production", "review/*"}, ProtectedBranches: true}}}},
		},
		{"the whole instance", "ci_access:\n  instance: {}\n", config{CI: access{Instance: true}}},
		{
			"anchors and merged keys",
			"x: &g {groups: [{id: shop}]}\ny: &p {projects: [{id: shop/web}]}\nci_access: *g\nuser_access:\n  <<: [*g, *p]\n",
			config{
				CI:   access{Groups: []grant{{Path: "shop"}}},
				User: access{Groups: []grant{{Path: "shop"}}, Projects: []grant{{Path: "shop/web"}}},
			},
		},
		{"the first of several documents", "ci_access: {groups: [{id: a}]}\n---\nci_access: {groups: [{id: b}]}\n", config{CI: access{Groups: []grant{{Path: "a"}}}}},
		{"quoted paths with anything in them", "ci_access: {groups: [{id: \"a\\nb<c>\"}]}\n", config{CI: access{Groups: []grant{{Path: "a\nb<c>"}}}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := agentconfig.Parse([]byte(tt.file))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseNamesTheLineOfAProblem(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, file string
		want       agentconfig.Error
	}{
		{"a tab", "ci_access:\n\tprojects: []\n", agentconfig.Error{Problem: agentconfig.ProblemSyntax, Line: 2, Detail: "found character that cannot start any token"}},
		{"an open bracket", "ci_access:\n  projects: [\n", agentconfig.Error{Problem: agentconfig.ProblemSyntax, Line: 3, Detail: "did not find expected node content"}},
		{"a wrong indent", "ci_access:\n  projects:\n  - id: a\n groups: []\n", agentconfig.Error{Problem: agentconfig.ProblemSyntax, Line: 4, Detail: "did not find expected key"}},
		{"a key twice", "ci_access: {}\nx: 1\nci_access: {}\n", agentconfig.Error{Problem: agentconfig.ProblemTwice, Line: 3, Field: "ci_access"}},
		{"no text at all", "a: \xff\n", agentconfig.Error{Problem: agentconfig.ProblemSyntax, Detail: "invalid leading UTF-8 octet (value: 255)"}},
		{"a list", "- ci_access\n", agentconfig.Error{Problem: agentconfig.ProblemMapping, Line: 1}},
		{"a text for a mapping", "\nci_access: everybody\n", agentconfig.Error{Problem: agentconfig.ProblemMapping, Line: 2, Field: "ci_access"}},
		{"a mapping for a list", "ci_access:\n  projects:\n    id: shop/web\n", agentconfig.Error{Problem: agentconfig.ProblemList, Line: 3, Field: "ci_access.projects"}},
		{"a text in the list", "user_access:\n  groups:\n    - shop\n", agentconfig.Error{Problem: agentconfig.ProblemMapping, Line: 3, Field: "user_access.groups"}},
		{"no id", "user_access:\n  groups:\n    - {id: a}\n    - path: shop\n", agentconfig.Error{Problem: agentconfig.ProblemText, Line: 4, Field: "user_access.groups.id"}},
		{"a number for an id", "ci_access:\n  projects:\n    - id: 42\n", agentconfig.Error{Problem: agentconfig.ProblemText, Line: 3, Field: "ci_access.projects.id"}},
		{"a text for environments", "ci_access:\n  projects:\n    - id: a\n      environments: prod\n", agentconfig.Error{Problem: agentconfig.ProblemList, Line: 4, Field: "ci_access.projects.environments"}},
		{"a text for a truth", "ci_access:\n  projects:\n    - id: a\n      protected_branches_only: sometimes\n", agentconfig.Error{Problem: agentconfig.ProblemBoolean, Line: 4, Field: "ci_access.projects.protected_branches_only"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := agentconfig.Parse([]byte(tt.file))
			problem, ok := errors.AsType[*agentconfig.Error](err)
			if !ok {
				t.Fatalf("error = %v, want one with a place", err)
			}
			if diff := cmp.Diff(tt.want, *problem); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(config{}, got); diff != "" {
				t.Errorf("a broken file lets somebody in:\n%s", diff)
			}
		})
	}
}

// What is small to send must not be large to read, nor take long: an early version took
// minutes for some of these, within the test's own limit of time.
func TestParseRefusesWhatGrows(t *testing.T) {
	t.Parallel()
	const full = agentconfig.MaxSize - 200
	merges := "a: &a {}\n"
	for c := 'b'; c <= 'z'; c++ {
		before := "*" + string(c-1)
		merges += string(c) + ": &" + string(c) + " {<<: [" + strings.Repeat(before+",", 9) + before + "]}\n"
	}
	for name, file := range map[string]string{
		"more than is read":         strings.Repeat("#", agentconfig.MaxSize+1),
		"many grants of many names": "e: &e [" + strings.Repeat("a,", full/4) + "]\ng: &g {id: a, environments: *e}\nci_access: {groups: [" + strings.Repeat("*g,", full/6) + "]}\n",
		"a long name, many times":   "e: &e " + strings.Repeat("a", full/2) + "\nci_access: {groups: [{id: a, environments: [" + strings.Repeat("*e,", full/8) + "]}]}\n",
		"merges of merges":          merges + "ci_access: *z\n",
		"a merge of itself":         "ci_access: &a {<<: *a}\n",
		"a deep nest":               strings.Repeat("[", full),
		"a key again and again":     strings.Repeat("ci_access: {}\n", full/14),
	} {
		if got, err := agentconfig.Parse([]byte(file)); err == nil {
			t.Errorf("%s is taken as %.100v", name, got)
		}
	}
	for name, file := range map[string]string{
		"a large file":         "ci_access:\n  groups:\n" + strings.Repeat("    - id: shop/web\n", full/19),
		"another key, a lot":   strings.Repeat("a: b\n", full/5),
		"aliases nobody reads": "a: &a [x,x]\nb: &b [*a,*a]\nc: [*b,*b]\nci_access: {}\n",
	} {
		if _, err := agentconfig.Parse([]byte(file)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"ci_access: {groups: [{id: a}]}", "x: &g {a: b}\nci_access: {<<: *g}", "ci_access: &a {<<: *a}", "- ", "\t"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		_, err := agentconfig.Parse(data)
		if _, ok := errors.AsType[*agentconfig.Error](err); err != nil && !ok {
			t.Errorf("error = %v, want one with a place", err)
		}
	})
}
