package tokens_test

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/gitlabapi/gitlabtest"
	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/agentread"
	"gitlab-agent-portal/internal/tokens"
)

func TestOnlyAnAgentThatIsStillStaleIsDeleted(t *testing.T) {
	t.Parallel()
	stale := func(agent.Agent) bool { return true }
	tests := []struct {
		name    string
		found   agent.Agent
		access  agent.Access
		isStale func(agent.Agent) bool
		before  func(b *bench)
		want    error
		rows    []string
		left    int
	}{
		{"still stale", agent.Agent{}, agent.AccessManage, stale, nil, nil, []string{"agent_delete ok"}, 0},
		{"in contact meanwhile", agent.Agent{}, agent.AccessManage, func(agent.Agent) bool { return false }, nil, tokens.ErrNotStale, []string{"agent_delete refused"}, 1},
		{"nobody knows when it was in contact", agent.Agent{TokenCount: agent.Unread}, agent.AccessManage, stale, nil, tokens.ErrContactUnknown, []string{"agent_delete refused"}, 1},
		{"no Maintainer any more", agent.Agent{}, agent.AccessRole, stale, nil, tokens.ErrNotManageable, []string{"agent_delete refused"}, 1},
		{"GitLab says that it is no Maintainer", agent.Agent{}, agent.AccessManage, stale, func(b *bench) {
			b.sim.AddMember(b.project, b.lead, gitlabtest.Developer)
		}, gitlabapi.ErrForbidden, []string{"agent_delete refused"}, 1},
		{"GitLab is down", agent.Agent{}, agent.AccessManage, stale, func(b *bench) {
			b.sim.Inject(gitlabtest.OpGetAgent, gitlabtest.Status(http.StatusBadGateway))
		}, gitlabapi.ErrUnavailable, []string{"agent_delete failed"}, 1},
		{"somebody was faster", agent.Agent{}, agent.AccessManage, stale, func(b *bench) { b.sim.DeleteAgent(b.agent) }, nil, []string{"agent_delete refused"}, 0},
		{"not visible any more", agent.Agent{}, agent.AccessManage, stale, func(b *bench) {
			b.sim.RemoveMember(b.project, b.lead)
		}, gitlabapi.ErrNotFound, []string{"agent_delete refused"}, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			if tt.before != nil {
				tt.before(b)
			}
			look := func(ctx context.Context, ref agentread.Ref) (agentread.ProjectAgent, error) {
				one, err := b.gitlab.Agent(ctx, gitlabapi.ProjectID(ref.Project), ref.Agent)
				tt.found.ID, tt.found.Name = one.ID, one.Name
				return agentread.ProjectAgent{Project: agent.Project{ID: ref.Project, Access: tt.access}, Agent: tt.found}, err
			}
			results, err := b.service.DeleteStale(t.Context(), b.gitlab, b.actor(), []agentread.Ref{{Project: b.project, Agent: b.agent}},
				tokens.StaleCheck{Look: look, IsStale: tt.isStale})
			if err != nil {
				t.Fatal(err)
			}
			if err := results[0].Err; !errors.Is(err, tt.want) || tt.want == nil && err != nil {
				t.Errorf("DeleteStale = %v, want %v", err, tt.want)
			}
			if got := len(b.sim.Agents(b.project)); got != tt.left {
				t.Errorf("%d agents are left, want %d", got, tt.left)
			}
			if diff := cmp.Diff(tt.rows, b.rows()); diff != "" {
				t.Errorf("rows (-want +got):\n%s", diff)
			}
		})
	}
}
