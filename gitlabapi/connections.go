package gitlabapi

import (
	"context"
	"slices"
	"strings"
	"time"
)

// AgentName names an agent as GraphQL looks one up.
type AgentName struct {
	ID, ProjectID int64
	ProjectPath   string // full
	Name          string
}

const (
	connectionsOp = "read agent connections"
	versionsOp    = "read agent versions"
)

// Connections returns, by the id of the agent, since when each agentk that is connected as the
// agent has been so, as the agent server tells GitLab
// (https://docs.gitlab.com/api/graphql/reference/#connectedagent). For people below Maintainer
// GitLab answers with an empty list and no error, so ask for those agents only that the person may
// manage.
//
// An agent that GitLab did not answer for, such as all of them on an instance without agent
// server, is missing. With a *PartialError the map holds what was answered; with any other error
// it is nil.
func (c *Client) Connections(ctx context.Context, agents []AgentName) (map[int64][]time.Time, error) {
	q := connectionsQuery{op: connectionsOp, name: "Connections", field: connectedAtField, most: connectionAgents}
	return readConnections(ctx, c, q, agents, func(nodes []connectionNode) ([]time.Time, error) {
		var since []time.Time
		for _, node := range nodes {
			if node.ConnectedAt.IsZero() {
				return nil, errUnanswered
			}
			since = append(since, node.ConnectedAt)
		}
		return since, nil
	})
}

// AgentVersions is what runs in clusters as one agent.
type AgentVersions struct {
	// Versions are the distinct ones of the agentk pods that are connected, without a leading v:
	// usually one, none when no pod is connected.
	Versions []string
	// Warned says that GitLab warns of one of them, as of one that is outdated. It is false where
	// the instance does not know such warnings.
	Warned bool
}

// AgentVersions returns, by id, what runs as each of the agents. To whom GitLab tells it, and what is
// missing, is as for Connections.
func (c *Client) AgentVersions(ctx context.Context, agents []AgentName) (map[int64]AgentVersions, error) {
	q := connectionsQuery{op: versionsOp, name: "Versions", field: versionField, most: warnedAgents}
	if c.core.noWarnings.Load() {
		q.most = versionAgents
	}
	return readConnections(ctx, c, q, agents, func(nodes []connectionNode) (AgentVersions, error) {
		found := AgentVersions{Versions: []string{}}
		for _, node := range nodes {
			if node.Metadata.Version == "" {
				return AgentVersions{}, errUnanswered
			}
			found.Versions = append(found.Versions, plainVersion(node.Metadata.Version))
			found.Warned = found.Warned || len(node.sentences()) > 0
		}
		slices.Sort(found.Versions)
		found.Versions = slices.Compact(found.Versions)
		return found, nil
	})
}

// plainVersion is a version without a leading v. Whoever has an agent's token can say anything there.
func plainVersion(version string) string { return strings.TrimPrefix(bound(clean(version)), "v") }

// connectionsReader collects the answers of one call.
type connectionsReader[T any] struct {
	connectionsQuery
	client  *Client
	convert func([]connectionNode) (T, error)
	found   map[int64]T
	trouble []string
}

// readConnections asks for the agents, and converts what was answered of each. A few are asked for
// one by one, and more by their projects: that is one query for all of them, unless a project has
// very many agents.
func readConnections[T any](ctx context.Context, c *Client, q connectionsQuery, agents []AgentName, convert func([]connectionNode) (T, error)) (map[int64]T, error) {
	ctx, cancel := c.core.readDeadline(ctx)
	defer cancel()
	r := connectionsReader[T]{connectionsQuery: q, client: c, convert: convert, found: make(map[int64]T, len(agents))}
	if len(agents) > q.most {
		left, err := r.readByProject(ctx, agents)
		if err != nil {
			return r.result(err)
		}
		agents = left
	}
	return r.result(r.readByName(ctx, agents))
}

