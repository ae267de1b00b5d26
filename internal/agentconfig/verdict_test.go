package agentconfig_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gitlab-agent-portal/internal/agentconfig"
)

func TestJudgeSaysWhatGitLabMakesOfAGrant(t *testing.T) {
	t.Parallel()
	group, person := agentconfig.Home{Project: "shop/storefront/web"}, agentconfig.Home{Project: "mara/notes", Personal: true}
	maybe := agentconfig.Home{Project: "mara/notes"}
	for _, tt := range []struct {
		name string
		home agentconfig.Home
		file string
		want []agentconfig.Verdict // groups, then projects, then the instance; pipelines before people
	}{
		{"the same top-level group", group, "ci_access: {groups: [{id: shop}, {id: shop/other}], projects: [{id: shop/a}]}", []agentconfig.Verdict{"in_effect", "in_effect", "in_effect"}},
		{"in other letters", group, "ci_access: {projects: [{id: SHOP/a}]}", []agentconfig.Verdict{"in_effect"}},
		{"another top-level group", group, "ci_access: {groups: [{id: shopping}], projects: [{id: other/a}]}", []agentconfig.Verdict{"outside", "outside"}},
		{"a group among the projects", group, "ci_access: {projects: [{id: shop}]}", []agentconfig.Verdict{"path"}},
		{"the instance", group, "ci_access: {instance: {}}", []agentconfig.Verdict{"administrator"}},
		{"the same path again", group, "ci_access: {projects: [{id: shop/a, environments: [x]}, {id: Shop/A}]}", []agentconfig.Verdict{"repeated", "in_effect"}},
		{"the same path as a group", group, "ci_access: {projects: [{id: shop/a}], groups: [{id: shop/a}]}", []agentconfig.Verdict{"in_effect", "in_effect"}},

		{"a personal namespace", person, "ci_access: {projects: [{id: mara/notes}, {id: mara/other}, {id: shop/a}]}", []agentconfig.Verdict{"in_effect", "personal", "outside"}},
		{"a group in a personal namespace", person, "ci_access: {groups: [{id: mara}, {id: shop}]}", []agentconfig.Verdict{"personal", "outside"}},
		{"what may be a personal namespace", maybe, "ci_access: {groups: [{id: mara}, {id: shop}]}", []agentconfig.Verdict{"in_effect", "outside"}},

		{"people with an identity", group, "user_access: {access_as: {agent: {}}, groups: [{id: shop}, {id: other}]}", []agentconfig.Verdict{"in_effect", "outside"}},
		{"pipelines need none", group, "ci_access: {groups: [{id: shop}]}", []agentconfig.Verdict{"in_effect"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			parsed, problems := agentconfig.Parse([]byte(tt.file))
			if len(problems) > 0 {
				t.Fatal(problems)
			}
			if diff := cmp.Diff(tt.want, verdicts(agentconfig.Judge(parsed, tt.home))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if got := verdicts(parsed); got[0] != "" {
				t.Errorf("judging changed what was judged: %v", got)
			}
		})
	}
}

func verdicts(c config) []agentconfig.Verdict {
	var all []agentconfig.Verdict
	for _, list := range []access{c.CI, c.User} {
		for _, g := range append(append([]grant{}, list.Groups...), list.Projects...) {
			all = append(all, g.Verdict)
		}
		if list.Instance != nil {
			all = append(all, list.Instance.Verdict)
		}
	}
	return all
}

func TestJudgeCountsTheFirstGrantsOfEachListOnly(t *testing.T) {
	t.Parallel()
	var many access
	for i := range agentconfig.MaxGrants + 1 {
		many.Groups = append(many.Groups, grant{Path: fmt.Sprintf("shop/%d", i)})
		many.Projects = append(many.Projects, grant{Path: fmt.Sprintf("shop/%d", i)})
	}
	many.Groups[agentconfig.MaxGrants].Path = "shop/0" // does not take the place of the first
	judged := agentconfig.Judge(config{CI: many}, agentconfig.Home{Project: "shop/web"}).CI
	for name, list := range map[string][]grant{"groups": judged.Groups, "projects": judged.Projects} {
		if first, last, over := list[0].Verdict, list[agentconfig.MaxGrants-1].Verdict, list[agentconfig.MaxGrants].Verdict; first != "in_effect" || last != "in_effect" || over != "limit" {
			t.Errorf("%s: the first is %s, the 500th %s, the 501st %s", name, first, last, over)
		}
	}
}
