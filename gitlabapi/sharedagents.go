package gitlabapi

import (
	"context"
	"errors"
)

// SharedAgent is an agent that a project may use.
type SharedAgent struct {
	ID   int64
	Name string
	// Project is the agent's own, whose configuration shares it; zero where the person may not see it.
	Project SharedFrom
	// Settings are those of the grant.
	Settings GrantSettings
}

// SharedFrom is the project of a shared agent.
type SharedFrom struct {
	ID             int64
	Name, FullPath string
}

// GrantSettings are what the agent's configuration says of a grant, as far as it matters to whoever
// uses it (https://docs.gitlab.com/user/clusters/agent/ci_cd_workflow/).
type GrantSettings struct {
	Environments     []string `json:"environments"`
	DefaultNamespace string   `json:"default_namespace"`
	// ProtectedRefs says that only jobs of protected branches and tags may use the agent.
	ProtectedRefs bool `json:"protected_branches_only"`
}

// SharedAgents are the agents that a project may use, its own among them: pipelines those in CI,
// people those in User. More of each says that there are more than the hundred that were read.
type SharedAgents struct {
	CI, User         []SharedAgent
	MoreCI, MoreUser bool
}

// A node costs 1 + agent (1 + id name + project 4) + config = 9, a hundred of them with pageInfo
// (2 + 9 + 1) · 2.00 = 24, and both lists 50.
const sharedAgentsQuery = `query SharedAgents($ids: [ID!]!, $projects: Int!) {
  projects(ids: $ids, first: $projects) {
    nodes {
      id
      ciAccessAuthorizedAgents(first: 100) { ...ci }
      userAccessAuthorizedAgents(first: 100) { ...user }
    }
  }
}
fragment ci on ClusterAgentAuthorizationCiAccessConnection {
  pageInfo { hasNextPage }
  nodes { config agent { ...agent } }
}
fragment user on ClusterAgentAuthorizationUserAccessConnection {
  pageInfo { hasNextPage }
  nodes { config agent { ...agent } }
}
fragment agent on ClusterAgent { id name project { id name fullPath } }`

// SharedAgents returns the agents that a project may use (GitLab 16.1,
// https://docs.gitlab.com/api/graphql/reference/#projectciaccessauthorizedagents). GitLab does not say
// whether a grant names the project or a group above it. ErrForbidden below Developer; ErrGraphQL when
// not everything was answered, and ErrNotFound without the project.
func (c *Client) SharedAgents(ctx context.Context, project int64) (SharedAgents, error) {
	const op = "read shared agents by GraphQL"
	q := graphQLRequest{Query: sharedAgentsQuery, OperationName: "SharedAgents", Variables: variablesOf(project)}
	data, errs, err := query[sharedData](ctx, c, op, q)
	switch {
	case err != nil:
		return SharedAgents{}, err
	case len(errs) > 0:
		return SharedAgents{}, noData(op, errs)
	case len(data.Projects.Nodes) != 1:
		return SharedAgents{}, &Error{Op: op, kind: ErrNotFound, detail: "GraphQL shows no such project"}
	}
	node := data.Projects.Nodes[0]
	if node.CI == nil || node.User == nil {
		return SharedAgents{}, &Error{Op: op, kind: ErrForbidden, detail: "GraphQL tells Developers only"}
	}
	found := SharedAgents{MoreCI: node.CI.PageInfo.HasNextPage, MoreUser: node.User.PageInfo.HasNextPage}
	found.CI, err = node.CI.agents()
	user, userErr := node.User.agents()
	found.User = user
	if err := errors.Join(err, userErr); err != nil {
		return SharedAgents{}, unanswered(op, err)
	}
	return found, nil
}

type sharedData struct {
	Projects struct {
		Nodes []struct {
			// CI and User are nil where GitLab does not tell.
			CI   *sharedList `json:"ciAccessAuthorizedAgents"`
			User *sharedList `json:"userAccessAuthorizedAgents"`
		} `json:"nodes"`
	} `json:"projects"`
}

type sharedList struct {
	PageInfo pageInfo `json:"pageInfo"`
	Nodes    []struct {
		Config GrantSettings `json:"config"` // or null
		Agent  struct {
			ID      GlobalID `json:"id"`
			Name    string   `json:"name"`
			Project struct {
				ID       GlobalID `json:"id"`
				Name     string   `json:"name"`
				FullPath string   `json:"fullPath"`
			} `json:"project"` // or null
		} `json:"agent"`
	} `json:"nodes"`
}

// agents are those of a list, if everything was answered.
func (l *sharedList) agents() ([]SharedAgent, error) {
	if l.Nodes == nil {
		return nil, errUnanswered
	}
	all := make([]SharedAgent, len(l.Nodes))
	for i := range l.Nodes {
		node := &l.Nodes[i]
		if node.Agent.ID == 0 {
			return nil, errUnanswered
		}
		all[i] = SharedAgent{
			ID: int64(node.Agent.ID), Name: node.Agent.Name, Settings: node.Config,
			Project: SharedFrom{int64(node.Agent.Project.ID), node.Agent.Project.Name, node.Agent.Project.FullPath},
		}
	}
	return all, nil
}
