package scan

import (
	"context"
	"maps"
	"slices"
	"time"

	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/agentread"
	"gitlab-agent-portal/internal/fleet"
)

// runningTimeout is how long a scan waits for the versions of up to 100 projects' agents. GitLab asks
// its agent server for them, which gets two seconds there.
const runningTimeout = 4 * time.Second

// readRunning reads the versions of the agents that GitLab tells the person of. It is a query of its
// own beside that of the agents: one agent server that is off or slow would take or delay the answer
// to everything, and an error for each agent is more than an answer may be long. After the first that
// fails the pass asks no more, and what was not told stays unknown.
func (p *pass) readRunning(ctx context.Context, agents []agentread.ProjectAgent) {
	asked := slices.DeleteFunc(slices.Clone(agents), func(a agentread.ProjectAgent) bool { return !a.Project.ShowsConnections() })
	if len(asked) == 0 || p.runningFailed.Load() || p.isLimited() {
		return
	}
	var found map[int64]agent.Running
	err := p.call(ctx, runningTimeout, func(ctx context.Context, reader *agentread.Reader) (err error) {
		found, err = reader.Running(ctx, asked)
		return err
	})
	p.mu.Lock()
	maps.Copy(p.running, found)
	p.mu.Unlock()
	if err != nil {
		p.runningFailed.Store(true)
		p.limited(err)
		p.cfg.Log.DebugContext(ctx, "reading the versions of agents", "error", err)
	}
}

// inFull are the agents with what is known of their versions and of their configuration files. The
// caller holds mu, or is the last one with the pass.
func (p *pass) inFull(agents []fleet.Agent) []fleet.Agent {
	agents = slices.Clone(agents)
	for i := range agents {
		agents[i].Running = p.running[agents[i].ID]
		if blob, ok := p.configs[agents[i].ID]; ok {
			agents[i].Config = p.verdicts.of(blob)
		}
	}
	return agents
}
