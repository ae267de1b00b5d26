package gitlabapi

import (
	"fmt"
	"strings"
	"time"
)

// What queries about connections cost. GitLab gives the field connections a cost of its own, 5 and
// that of its children, whatever its `first`, and counts the rest as above agentsQuery:
//
//	warnings           1 + version (1 + message 1)                   =  3
//	connections        5 + nodes (1 + metadata (1 + version 1) + 3)  = 11   (without warnings 8, connectedAt 7)
//	by its name        project 1 + clusterAgent (1 + id 1 + 11)      = 14   (11, 10)
//	clusterAgents      (pageInfo (1+2) + nodes (1 + id 1 + 11) + 1) · 1.20 = 20
//	by their projects  (nodes (1 + id 1 + 20) + 1) · 2.00            = 46   (38, 36)
//
// so that 17 agents by their names cost 238 of 250, 22 without warnings 242, and 25 by when they
// connected 250.
const (
	connectionAgents = 25
	versionAgents    = 22
	warnedAgents     = 17

	// connectedNodes is how many agents a query by projects reads at most, however many projects it
	// is about. It costs 38 or less then, and its answer stays well below 1 MiB.
	connectedNodes = 2000

	// A pod has one connection; an agent with more than a hundred is read in part, which its oldest
	// may miss.
	connectedAtField = "connections(first: 100) { nodes { connectedAt } }"
	versionField     = "connections(first: 10) { nodes { metadata { version } " + warningsField + " } }"
	podField         = "connections(first: 100) { nodes { connectedAt metadata { version commit podName podNamespace } " + warningsField + " } }"

	// warningsField is newer than the rest; see optionalField.
	warningsField = "warnings { version { message } }"
)

// connectionsQuery asks for one field of many agents.
type connectionsQuery struct {
	op, name, field string
	most            int // agents a query by names
}

// byProject asks for the agents of at most a hundred projects behind a cursor, by the ids of these: it
// holds when a project or an agent was renamed meanwhile.
func (q connectionsQuery) byProject(after string, projects ...int64) graphQLRequest {
	variables := variablesOf(projects...)
	variables.Agents, variables.After = min(manyAgents, connectedNodes/len(projects)), after
	return graphQLRequest{
		Query: "query " + q.name + `($ids: [ID!]!, $projects: Int!, $agents: Int!, $after: String) {
  projects(ids: $ids, first: $projects) {
    nodes { id clusterAgents(first: $agents, after: $after) { pageInfo { hasNextPage endCursor } nodes { id ` + q.field + ` } } }
  }
}`,
		OperationName: q.name,
		Variables:     variables,
	}
}

// byName has one field for each agent: that reaches an agent wherever it
// stands in its project's list. Names travel as variables.
func (q connectionsQuery) byName(agents []AgentName) graphQLRequest {
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

func alias(i int) string { return fmt.Sprintf("a%d", i) }

// connectionsOfProjects is "data" in the answer to a query by projects; what is null there is zero
// here.
type connectionsOfProjects struct {
	Projects struct {
		Nodes []projectConnections `json:"nodes"`
	} `json:"projects"`
}

type projectConnections struct {
	ID     GlobalID `json:"id"`
	Agents struct {
		PageInfo pageInfo           `json:"pageInfo"`
		Nodes    []agentConnections `json:"nodes"`
	} `json:"clusterAgents"`
}

// namedConnections is a project in the answer to a query by names.
type namedConnections struct {
	Agent agentConnections `json:"clusterAgent"`
}

// agentConnections is an agent; its nodes are nil where GitLab did not answer.
type agentConnections struct {
	ID          GlobalID `json:"id"`
	Connections struct {
		Nodes []connectionNode `json:"nodes"`
	} `json:"connections"`
}

type connectionNode struct {
	ConnectedAt time.Time `json:"connectedAt"`
	Metadata    struct {
		Version   string `json:"version"`
		Commit    string `json:"commit"`
		Name      string `json:"podName"`
		Namespace string `json:"podNamespace"`
	} `json:"metadata"`
	Warnings []struct {
		Version struct {
			Message string `json:"message"`
		} `json:"version"`
	} `json:"warnings"`
}

// sentences are the warnings in GitLab's words.
func (n connectionNode) sentences() []string {
	var sentences []string
	for _, warning := range n.Warnings {
		if warning.Version.Message != "" {
			sentences = append(sentences, bound(clean(warning.Version.Message)))
		}
	}
	return sentences
}
