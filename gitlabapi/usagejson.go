package gitlabapi

import (
	"errors"
	"strconv"
	"strings"
	"time"
)

// usageVariables are the variables of usageQuery.
type usageVariables struct {
	IDs      []string `json:"ids"`
	Projects int      `json:"projects"`
	Agents   int      `json:"agents"`
	Tokens   int      `json:"tokens"`
	After    *string  `json:"after"`
}

// usageData is "data" in the answer to usageQuery.
type usageData struct {
	Projects *struct {
		Nodes []*usageJSON `json:"nodes"`
	} `json:"projects"`
}

// usageJSON is one project in the answer to usageQuery. Everything that GitLab
// may answer with null is a pointer or a slice of pointers.
type usageJSON struct {
	ID       globalID    `json:"id"`
	FullPath string      `json:"fullPath"`
	Agents   *agentsJSON `json:"clusterAgents"`
}

type agentsJSON struct {
	PageInfo pageInfoJSON      `json:"pageInfo"`
	Nodes    []*agentUsageJSON `json:"nodes"`
}

type pageInfoJSON struct {
	HasNextPage bool   `json:"hasNextPage"`
	EndCursor   string `json:"endCursor"`
}

type agentUsageJSON struct {
	ID        globalID    `json:"id"`
	Name      string      `json:"name"`
	CreatedAt time.Time   `json:"createdAt"`
	CreatedBy *personJSON `json:"createdByUser"`
	Tokens    *tokensJSON `json:"tokens"`
}

type tokensJSON struct {
	Count int               `json:"count"`
	Nodes []*tokenUsageJSON `json:"nodes"`
}

type tokenUsageJSON struct {
	ID         globalID    `json:"id"`
	Name       string      `json:"name"`
	CreatedAt  time.Time   `json:"createdAt"`
	LastUsedAt time.Time   `json:"lastUsedAt"`
	CreatedBy  *personJSON `json:"createdByUser"`
}

type personJSON struct {
	Name     string `json:"name"`
	Username string `json:"username"`
}

func (p *personJSON) person() *Person {
	if p == nil {
		return nil
	}
	return &Person{Name: p.Name, Username: p.Username}
}

// globalID reads the number at the end of "gid://gitlab/Clusters::Agent/12",
// which is the id of the REST API.
type globalID int64

// UnmarshalJSON refuses null and anything without a positive number at its end.
func (id *globalID) UnmarshalJSON(data []byte) error {
	text := strings.Trim(string(data), `"`)
	n, err := strconv.ParseInt(text[strings.LastIndexByte(text, '/')+1:], 10, 64)
	if err != nil || n <= 0 {
		return errors.New("not a global id")
	}
	*id = globalID(n)
	return nil
}

var errUnanswered = errors.New("a part of it was not answered")

// usage converts a project of which everything was answered.
func (p *usageJSON) usage() (ProjectUsage, error) {
	usage := ProjectUsage{ProjectID: int64(p.ID), FullPath: p.FullPath, Agents: map[int64]AgentUsage{}}
	if p.ID == 0 || p.Agents == nil || p.Agents.Nodes == nil {
		return usage, errUnanswered
	}
	for _, node := range p.Agents.Nodes {
		if node == nil || node.ID == 0 {
			return usage, errUnanswered
		}
		agent, err := node.usage()
		if err != nil {
			return usage, err
		}
		usage.Agents[agent.ID] = agent
	}
	return usage, nil
}

func (a *agentUsageJSON) usage() (AgentUsage, error) {
	usage := AgentUsage{ID: int64(a.ID), Name: a.Name, CreatedAt: a.CreatedAt, CreatedBy: a.CreatedBy.person()}
	if a.Tokens == nil || a.Tokens.Nodes == nil {
		return usage, errUnanswered
	}
	for _, t := range a.Tokens.Nodes {
		if t == nil || t.ID == 0 {
			return usage, errUnanswered
		}
		usage.Tokens = append(usage.Tokens, TokenUsage{
			ID:         int64(t.ID),
			Name:       t.Name,
			CreatedAt:  t.CreatedAt,
			LastUsedAt: t.LastUsedAt,
			CreatedBy:  t.CreatedBy.person(),
		})
	}
	usage.TokenCount = max(a.Tokens.Count, len(usage.Tokens))
	return usage, nil
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
