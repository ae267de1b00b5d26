package gitlabapi

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// AgentName names an agent as GraphQL looks one up.
type AgentName struct {
	ID          int64
	ProjectPath string // full
	Name        string
}

// How much one query of AgentVersions asks for. By GitLab's rule of cost:
//
//	pod node      1 + metadata (1+1)                =  3
//	connections   (nodes 3 + 1) · 1.10              =  4.4
//	project       1 + clusterAgent (1 + id 1 + 4.4) =  7.4
//
// so that 30 agents cost 222 of the 250 allowed.
const (
	versionAgents = 30
	versionPods   = 10
)

const versionsOp = "read agent versions"

// AgentVersions returns, by id, the distinct versions of the agentk pods that are
// connected for each of the agents, without a leading v: usually one, none when
// no pod is connected. GitLab tells it to Maintainers; everybody else is told that
// nothing is connected, so ask for those agents only that the person may manage
// (https://docs.gitlab.com/api/graphql/reference/#connectedagent).
//
// An agent that GitLab did not answer for, such as all of them on an instance
// without agent server, is missing. With a *PartialError the map holds what was
// answered; with any other error it is nil.
func (c *Client) AgentVersions(ctx context.Context, agents []AgentName) (map[int64][]string, error) {
	ctx, cancel := c.core.readDeadline(ctx)
	defer cancel()
	found := map[int64][]string{}
	partial := &PartialError{Op: versionsOp}
	for size := versionAgents; len(agents) > 0; {
		batch := agents[:min(size, len(agents))]
		messages, err := c.readVersions(ctx, batch, found)
		partial.Messages = append(partial.Messages, messages...)
		switch {
		case halvable(err) && len(batch) > 1:
			size = (len(batch) + 1) / 2
			continue
		case err != nil && len(found) == 0:
			return nil, err
		case err != nil:
			partial.Messages, partial.causes = append(partial.Messages, err.Error()), []error{err}
			return found, partial
		}
		agents = agents[len(batch):]
	}
	if len(partial.Messages) > 0 {
		return found, partial
	}
	return found, nil
}

// readVersions asks for some agents in one query, adds to found, and returns the
// messages of the first errors beside the data.
func (c *Client) readVersions(ctx context.Context, agents []AgentName, found map[int64][]string) ([]string, error) {
	data, errs, err := query[map[string]*versionsJSON](ctx, c, versionsOp, versionsRequest(agents))
	if err != nil {
		return nil, err
	}
	for i, agent := range agents {
		versions, err := (*data)[alias(i)].versions(agent.ID)
		if err == nil {
			found[agent.ID] = versions
		}
	}
	var messages []string
	for _, e := range errs[:min(len(errs), maxTrouble)] {
		messages = append(messages, e.Message)
	}
	return messages, nil
}

func alias(i int) string { return fmt.Sprintf("a%d", i) }

// versionsRequest has one field for each agent: that reaches an agent wherever it
// stands in its project's list. Names travel as variables.
func versionsRequest(agents []AgentName) graphQLRequest {
	var head, body strings.Builder
	variables := map[string]string{}
	for i, agent := range agents {
		fmt.Fprintf(&head, "$p%d: ID!, $n%d: String!, ", i, i)
		fmt.Fprintf(&body, "  %s: project(fullPath: $p%d) { clusterAgent(name: $n%d) { id connections(first: %d) { nodes { metadata { version } } } } }\n",
			alias(i), i, i, versionPods)
		variables[fmt.Sprintf("p%d", i)] = agent.ProjectPath
		variables[fmt.Sprintf("n%d", i)] = agent.Name
	}
	return graphQLRequest{
		Query:         "query Versions(" + strings.TrimSuffix(head.String(), ", ") + ") {\n" + body.String() + "}",
		OperationName: "Versions",
		Variables:     variables,
	}
}

// versionsJSON is a project in the answer to versionsRequest.
type versionsJSON struct {
	Agent *struct {
		ID          globalID `json:"id"`
		Connections *struct {
			Nodes []*struct {
				Metadata *struct {
					Version string `json:"version"`
				} `json:"metadata"`
			} `json:"nodes"`
		} `json:"connections"`
	} `json:"clusterAgent"`
}

var errAnotherAgent = errors.New("the name is another agent's by now")

// versions are the distinct versions of the agent's pods.
func (p *versionsJSON) versions(agent int64) ([]string, error) {
	switch {
	case p == nil || p.Agent == nil || p.Agent.Connections == nil || p.Agent.Connections.Nodes == nil:
		return nil, errUnanswered
	case int64(p.Agent.ID) != agent:
		return nil, errAnotherAgent
	}
	versions := []string{}
	for _, pod := range p.Agent.Connections.Nodes {
		if pod == nil || pod.Metadata == nil || pod.Metadata.Version == "" {
			return nil, errUnanswered
		}
		versions = append(versions, strings.TrimPrefix(pod.Metadata.Version, "v"))
	}
	slices.Sort(versions)
	return slices.Compact(versions), nil
}
