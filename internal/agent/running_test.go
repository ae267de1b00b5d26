package agent_test

import (
	"slices"
	"testing"

	"gitlab-agent-portal/internal/agent"
)

func TestVersionsAreOrderedByTheirNumbers(t *testing.T) {
	t.Parallel()
	ordered := []string{"", "main", "9", "17.2", "17.2.0-rc1", "17.2.1", "17.2.10", "17.2.10+a2bd8f5", "17.10.0", "18", "18.0.0.1", "99999999999999999999"}
	// What is no number comes first, and a number that is too large is none.
	want := []string{"", "99999999999999999999", "main", "9", "17.2", "17.2.0-rc1", "17.2.1", "17.2.10", "17.2.10+a2bd8f5", "17.10.0", "18", "18.0.0.1"}
	slices.Reverse(ordered)
	slices.SortFunc(ordered, agent.CompareVersions)
	if !slices.Equal(ordered, want) {
		t.Errorf("ordered: %q, want %q", ordered, want)
	}
}

func TestVersionsThatAreNotKnownAreNoReasonForAttention(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		running agent.Running
		want    []agent.Rule
	}{
		"not known":                 {agent.Running{}, nil},
		"nothing connected":         {agent.Running{Known: true}, nil},
		"one":                       {agent.Running{Known: true, Versions: []string{"18.5.0"}}, nil},
		"one of which GitLab warns": {agent.Running{Known: true, Versions: []string{"17.5.0"}, Warned: true}, []agent.Rule{agent.UpdateNeeded}},
		"two":                       {agent.Running{Known: true, Versions: []string{"18.4.0", "18.5.0"}}, []agent.Rule{agent.VersionsDiffer}},
	} {
		one := agent.Agent{TokenCount: 1, Running: tt.running}
		if got := one.Attention(false, agent.Thresholds{}, noon()); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v, want %v", name, got, tt.want)
		}
	}
}
