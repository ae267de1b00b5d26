package gitlabapi

import (
	"bytes"
	"errors"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// The `first` of each connection in the queries below. GitLab counts 1 for a field, 1 + its
// children for one that has some, and that times 1 + first/100 for a connection, in whole numbers,
// of 250 allowed:
//
//	token node     1 + id name createdAt lastUsedAt + createdByUser (1+4)     = 10
//	tokens         (count 1 + nodes 10 + 1) · 1.20                            = 14
//	agent node     1 + id name createdAt isReceptive + createdByUser (1+2) + tokens 14 = 22
//	clusterAgents  (pageInfo (1+2) + nodes 22 + 1) · 1.20                     = 31
//	project node   1 + id name fullPath archived + userPermissions (1+2) + 31 = 39
//	projects       (nodes 39 + 1) · 2.00                                      = 80
//
// A project alone, and the rest of an agent list, are read with 100 agents: 61.
// More agents at once would pass too, but not an answer of 1 MiB with 100 projects.
const (
	manyProjects = 100
	someAgents   = 20  // of each of many projects
	manyAgents   = 100 // of one project

	maxTrouble = 20 // messages in a PartialError
)

const projectFragment = `
fragment project on Project { id name fullPath archived userPermissions { adminProject pushCode } }`

// receptiveField is in the Enterprise Edition only, from 17.4; see projectNodes.
const receptiveField = "isReceptive"

const agentFragment = `
fragment agent on ClusterAgent {
  id
  name
  ` + receptiveField + `
  createdAt
  createdByUser { name username }
  tokens(first: 20) {
    count
    nodes { id name createdAt lastUsedAt createdByUser { id name username state } }
  }
}`

const agentsQuery = `query Agents($ids: [ID!]!, $projects: Int!, $agents: Int!, $after: String) {
  projects(ids: $ids, first: $projects) {
    nodes {
      ...project
      clusterAgents(first: $agents, after: $after) { pageInfo { hasNextPage endCursor } nodes { ...agent } }
    }
  }
}` + projectFragment + agentFragment

const agentQuery = `query Agent($ids: [ID!]!, $projects: Int!, $name: String!) {
  projects(ids: $ids, first: $projects) {
    nodes { ...project repository { rootRef } clusterAgent(name: $name) { ...agent } }
  }
}` + projectFragment + agentFragment

const cursorQuery = `query Cursor($ids: [ID!]!, $projects: Int!, $agents: Int!, $after: String) {
  projects(ids: $ids, first: $projects) {
    nodes { ...project clusterAgents(first: $agents, after: $after) { pageInfo { hasNextPage endCursor } } }
  }
}` + projectFragment

const projectsQuery = `query Projects($ids: [ID!]!, $projects: Int!) {
  projects(ids: $ids, first: $projects) { nodes { ...project } }
}` + projectFragment

// projectsVariables are the variables of the queries above, as far as they have them.
type projectsVariables struct {
	IDs      []string `json:"ids"`
	Projects int      `json:"projects"`
	Agents   int      `json:"agents,omitempty"`
	After    string   `json:"after,omitempty"`
	Name     string   `json:"name,omitempty"`
}

func variablesOf(projects ...int64) projectsVariables {
	v := projectsVariables{Projects: len(projects), IDs: make([]string, len(projects))}
	for i, id := range projects {
		v.IDs[i] = "gid://gitlab/Project/" + number(id)
	}
	return v
}

// projectsData is "data" in the answer to the queries above.
type projectsData struct {
	Projects struct {
		Nodes []projectNode `json:"nodes"`
	} `json:"projects"`
}

// projectNode is one project of an answer. What GitLab answers with null, in place of a node or
// of a list, keeps its zero value: a node without an id, a list that is nil.
type projectNode struct {
	ID         GlobalID `json:"id"`
	Name       string   `json:"name"`
	FullPath   string   `json:"fullPath"`
	Archived   bool     `json:"archived"`
	Repository struct {
		RootRef string `json:"rootRef"`
	} `json:"repository"`
	// Permissions is nil where GitLab did not answer.
	Permissions *struct {
		AdminProject bool `json:"adminProject"`
		PushCode     bool `json:"pushCode"`
	} `json:"userPermissions"`
	Agents struct {
		PageInfo pageInfo    `json:"pageInfo"`
		Nodes    []agentNode `json:"nodes"`
	} `json:"clusterAgents"`
	Agent agentNode `json:"clusterAgent"`
}

type pageInfo struct {
	HasNextPage bool   `json:"hasNextPage"`
	EndCursor   string `json:"endCursor"`
}

type agentNode struct {
	ID        GlobalID  `json:"id"`
	Name      string    `json:"name"`
	Receptive bool      `json:"isReceptive"`
	CreatedAt time.Time `json:"createdAt"`
	CreatedBy Person    `json:"createdByUser"`
	Tokens    struct {
		Count int        `json:"count"`
		Nodes []TokenUse `json:"nodes"`
	} `json:"tokens"`
}

// GlobalID is the number at the end of an id such as "gid://gitlab/Clusters::Agent/12", which is
// the id of the REST API. It is 0 for what GitLab answered with null.
type GlobalID int64

// UnmarshalJSONFrom refuses null and anything without a positive number at its end.
func (id *GlobalID) UnmarshalJSONFrom(in *jsontext.Decoder) error {
	value, err := in.ReadValue()
	if err != nil {
		return err
	}
	text := bytes.Trim(value, `"`)
	n, err := strconv.ParseInt(string(text[bytes.LastIndexByte(text, '/')+1:]), 10, 64)
	if err != nil || n <= 0 {
		return errors.New("not a global id")
	}
	*id = GlobalID(n)
	return nil
}

var errUnanswered = errors.New("a part of it was not answered")

// detail is the project without its agents.
func (p *projectNode) detail() (ProjectDetail, error) {
	if p.ID == 0 || p.FullPath == "" || p.Permissions == nil {
		return ProjectDetail{}, errUnanswered
	}
	return ProjectDetail{
		ID: int64(p.ID), Name: p.Name, FullPath: p.FullPath, Archived: p.Archived, DefaultBranch: p.Repository.RootRef,
		AdminProject: p.Permissions.AdminProject, PushCode: p.Permissions.PushCode,
	}, nil
}

// agents are the project's agents, if everything was answered.
func (p *projectNode) agents() ([]AgentDetail, error) {
	if p.Agents.Nodes == nil {
		return nil, errUnanswered
	}
	agents := make([]AgentDetail, 0, len(p.Agents.Nodes))
	for i := range p.Agents.Nodes {
		agent, err := p.Agents.Nodes[i].detail()
		if err != nil {
			return nil, err
		}
		agents = append(agents, agent)
	}
	return agents, nil
}

// detail is the agent, if everything was answered.
func (a *agentNode) detail() (AgentDetail, error) {
	if a.ID == 0 || a.Tokens.Nodes == nil {
		return AgentDetail{}, errUnanswered
	}
	for i := range a.Tokens.Nodes {
		if a.Tokens.Nodes[i].ID == 0 {
			return AgentDetail{}, errUnanswered
		}
	}
	return AgentDetail{
		ID: int64(a.ID), Name: a.Name, CreatedAt: a.CreatedAt, CreatedBy: a.CreatedBy, Receptive: a.Receptive,
		Tokens: a.Tokens.Nodes, TokenCount: max(a.Tokens.Count, len(a.Tokens.Nodes)),
	}, nil
}

// node is the index of the project that an error lies in, -1 when the path does
// not say: projects, nodes, 3, clusterAgents, ….
func (e graphQLError) node() int {
	if len(e.Path) < 3 || e.Path[0] != "projects" || e.Path[1] != "nodes" {
		return -1
	}
	index, ok := e.Path[2].(float64)
	if !ok || index < 0 {
		return -1
	}
	return int(index)
}
