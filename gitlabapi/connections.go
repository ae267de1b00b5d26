package gitlabapi

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// AgentName names an agent as GraphQL looks one up.
type AgentName struct {
	ID          int64
	ProjectPath string // full
	Name        string
}

// How many agents one query about connections asks for. GitLab gives the field connections a cost
// of its own, 5 and that of its children, whatever its `first`:
//
//	connections   5 + nodes (1 + connectedAt 1)          =  7   (metadata { version }: 8)
//	project       1 + clusterAgent (1 + id 1 + 7)        = 10   (11)
//
// so that 25 agents cost 250, which is allowed, and 22 with their versions 242.
const (
	connectionAgents = 25
	versionAgents    = 22
)

const (
	connectionsOp = "read agent connections"
	versionsOp    = "read agent versions"

	// A pod has one connection; an agent with more than a hundred is read in part, which its oldest
	// may miss.
	connectedAtField = "connections(first: 100) { nodes { connectedAt } }"
	versionField     = "connections(first: 10) { nodes { metadata { version } } }"
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

// AgentVersions returns, by id, the distinct versions of the agentk pods that are
// connected for each of the agents, without a leading v: usually one, none when
// no pod is connected. To whom GitLab tells it, and what is missing, is as for Connections.
func (c *Client) AgentVersions(ctx context.Context, agents []AgentName) (map[int64][]string, error) {
	q := connectionsQuery{op: versionsOp, name: "Versions", field: versionField, most: versionAgents}
	return readConnections(ctx, c, q, agents, func(nodes []connectionNode) ([]string, error) {
		versions := []string{}
		for _, node := range nodes {
			if node.Metadata.Version == "" {
				return nil, errUnanswered
			}
			versions = append(versions, strings.TrimPrefix(node.Metadata.Version, "v"))
		}
		slices.Sort(versions)
		return slices.Compact(versions), nil
	})
}

// connectionsQuery asks for one field of many agents.
type connectionsQuery struct {
	op, name, field string
	most            int // agents a query
}

// connectionsReader collects the answers of one call.
type connectionsReader[T any] struct {
	connectionsQuery
	client  *Client
	convert func([]connectionNode) (T, error)
	found   map[int64]T
	trouble []string
}

// readConnections asks for the agents, some in each query, and converts what was answered of each.
func readConnections[T any](ctx context.Context, c *Client, q connectionsQuery, agents []AgentName, convert func([]connectionNode) (T, error)) (map[int64]T, error) {
	ctx, cancel := c.core.readDeadline(ctx)
	defer cancel()
	r := connectionsReader[T]{connectionsQuery: q, client: c, convert: convert, found: make(map[int64]T, len(agents))}
	for size := q.most; len(agents) > 0; {
		batch := agents[:min(size, len(agents))]
		err := r.read(ctx, batch)
		if halvable(err) && len(batch) > 1 {
			size = (len(batch) + 1) / 2
			continue
		}
		if err != nil {
			return r.result(err)
		}
		agents = agents[len(batch):]
	}
	return r.result(nil)
}

// read asks for some agents in one query.
func (r *connectionsReader[T]) read(ctx context.Context, agents []AgentName) error {
	data, errs, err := query[map[string]connectionsProject](ctx, r.client, r.op, r.request(agents))
	if err != nil {
		return err
	}
	for i, agent := range agents {
		nodes, err := (*data)[alias(i)].nodes(agent.ID)
		if err != nil {
			continue
		}
		if value, err := r.convert(nodes); err == nil {
			r.found[agent.ID] = value
		}
	}
	for _, e := range errs[:min(len(errs), maxTrouble)] {
		r.trouble = append(r.trouble, e.Message)
	}
	return nil
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

func alias(i int) string { return fmt.Sprintf("a%d", i) }

// request has one field for each agent: that reaches an agent wherever it
// stands in its project's list. Names travel as variables.
func (q connectionsQuery) request(agents []AgentName) graphQLRequest {
	var head, body strings.Builder
	variables := map[string]string{}
	for i, agent := range agents {
		fmt.Fprintf(&head, "$p%d: ID!, $n%d: String!, ", i, i)
		fmt.Fprintf(&body, "  %s: project(fullPath: $p%d) { clusterAgent(name: $n%d) { id %s } }\n", alias(i), i, i, q.field)
		variables[fmt.Sprintf("p%d", i)] = agent.ProjectPath
		variables[fmt.Sprintf("n%d", i)] = agent.Name
	}
	return graphQLRequest{
		Query:         "query " + q.name + "(" + strings.TrimSuffix(head.String(), ", ") + ") {\n" + body.String() + "}",
		OperationName: q.name,
		Variables:     variables,
	}
}

// connectionsProject is a project in the answer; what is null there is zero here.
type connectionsProject struct {
	Agent struct {
		ID          GlobalID `json:"id"`
		Connections struct {
			Nodes []connectionNode `json:"nodes"`
		} `json:"connections"`
	} `json:"clusterAgent"`
}

type connectionNode struct {
	ConnectedAt time.Time `json:"connectedAt"`
	Metadata    struct {
		Version string `json:"version"`
	} `json:"metadata"`
}

var errAnotherAgent = errors.New("the name is another agent's by now")

// nodes are the connections of the agent.
func (p connectionsProject) nodes(agent int64) ([]connectionNode, error) {
	switch {
	case p.Agent.Connections.Nodes == nil:
		return nil, errUnanswered
	case int64(p.Agent.ID) != agent:
		return nil, errAnotherAgent
	}
	return p.Agent.Connections.Nodes, nil
}
