package gitlabapi

import (
	"context"
	"errors"
	"slices"
)

const agentsOp = "read agents by GraphQL"

// ProjectsAgents returns, for each of the projects, its details and all its agents with their
// active tokens and when these were last used; it needs GitLab's GraphQL API
// (https://docs.gitlab.com/api/graphql/reference/#clusteragent). Unless enough is nil, a project
// is read no further once it says so of what was read of it.
//
// A project missing from the map is not visible to the person, or was not
// answered in full: null is not none. With a *PartialError the map holds what was
// answered; with any other error it is nil. ErrGraphQL when the instance does not
// know the query or has no GraphQL.
func (c *Client) ProjectsAgents(ctx context.Context, projects []int64, enough func(ProjectAgents) bool) (map[int64]ProjectAgents, error) {
	ctx, cancel := c.core.readDeadline(ctx)
	defer cancel()
	if enough == nil {
		enough = func(ProjectAgents) bool { return false }
	}
	u := agentsReader{client: c, projects: manyProjects, agents: someAgents, found: map[int64]ProjectAgents{}, enough: enough}
	if len(projects) == 1 {
		u.agents = manyAgents // a page about one project waits for one query, not for two
	}
	for rest := projects; len(rest) > 0; {
		batch := rest[:min(u.projects, len(rest))]
		err := u.readBatch(ctx, batch)
		if u.shrink(err, len(batch)) {
			continue
		}
		if err != nil {
			return u.result(err)
		}
		rest = rest[len(batch):]
	}
	return u.result(nil)
}

// agentsReader collects the answers of one call of ProjectsAgents.
type agentsReader struct {
	client   *Client
	projects int // per query, and
	agents   int // per project in it; both shrink when GitLab refuses
	found    map[int64]ProjectAgents
	enough   func(ProjectAgents) bool
	trouble  []string // why projects are missing
	causes   []error
}

// shrink halves the query after a refusal by cost or size, and reports whether
// there was something left to halve.
func (u *agentsReader) shrink(err error, batch int) bool {
	switch {
	case !halvable(err):
		return false
	case batch > 1:
		u.projects = (batch + 1) / 2
	case u.agents > 1:
		u.agents /= 2
	default:
		return false
	}
	return true
}

func halvable(err error) bool { return errors.Is(err, ErrTooComplex) || errors.Is(err, ErrTooLarge) }

// result is what ProjectsAgents returns when it ends with err.
func (u *agentsReader) result(err error) (map[int64]ProjectAgents, error) {
	if err != nil && len(u.found) == 0 {
		return nil, err
	}
	if err != nil {
		u.missing(err.Error(), err)
	}
	if len(u.trouble) > 0 {
		return u.found, &PartialError{Op: agentsOp, Messages: u.trouble, causes: u.causes}
	}
	return u.found, nil
}

// missing notes why something is missing. Of the messages the first will do; a
// cause, such as a dead token, is kept for errors.Is.
func (u *agentsReader) missing(message string, cause error) {
	if cause != nil {
		u.causes = append(u.causes, cause)
	}
	switch len(u.trouble) {
	case maxTrouble:
		return
	case maxTrouble - 1:
		message = "and more"
	}
	u.trouble = append(u.trouble, message)
}

// readBatch reads some projects, and the rest of the agents of those that have
// more than one page.
func (u *agentsReader) readBatch(ctx context.Context, ids []int64) error {
	nodes, err := u.read(ctx, ids, u.agents, "")
	if err != nil {
		return err
	}
	for i := range nodes {
		project, err := nodes[i].project()
		if err == nil {
			err = u.readRest(ctx, &project, nodes[i].Agents.PageInfo)
		}
		if err != nil {
			u.missing(clean(nodes[i].FullPath)+": "+err.Error(), err)
			continue
		}
		u.found[project.ID] = project
	}
	return nil
}

// project is the project with the agents of this answer, if everything was answered.
func (p *projectNode) project() (ProjectAgents, error) {
	detail, err := p.detail()
	if err != nil {
		return ProjectAgents{}, err
	}
	agents, err := p.agents()
	return ProjectAgents{ProjectDetail: detail, Agents: agents}, err
}

// readRest adds the agents after the first page to project.
func (u *agentsReader) readRest(ctx context.Context, project *ProjectAgents, page pageInfo) error {
	size := manyAgents
	for pages := 0; page.HasNextPage && !u.enough(*project); {
		nodes, err := u.read(ctx, []int64{project.ID}, size, page.EndCursor)
		switch {
		case size > 1 && halvable(err):
			size /= 2
			continue
		case err != nil:
			return err
		case len(nodes) != 1 || int64(nodes[0].ID) != project.ID:
			return errors.New("the rest of its agents is missing")
		}
		more, err := nodes[0].agents()
		if err != nil {
			return err
		}
		project.add(more)
		next := nodes[0].Agents.PageInfo
		if pages++; next.HasNextPage && (next.EndCursor == page.EndCursor || pages == maxPages) {
			return errors.New("its pages of agents do not end")
		}
		page = next
	}
	return nil
}

// add adds agents, each once: one that moves to a later page while we read would come twice.
func (p *ProjectAgents) add(more []AgentDetail) {
	before := p.Agents
	for _, agent := range more {
		if !slices.ContainsFunc(before, func(a AgentDetail) bool { return a.ID == agent.ID }) {
			p.Agents = append(p.Agents, agent)
		}
	}
}

// read runs the query and returns the projects that were answered. An error
// inside a project rules it out as a whole: its nulls could be anything.
func (u *agentsReader) read(ctx context.Context, ids []int64, agents int, after string) ([]projectNode, error) {
	variables := variablesOf(ids...)
	variables.Agents, variables.After = agents, after
	nodes, trouble, err := u.client.projectNodes(ctx, agentsOp, "Agents", agentsQuery, variables)
	for _, message := range trouble {
		u.missing(message, nil)
	}
	return nodes, err
}

// projectNodes runs a query of projects by their ids, and returns those that were answered and the
// messages of the errors beside them.
func (c *Client) projectNodes(ctx context.Context, op, name, text string, variables projectsVariables) ([]projectNode, []string, error) {
	q := graphQLRequest{Query: text, OperationName: name, Variables: variables}
	data, errs, err := queryOptional[projectsData](ctx, c, op, q, c.core.receptive())
	if err != nil {
		return nil, nil, err
	}
	nodes := data.Projects.Nodes
	if nodes == nil {
		return nil, nil, noData(op, errs)
	}
	var messages []string
	for _, e := range errs {
		messages = append(messages, e.Message)
		if i := e.node(); i >= 0 && i < len(nodes) {
			nodes[i] = projectNode{}
		}
	}
	// A project that is null is not the person's to see.
	return slices.DeleteFunc(nodes, func(n projectNode) bool { return n.ID == 0 && n.FullPath == "" }), messages, nil
}
