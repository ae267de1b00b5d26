package fleet_test

import (
	"slices"
	"testing"

	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/fleet"
)

func TestAnAgentSaysWhyItsVersionsAreNotKnown(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		project agent.Project
		running agent.Running
		want    fleet.Untold
	}{
		"they are":                       {agent.Project{Maintains: true}, agent.Running{Known: true}, ""},
		"GitLab did not answer":          {agent.Project{Maintains: true}, agent.Running{}, fleet.UntoldUnanswered},
		"a Developer asks":               {agent.Project{}, agent.Running{}, fleet.UntoldRole},
		"a Developer of an archived one": {agent.Project{Archived: true}, agent.Running{}, fleet.UntoldRole},
		"the project is archived":        {agent.Project{Maintains: true, Archived: true}, agent.Running{}, fleet.UntoldReadOnly},
		"the project is frozen":          {agent.Project{Maintains: true, Frozen: agent.AccessFrozen}, agent.Running{}, fleet.UntoldReadOnly},
	} {
		if got := (fleet.Agent{Project: &tt.project, Agent: agent.Agent{Running: tt.running}}).Untold(); got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}

func TestVersionsAreFilteredAndCounted(t *testing.T) {
	t.Parallel()
	all := judged([]fleet.Agent{
		one(1, "shop", "current", runs("18.5.0")), one(2, "shop", "unknown"), one(3, "shop", "silent", runs()),
		one(4, "shop", "old", runs("17.1.0"), func(a *fleet.Agent) { a.Running.Warned = true }),
		one(5, "shop", "torn", runs("17.1.0", "18.5.0"), func(a *fleet.Agent) { a.Running.Warned = true }),
	})
	counts := fleet.Select(all, fleet.Query{}).Counts.Attention
	for rule, want := range map[agent.Rule][]int64{agent.UpdateNeeded: {4, 5}, agent.VersionsDiffer: {5}, fleet.AnyAttention: {4, 5}} {
		got := ids(fleet.Filter(all, parse(t, "sort=agent&attention="+string(rule))))
		slices.Sort(got)
		if !slices.Equal(got, want) || counts[rule] != len(want) {
			t.Errorf("%s: %v and a count of %d, want %v", rule, got, counts[rule], want)
		}
	}
}
