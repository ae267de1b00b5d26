package gitlabapi

import (
	"context"
	"net/http"
	"strconv"
	"time"
)

// Agent is an agent for Kubernetes registered in a project
// (https://docs.gitlab.com/api/cluster_agents/).
type Agent struct {
	ID            int64
	Name          string
	ConfigProject ConfigProject
	CreatedAt     time.Time
	// CreatedByUserID is 0 when GitLab no longer knows who it was.
	CreatedByUserID int64
	// Receptive says that GitLab connects to the agent and not the agent to GitLab: Enterprise
	// Edition from 17.4 (https://docs.gitlab.com/user/clusters/agent/#receptive-agents).
	Receptive bool
}

// ConfigProject is the project that an agent is registered in, as the agent
// entity repeats it.
type ConfigProject struct {
	ID                int64
	Name              string
	PathWithNamespace string
}

// AgentsPage returns one page of a project's agents, sorted by name. Pages count
// from 1; perPage is at most 100. ErrNotFound when the project does not exist or
// the person is less than Developer there.
func (c *Client) AgentsPage(ctx context.Context, project ProjectRef, page, perPage int) (Page[Agent], error) {
	r := request{op: "list agents", path: project.path("/cluster_agents"), query: paging(nil, page, perPage)}
	return list(ctx, c, r, agentJSON.agent)
}

// Agents returns all agents of a project, sorted by name; errors as AgentsPage,
// and ErrMalformed or ErrTooLarge when GitLab's pages do not come to an end.
func (c *Client) Agents(ctx context.Context, project ProjectRef) ([]Agent, error) {
	ctx, cancel := c.core.readDeadline(ctx)
	defer cancel()
	return allPages(ctx, "list agents", func(a Agent) int64 { return a.ID },
		func(ctx context.Context, page int) (Page[Agent], error) {
			return c.AgentsPage(ctx, project, page, maxPerPage)
		})
}

// Agent returns one agent. ErrNotFound when it does not exist, belongs to another
// project, or the person is less than Developer.
func (c *Client) Agent(ctx context.Context, project ProjectRef, agent int64) (Agent, error) {
	r := request{op: "get agent", path: project.path("/cluster_agents/" + number(agent))}
	return one(ctx, c, r, agentJSON.agent)
}

// RegisterAgent registers an agent; one POST, never repeated. ErrInvalid for a
// name that GitLab refuses or has already, ErrForbidden below Maintainer and in
// archived projects, ErrMoved when project is a path that moved. Ask
// OutcomeUnknown of every other error.
func (c *Client) RegisterAgent(ctx context.Context, project ProjectRef, name string) (Agent, error) {
	r := request{op: "register agent", method: http.MethodPost, path: project.path("/cluster_agents")}
	r.json = struct {
		Name string `json:"name"`
	}{name}
	return one(ctx, c, r, agentJSON.agent)
}

// DeleteAgent deletes an agent with its tokens. nil means that GitLab accepted
// it; GitLab answers the same when its own deletion failed, so look again where
// it matters. ErrNotFound, ErrForbidden, ErrMoved as RegisterAgent.
func (c *Client) DeleteAgent(ctx context.Context, project ProjectRef, agent int64) error {
	r := request{op: "delete agent", method: http.MethodDelete, path: project.path("/cluster_agents/" + number(agent))}
	_, err := c.do(ctx, r, nil)
	return err
}

// agentJSON is the Agent entity on the wire. Unknown fields are ignored.
type agentJSON struct {
	ID            int64             `json:"id"`
	Name          string            `json:"name"`
	ConfigProject configProjectJSON `json:"config_project"`
	CreatedAt     time.Time         `json:"created_at"`
	CreatedBy     looseID           `json:"created_by_user_id"`
	IsReceptive   bool              `json:"is_receptive"` // not in the Community Edition
}

type configProjectJSON struct {
	ID                int64  `json:"id"`
	Name              string `json:"name"`
	PathWithNamespace string `json:"path_with_namespace"`
}

func (a agentJSON) agent() (Agent, bool) {
	return Agent{
		ID:              a.ID,
		Name:            a.Name,
		ConfigProject:   ConfigProject(a.ConfigProject),
		CreatedAt:       a.CreatedAt,
		CreatedByUserID: int64(a.CreatedBy),
		Receptive:       a.IsReceptive,
	}, a.ID > 0 && a.Name != ""
}

// number writes an id into a path.
func number(id int64) string { return strconv.FormatInt(id, 10) }
