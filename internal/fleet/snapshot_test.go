package fleet_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/fleet"
)

func TestASnapshotTakesOverWhatWasReadAgain(t *testing.T) {
	t.Parallel()
	kept, hidden := one(1, "shop", "kept"), one(2, "data", "hidden", func(a *fleet.Agent) { a.TokenCount = agent.Unread })
	failed := &agent.Project{ID: 30, Path: "a/failed"}
	base := &fleet.Snapshot{
		Projects: []*agent.Project{failed, hidden.Project, kept.Project}, Agents: []fleet.Agent{hidden, kept},
		Warnings: []fleet.Warning{{Kind: fleet.ListIncomplete, Lasting: true}, {Project: failed, Kind: fleet.Slow}},
		Fallback: agent.FallbackSlow, ReadAt: now(), RetryAt: now().Add(time.Minute),
	}
	again := one(4, "a", "mended")
	again.Project = &agent.Project{ID: failed.ID, Path: "z/moved"}
	got := base.With(&fleet.Snapshot{
		Projects: []*agent.Project{again.Project}, Agents: []fleet.Agent{again}, Fallback: agent.FallbackPartial, ReadAt: now().Add(time.Hour),
	})
	want := &fleet.Snapshot{
		Projects: []*agent.Project{hidden.Project, kept.Project, again.Project}, Agents: []fleet.Agent{hidden, kept, again},
		Warnings: base.Warnings[:1], Fallback: agent.FallbackSlow, ReadAt: now(),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if len(got.Failures()) != 0 || len(base.Failures()) != 1 || len(base.Agents) != 2 || base.Projects[0] != failed {
		t.Error("the snapshot that was kept has changed, or a failure that lasts is to be read again")
	}
}
