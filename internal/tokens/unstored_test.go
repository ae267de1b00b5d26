package tokens_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
	"gitlab-agent-portal/internal/activity"
	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/audit"
	"gitlab-agent-portal/internal/tokens"
)

// unstored asks for the unstored ones among the agent's tokens as GitLab has them.
func (b *bench) unstored() map[int64]tokens.Unstored {
	b.t.Helper()
	one := agent.Agent{ID: b.agent}
	for _, token := range b.sim.Tokens(b.agent) {
		if !token.Revoked {
			one.Tokens = append(one.Tokens, agent.Token{
				ID: token.ID, Name: token.Name, CreatedBy: agent.Person{ID: token.CreatedBy}, LastUsedAt: token.LastUsedAt, UseKnown: true,
			})
		}
	}
	found, err := b.service.Unstored(b.t.Context(), []agent.Agent{one})
	if err != nil {
		b.t.Fatal(err)
	}
	return found
}

// dies plays a portal that sent a create and died before it knew the answer.
func (b *bench) dies(name string) int64 {
	b.t.Helper()
	_, err := b.audit.Begin(b.t.Context(), audit.Event{
		Action: activity.TokenCreate, ActorID: b.lead, ActorName: "lead",
		Target: audit.Target{ProjectID: b.project, AgentID: b.agent, TokenName: name},
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return b.sim.AddToken(gitlabtest.Token{Agent: b.agent, Name: name, CreatedBy: b.lead})
}

func TestUnstoredTokensAreFoundAmongManyAgents(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	const many, lost = 2500, 2100
	_, err := b.audit.Begin(t.Context(), audit.Event{
		Action: activity.TokenCreate, ActorID: b.lead, ActorName: "lead",
		Target: audit.Target{ProjectID: b.project, AgentID: lost, TokenName: "new"},
	})
	if err != nil {
		t.Fatal(err)
	}
	b.clock.Advance(3 * time.Minute)
	var agents []agent.Agent
	for id := int64(many); id > 0; id-- {
		token := agent.Token{ID: id * 10, Name: "new", CreatedBy: agent.Person{ID: b.lead}, UseKnown: true}
		agents = append(agents, agent.Agent{ID: id, Tokens: []agent.Token{token}})
	}
	found, err := b.service.Unstored(t.Context(), agents)
	if err != nil || len(found) != 1 || found[lost*10].TokenID != lost*10 {
		t.Errorf("unstored %v, %v; want the one of agent %d", found, err, lost)
	}
}

// stores notes that somebody stored the token.
func (b *bench) stores(token int64) {
	b.t.Helper()
	err := b.audit.Record(b.t.Context(), audit.Event{
		Action: activity.TokenStored, Outcome: activity.OK, Target: audit.Target{ProjectID: b.project, AgentID: b.agent, TokenID: token},
	})
	if err != nil {
		b.t.Fatal(err)
	}
}

func TestAnUnstoredTokenIsOneThatNobodyStored(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		set    func(b *bench) (unstored int64)
		likely bool
	}{
		{"created elsewhere", func(b *bench) int64 {
			b.sim.AddToken(gitlabtest.Token{Agent: b.agent, Name: "theirs", CreatedBy: b.lead})
			return 0
		}, false},
		{"created here", func(b *bench) int64 {
			result, _ := b.create(b.form(), "new")
			return result.Token.ID
		}, false},
		{"created here and stored", func(b *bench) int64 {
			result, _ := b.create(b.form(), "new")
			b.stores(result.Token.ID)
			return 0
		}, false},
		{"created here and used, so somebody has it", func(b *bench) int64 {
			result, _ := b.create(b.form(), "new")
			b.sim.TouchToken(result.Token.ID, b.clock.Now())
			return 0
		}, false},
		{"its answer was lost", func(b *bench) int64 {
			b.sim.Inject(gitlabtest.OpCreateToken, gitlabtest.Cut().AfterCommit())
			_, _ = b.create(b.form(), "new")
			return b.sim.Tokens(b.agent)[0].ID
		}, false},
		{"the portal died meanwhile", func(b *bench) int64 { return b.dies("new") }, true},
		{"the portal died during a second create of the name", func(b *bench) int64 {
			result, _ := b.create(b.form(), "new")
			b.stores(result.Token.ID)
			return b.dies("new")
		}, true},
		{"the portal died, and somebody else has a token of the name", func(b *bench) int64 {
			id := b.dies("new")
			b.sim.AddToken(gitlabtest.Token{Agent: b.agent, Name: "new", CreatedBy: b.lead + 1})
			return id
		}, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			at := b.clock.Now()
			want := map[int64]tokens.Unstored{}
			if id := tt.set(b); id != 0 {
				want[id] = tokens.Unstored{TokenID: id, CreatedBy: "lead", At: at, Likely: tt.likely}
			}
			b.clock.Advance(3 * time.Minute)
			if diff := cmp.Diff(want, b.unstored()); diff != "" {
				t.Errorf("unstored (-want +got):\n%s", diff)
			}
		})
	}
}
