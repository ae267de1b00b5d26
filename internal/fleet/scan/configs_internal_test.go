package scan

import (
	"context"
	"testing"
	"time"

	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/agentread"
	"gitlab-agent-portal/internal/budget"
)

// TestFilesAreLeftForLaterWhileSomebodyWaitsForAList has one scan wait, for a slot that is not to be had.
func TestFilesAreLeftForLaterWhileSomebodyWaitsForAList(t *testing.T) {
	t.Parallel()
	slots := budget.NewPool(1, 1)
	turns := newTurns(slots, time.Now, func(time.Duration) {})
	for person := range int64(leastAtOnce + 1) {
		defer turns.join(sized{person, agent.ScopeMine}, func(int) {}).end()
	}
	if turns.waits() != 1 {
		t.Fatalf("%d scans wait, want one", turns.waits())
	}
	asked := 0
	source := func(context.Context, error) (*agentread.Reader, error) {
		asked++
		return nil, context.Canceled
	}
	p := &pass{cfg: Config{Now: time.Now}, caller: &caller{slots: slots, turns: turns, withTimeout: context.WithTimeout, source: source}, verdicts: newVerdicts()}
	p.readConfigs(t.Context(), []agentread.ProjectAgent{{}})
	if err := p.judge(t.Context(), []agentread.ConfigBlob{{Project: 1, ID: "a"}}); err != nil || asked != 0 {
		t.Errorf("GitLab was asked %d times, %v; want not at all", asked, err)
	}
}
