package gitlabapi

import (
	"context"
	"time"
)

const connectionsOp = "read agent connections"

// A pod has one connection; an agent with more than a hundred is read in part, which its oldest
// may miss. Cost: 4.
const connectionsQuery = `query Connections($project: ID!, $agent: String!) {
  project(fullPath: $project) {
    clusterAgent(name: $agent) { connections(first: 100) { nodes { connectedAt } } }
  }
}`

// connectionsData is "data" in the answer to connectionsQuery.
type connectionsData struct {
	Project *struct {
		Agent *struct {
			Connections *struct {
				Nodes []*struct {
					ConnectedAt time.Time `json:"connectedAt"`
				} `json:"nodes"`
			} `json:"connections"`
		} `json:"clusterAgent"`
	} `json:"project"`
}

// Connections returns since when each agentk that is connected as the agent has been so, as the
// agent server tells GitLab (https://docs.gitlab.com/api/graphql/reference/#connectedagent). The
// project is named by its full path. For people below Maintainer GitLab answers with an empty
// list and no error, so ask for Maintainers only. ErrGraphQL when it cannot be told, as without
// an agent server.
func (c *Client) Connections(ctx context.Context, projectPath, agentName string) ([]time.Time, error) {
	ctx, cancel := c.core.readDeadline(ctx)
	defer cancel()
	q := graphQLRequest{Query: connectionsQuery, OperationName: "Connections", Variables: struct {
		Project string `json:"project"`
		Agent   string `json:"agent"`
	}{projectPath, agentName}}
	data, errs, err := query[connectionsData](ctx, c, connectionsOp, q)
	if err != nil {
		return nil, err
	}
	if len(errs) > 0 || data.Project == nil || data.Project.Agent == nil || data.Project.Agent.Connections == nil {
		return nil, noData(connectionsOp, errs)
	}
	var since []time.Time
	for _, node := range data.Project.Agent.Connections.Nodes {
		if node != nil && !node.ConnectedAt.IsZero() {
			since = append(since, node.ConnectedAt)
		}
	}
	return since, nil
}
