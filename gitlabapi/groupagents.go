package gitlabapi

import (
	"context"
	"errors"
	"strings"
)

// The cost of a page of a group's agents, counted as in projectagents_query.go: a node is an agent of
// 21 with its project (1 + id name fullPath archived + userPermissions 3 = 8), and 100 of them are
// (pageInfo 3 + nodes 30 + 1) · 2.00 = 68.
const groupAgentsQuery = `query GroupAgents($group: ID!, $agents: Int!, $after: String) {
  group(fullPath: $group) {
    clusterAgents(first: $agents, after: $after) {
      pageInfo { hasNextPage endCursor }
      nodes { ...agent project { ...project } }
    }
  }
}` + projectFragment + agentFragment

// groupAgentsField is in the Enterprise Edition only.
const groupAgentsField = "clusterAgents"

// GroupAgent is an agent with its project.
type GroupAgent struct {
	Project ProjectDetail
	Agent   AgentDetail
}

// GroupAgentsPage returns up to a hundred agents of all projects in a group and below it, after the
// one that the cursor stands for, and the cursor that leads on: "" at the end
// (https://docs.gitlab.com/api/graphql/reference/#groupclusteragents). It tells Developers of the
// group; of nobody's agents it says the same as of agents that are not the person's to see.
//
// ErrNotFound when the person may not see the group; ErrUnsupported where the instance does not know
// the field, which is found out once; ErrGraphQL when anything was left unanswered.
func (c *Client) GroupAgentsPage(ctx context.Context, fullPath, after string) ([]GroupAgent, string, error) {
	const op = "read the agents of a group by GraphQL"
	if c.core.noGroupAgents.Load() {
		return nil, "", &Error{Op: op, kind: ErrUnsupported, detail: "found out before"}
	}
	q := graphQLRequest{Query: groupAgentsQuery, OperationName: "GroupAgents", Variables: groupVariables{fullPath, manyAgents, after}}
	data, errs, err := queryOptional[groupData](ctx, c, op, q, c.core.receptive())
	if err != nil {
		if refused, ok := errors.AsType[*Error](err); ok && errors.Is(err, ErrUnsupported) && strings.Contains(refused.Message, groupAgentsField) {
			c.core.noGroupAgents.Store(true)
		}
		return nil, "", err
	}
	switch {
	case len(errs) > 0:
		return nil, "", noData(op, errs)
	case data.Group == nil:
		return nil, "", &Error{Op: op, kind: ErrNotFound, detail: "GraphQL shows no such group"}
	}
	found, err := data.Group.agents()
	if err != nil {
		return nil, "", unanswered(op, err)
	}
	page := data.Group.Agents.PageInfo
	switch {
	case !page.HasNextPage:
		return found, "", nil
	case page.EndCursor == "" || page.EndCursor == after:
		return nil, "", unanswered(op, errors.New("its pages of agents do not end"))
	}
	return found, page.EndCursor, nil
}

type groupVariables struct {
	Group  string `json:"group"`
	Agents int    `json:"agents"`
	After  string `json:"after,omitempty"`
}

// groupData is "data" in the answer.
type groupData struct {
	Group *groupNode `json:"group"`
}

type groupNode struct {
	Agents struct {
		PageInfo pageInfo         `json:"pageInfo"`
		Nodes    []groupAgentNode `json:"nodes"`
	} `json:"clusterAgents"`
}

type groupAgentNode struct {
	agentNode
	Project projectNode `json:"project"`
}

// agents are those of the answer, if everything was answered.
func (g *groupNode) agents() ([]GroupAgent, error) {
	if g.Agents.Nodes == nil {
		return nil, errUnanswered
	}
	found := make([]GroupAgent, len(g.Agents.Nodes))
	for i := range g.Agents.Nodes {
		var err error
		node := &g.Agents.Nodes[i]
		if found[i].Agent, err = node.detail(); err != nil {
			return nil, err
		}
		if found[i].Project, err = node.Project.detail(); err != nil {
			return nil, err
		}
	}
	return found, nil
}
