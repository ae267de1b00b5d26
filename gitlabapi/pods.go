package gitlabapi

import (
	"context"
	"time"
)

const podsOp = "read the pods of an agent"

// Pods are the agentk pods that are connected as an agent
// (https://docs.gitlab.com/api/graphql/reference/#connectedagent).
type Pods struct {
	// List is in GitLab's order, of at most a hundred.
	List []Pod
	// KnowsWarnings says that the instance warns of versions at all.
	KnowsWarnings bool
}

// Pod is an agentk that is connected.
type Pod struct {
	Name, Namespace string
	// Version has no leading v; Commit is what it was built from. Either is empty where the pod
	// does not say.
	Version, Commit string
	ConnectedAt     time.Time
	// Warnings are GitLab's own sentences about the pod's version.
	Warnings []string
}

// AgentPods returns the pods of one agent. To whom GitLab tells them is as for Connections. The error
// is ErrGraphQL where GitLab does not answer, as on an instance without agent server.
func (c *Client) AgentPods(ctx context.Context, agent AgentName) (Pods, error) {
	q := connectionsQuery{op: podsOp, name: "Pods", field: podField, most: 1}
	found, err := readConnections(ctx, c, q, []AgentName{agent}, func(nodes []connectionNode) ([]Pod, error) {
		pods := make([]Pod, len(nodes))
		for i, node := range nodes {
			if node.ConnectedAt.IsZero() {
				return nil, errUnanswered
			}
			pods[i] = node.pod()
		}
		return pods, nil
	})
	if err != nil {
		return Pods{}, err
	}
	list, ok := found[agent.ID]
	if !ok {
		return Pods{}, noData(podsOp, nil)
	}
	return Pods{List: list, KnowsWarnings: !c.core.noWarnings.Load()}, nil
}

func (n connectionNode) pod() Pod {
	return Pod{
		Name: bound(clean(n.Metadata.Name)), Namespace: bound(clean(n.Metadata.Namespace)),
		Version: plainVersion(n.Metadata.Version), Commit: bound(clean(n.Metadata.Commit)),
		ConnectedAt: n.ConnectedAt, Warnings: n.sentences(),
	}
}
