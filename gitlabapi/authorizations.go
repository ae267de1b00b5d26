package gitlabapi

import (
	"context"
	"fmt"
	"strings"
)

// AuthorizationsQuery asks what GitLab made of an agent's configuration file.
type AuthorizationsQuery struct {
	Agent AgentName
	// Projects and Groups are full paths, of which no more than MaxAuthorizations each are asked for.
	Projects, Groups []string
}

// MaxAuthorizations is how many projects, and how many groups, one query asks for. A project costs
// 1 + id 1 + twice an authorised list ((nodes 1 + agent (1 + id 1)) + 1) · 2 = 8, so 18; a group 2; the
// agent 5: 10 of each are 205 of the 250 that GitLab allows.
const MaxAuthorizations = 10

// Authorizations is what GitLab says of an agent's grants.
type Authorizations struct {
	// UserAccess says that GitLab lets people use the agent at all.
	UserAccess bool
	// Projects are those that the person sees, by the path that was asked for.
	Projects map[string]ProjectAuthorization
	// Groups are the paths of groups that the person sees.
	Groups map[string]bool
}

// ProjectAuthorization is whether a project may use the agent.
type ProjectAuthorization struct {
	// Told is false for people below Developer in the project.
	Told     bool
	CI, User bool
}

// Authorizations asks GitLab what it made of an agent's grants, in one query
// (https://docs.gitlab.com/api/graphql/reference/#projectciaccessauthorizedagents). Only the first
// hundred agents that a project may use are looked at; of a project with more, Told is false unless the
// agent is among them. ErrGraphQL, or one of its kinds, when not all was answered.
func (c *Client) Authorizations(ctx context.Context, q AuthorizationsQuery) (Authorizations, error) {
	const op = "read authorizations of an agent"
	q = q.bounded()
	data, errs, err := query[map[string]authorizationNode](ctx, c, op, q.request())
	if err != nil {
		return Authorizations{}, err
	}
	own := (*data)["own"].Agent
	if len(errs) > 0 || int64(own.ID) != q.Agent.ID {
		return Authorizations{}, unanswered(op, errUnanswered)
	}
	told := Authorizations{UserAccess: own.UserAccess != nil, Projects: map[string]ProjectAuthorization{}, Groups: map[string]bool{}}
	for i, path := range q.Projects {
		if node := (*data)[fmt.Sprintf("p%d", i)]; node.ID != 0 {
			told.Projects[path] = node.authorization(q.Agent.ID)
		}
	}
	for i, path := range q.Groups {
		if (*data)[fmt.Sprintf("g%d", i)].ID != 0 {
			told.Groups[path] = true
		}
	}
	return told, nil
}

// bounded is the query with no more than GitLab answers at once.
func (q AuthorizationsQuery) bounded() AuthorizationsQuery {
	projects, groups := min(len(q.Projects), MaxAuthorizations), min(len(q.Groups), MaxAuthorizations)
	return AuthorizationsQuery{Agent: q.Agent, Projects: q.Projects[:projects], Groups: q.Groups[:groups]}
}

// request has an alias for each project and each group; paths travel as variables.
func (q AuthorizationsQuery) request() graphQLRequest {
	var head, body strings.Builder
	variables := map[string]string{"project": q.Agent.ProjectPath, "name": q.Agent.Name}
	for i, path := range q.Projects {
		fmt.Fprintf(&head, ", $p%d: ID!", i)
		fmt.Fprintf(&body, "  p%d: project(fullPath: $p%d) { id ...authorized }\n", i, i)
		variables[fmt.Sprintf("p%d", i)] = path
	}
	for i, path := range q.Groups {
		fmt.Fprintf(&head, ", $g%d: ID!", i)
		fmt.Fprintf(&body, "  g%d: group(fullPath: $g%d) { id }\n", i, i)
		variables[fmt.Sprintf("g%d", i)] = path
	}
	fragment := ""
	if len(q.Projects) > 0 {
		fragment = authorizedFragment
	}
	return graphQLRequest{
		Query: "query Authorizations($project: ID!, $name: String!" + head.String() + ") {\n" +
			"  own: project(fullPath: $project) { clusterAgent(name: $name) { id userAccessAuthorizations { config } } }\n" +
			body.String() + "}" + fragment,
		OperationName: "Authorizations", Variables: variables,
	}
}

const authorizedFragment = `
fragment authorized on Project {
  ciAccessAuthorizedAgents(first: 100) { nodes { agent { id } } }
  userAccessAuthorizedAgents(first: 100) { nodes { agent { id } } }
}`

// authorizationNode is a project or a group in the answer.
type authorizationNode struct {
	ID    GlobalID `json:"id"`
	Agent struct {
		ID         GlobalID  `json:"id"`
		UserAccess *struct{} `json:"userAccessAuthorizations"`
	} `json:"clusterAgent"`
	CI   authorizedAgents `json:"ciAccessAuthorizedAgents"`
	User authorizedAgents `json:"userAccessAuthorizedAgents"`
}

// authorizedAgents has nil nodes for those whom GitLab does not tell.
type authorizedAgents struct {
	Nodes []struct {
		Agent struct {
			ID GlobalID `json:"id"`
		} `json:"agent"`
	} `json:"nodes"`
}

// full reports whether there may be more than were asked for.
func (a authorizedAgents) full() bool { return len(a.Nodes) >= 100 }

func (a authorizedAgents) has(agent int64) bool {
	for _, node := range a.Nodes {
		if int64(node.Agent.ID) == agent {
			return true
		}
	}
	return false
}

func (n authorizationNode) authorization(agent int64) ProjectAuthorization {
	found := ProjectAuthorization{CI: n.CI.has(agent), User: n.User.has(agent)}
	found.Told = n.CI.Nodes != nil && n.User.Nodes != nil && !n.CI.full() && !n.User.full()
	return found
}
