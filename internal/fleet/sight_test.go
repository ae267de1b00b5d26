package fleet_test

import (
	"testing"

	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/fleet"
)

func TestAProjectIsInSightWhereItsAgentsAreThePersonsToSee(t *testing.T) {
	t.Parallel()
	read, slow, hidden := &agent.Project{ID: 1}, &agent.Project{ID: 2}, &agent.Project{ID: 3}
	s := &fleet.Snapshot{
		Projects: []*agent.Project{read, slow, hidden},
		Warnings: []fleet.Warning{{Kind: fleet.RolesUnknown}, {Project: slow, Kind: fleet.Slow}, {Project: hidden, Kind: fleet.NotVisible}, {Project: hidden, Kind: fleet.Slow}},
	}
	for scope, want := range map[agent.Scope]int{agent.ScopeMine: 2, agent.ScopeEverything: 1, agent.ScopeGroup("shop"): 1} {
		if got := s.InSight(scope); len(got) != want || got[0] != read {
			t.Errorf("in scope %q %d projects are in sight, want %d", scope, len(got), want)
		}
	}
	if len(s.Projects) != 3 {
		t.Error("the snapshot has changed")
	}
}
