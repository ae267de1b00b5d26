package gitlabapi

import (
	"context"
	"errors"
	"strings"
)

const projectsOp = "read projects by GraphQL"

// ProjectDetails returns what GraphQL tells of each of at most 100 projects
// (https://docs.gitlab.com/api/graphql/reference/#project). One that is missing from the map is
// not visible to the person, or was not answered in full. The errors are those of ProjectsAgents.
func (c *Client) ProjectDetails(ctx context.Context, projects []int64) (map[int64]ProjectDetail, error) {
	found := make(map[int64]ProjectDetail, len(projects))
	if len(projects) == 0 {
		return found, nil
	}
	nodes, trouble, err := c.projectNodes(ctx, projectsOp, "Projects", projectsQuery, variablesOf(projects...))
	if err != nil {
		return nil, err
	}
	for i := range nodes {
		detail, err := nodes[i].detail()
		if err != nil {
			trouble = append(trouble, clean(nodes[i].FullPath)+": "+err.Error())
			continue
		}
		found[detail.ID] = detail
	}
	if len(trouble) > 0 {
		return found, &PartialError{Op: projectsOp, Messages: trouble[:min(len(trouble), maxTrouble)]}
	}
	return found, nil
}

// AgentByName returns one agent of a project, with the project and its default branch. GraphQL
// knows agents by name only. ErrNotFound when the person may see no agent of that name; ErrGraphQL
// when the instance did not answer in full.
func (c *Client) AgentByName(ctx context.Context, project int64, name string) (ProjectAgents, error) {
	const op = "read an agent by GraphQL"
	variables := variablesOf(project)
	variables.Name = name
	node, err := c.oneProject(ctx, op, "Agent", agentQuery, variables)
	if err != nil {
		return ProjectAgents{}, err
	}
	if node.Agent.ID == 0 {
		return ProjectAgents{}, &Error{Op: op, kind: ErrNotFound, detail: "no agent of that name"}
	}
	detail, projectErr := node.detail()
	agent, agentErr := node.Agent.detail()
	if err := errors.Join(projectErr, agentErr); err != nil {
		return ProjectAgents{}, unanswered(op, err)
	}
	return ProjectAgents{ProjectDetail: detail, Agents: []AgentDetail{agent}}, nil
}

// AgentDetailsPage returns a project with count of its agents, at most 100, after the first skip
// ones in GitLab's order, by name. It costs one query, and one more for every hundred agents that
// are skipped, since GraphQL leads on by cursors. The errors are those of AgentByName.
func (c *Client) AgentDetailsPage(ctx context.Context, project int64, skip, count int) (ProjectAgents, error) {
	variables := variablesOf(project)
	for ; skip > 0; skip -= variables.Agents {
		variables.Agents = min(skip, manyAgents)
		node, err := c.oneProject(ctx, agentsOp, "Cursor", cursorQuery, variables)
		if err != nil {
			return ProjectAgents{}, err
		}
		page := node.Agents.PageInfo
		if !page.HasNextPage || page.EndCursor == variables.After {
			detail, err := node.detail() // the list ends before
			return ProjectAgents{ProjectDetail: detail}, answeredInFull(agentsOp, err)
		}
		variables.After = page.EndCursor
	}
	variables.Agents = count
	node, err := c.oneProject(ctx, agentsOp, "Agents", agentsQuery, variables)
	if err != nil {
		return ProjectAgents{}, err
	}
	found, err := node.project()
	return found, answeredInFull(agentsOp, err)
}

// oneProject runs a query of one project, which has to be answered without an error.
func (c *Client) oneProject(ctx context.Context, op, name, text string, variables projectsVariables) (*projectNode, error) {
	nodes, trouble, err := c.projectNodes(ctx, op, name, text, variables)
	switch {
	case err != nil:
		return nil, err
	case len(trouble) > 0:
		return nil, unanswered(op, errors.New(strings.Join(trouble[:min(len(trouble), maxTrouble)], "; ")))
	case len(nodes) != 1 || "gid://gitlab/Project/"+number(int64(nodes[0].ID)) != variables.IDs[0]:
		return nil, &Error{Op: op, kind: ErrNotFound, detail: "GraphQL shows no such project"}
	}
	return &nodes[0], nil
}

// answeredInFull is nil, or the Error of an answer that lacks something.
func answeredInFull(op string, err error) error {
	if err == nil {
		return nil
	}
	return unanswered(op, err)
}

// unanswered is the Error of an answer that lacks something.
func unanswered(op string, cause error) *Error {
	return &Error{Op: op, kind: ErrGraphQL, detail: cause.Error()}
}