// readByProject asks for all agents of a hundred projects in each query, and returns those that it
// did not come to.
func (r *connectionsReader[T]) readByProject(ctx context.Context, agents []AgentName) (left []AgentName, err error) {
	byProject := map[int64][]AgentName{}
	var projects []int64
	for _, agent := range agents {
		if byProject[agent.ProjectID] == nil {
			projects = append(projects, agent.ProjectID)
		}
		byProject[agent.ProjectID] = append(byProject[agent.ProjectID], agent)
	}
	for batch := range slices.Chunk(projects, manyProjects) {
		data, errs, err := queryOptional[connectionsOfProjects](ctx, r.client, r.op, r.byProject("", batch...), r.client.core.warnings())
		switch {
		case halvable(err):
			for _, id := range batch {
				left = append(left, byProject[id]...)
			}
			continue
		case err != nil:
			return nil, err
		}
		r.note(errs)
		for _, project := range data.Projects.Nodes {
			rest, err := r.readPages(ctx, project, byProject[int64(project.ID)])
			if left = append(left, rest...); err != nil {
				return nil, err
			}
		}
	}
	return left, nil
}

// readPages keeps what was answered of a project's agents, reads on while more of them are on later
// pages than a query by names holds, and returns the others.
func (r *connectionsReader[T]) readPages(ctx context.Context, project projectConnections, agents []AgentName) (left []AgentName, err error) {
	left = r.take(project, agents)
	for pages := 0; len(left) > r.most && pages < maxPages; pages++ {
		q := r.byProject(project.Agents.PageInfo.EndCursor, int64(project.ID))
		data, errs, err := queryOptional[connectionsOfProjects](ctx, r.client, r.op, q, r.client.core.warnings())
		switch {
		case halvable(err):
			return left, nil
		case err != nil:
			return nil, err
		}
		r.note(errs)
		if len(data.Projects.Nodes) != 1 {
			return nil, nil // it is not the person's to see any more
		}
		project = data.Projects.Nodes[0]
		left = r.take(project, left)
	}
	return left, nil
}

// take keeps what was answered of a project's agents, and returns those that are on a later page of
// them.
func (r *connectionsReader[T]) take(project projectConnections, agents []AgentName) (left []AgentName) {
	nodes := make(map[int64]agentConnections, len(project.Agents.Nodes))
	for _, node := range project.Agents.Nodes {
		nodes[int64(node.ID)] = node
	}
	for _, agent := range agents {
		node, ok := nodes[agent.ID]
		if ok {
			r.keep(agent.ID, node)
		} else if project.Agents.PageInfo.HasNextPage {
			left = append(left, agent)
		}
	}
	return left
}

// readByName asks for each of the agents by its name, some in each query.
func (r *connectionsReader[T]) readByName(ctx context.Context, agents []AgentName) error {
	for size := r.most; len(agents) > 0; {
		batch := agents[:min(size, len(agents))]
		data, errs, err := queryOptional[map[string]namedConnections](ctx, r.client, r.op, r.byName(batch), r.client.core.warnings())
		switch {
		case halvable(err) && len(batch) > 1:
			size = (len(batch) + 1) / 2
			continue
		case err != nil:
			return err
		}
		for i, agent := range batch {
			r.keep(agent.ID, (*data)[alias(i)].Agent)
		}
		r.note(errs)
		agents = agents[len(batch):]
	}
	return nil
}

// keep keeps what was answered of an agent. One that was not answered for, or whose name is
// another agent's by now, stays unknown.
func (r *connectionsReader[T]) keep(agent int64, node agentConnections) {
	if int64(node.ID) != agent || node.Connections.Nodes == nil {
		return
	}
	if value, err := r.convert(node.Connections.Nodes); err == nil {
		r.found[agent] = value
	}
}

// note keeps what GitLab said beside an answer.
func (r *connectionsReader[T]) note(errs []graphQLError) {
	for _, e := range errs[:min(len(errs), maxTrouble)] {
		r.trouble = append(r.trouble, e.Message)
	}
}

// result is what a reading that ends with err comes to.
func (r *connectionsReader[T]) result(err error) (map[int64]T, error) {
	partial := &PartialError{Op: r.op, Messages: r.trouble}
	switch {
	case err != nil && len(r.found) == 0:
		return nil, err
	case err != nil:
		partial.Messages, partial.causes = append(partial.Messages, err.Error()), []error{err}
	case len(r.trouble) == 0:
		return r.found, nil
	}
	return r.found, partial
}
