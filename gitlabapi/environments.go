package gitlabapi

import (
	"context"
	"net/url"
)

// Environment is a place that a project deploys to
// (https://docs.gitlab.com/api/environments/#list-all-environments).
type Environment struct {
	ID   int64
	Name string
	// AgentID is the agent that gives the environment its view of Kubernetes; 0 for none, for one
	// that the person may not read, and where the instance is too old to tell.
	AgentID int64
	// Namespace and FluxPath narrow the view: the namespace that is shown, and the Flux resource that
	// is followed. Both can be empty.
	Namespace, FluxPath string
}

// EnvironmentsPage returns a page of a project's environments that are neither stopped nor stopping,
// a hundred at once. ErrForbidden below the role of a Reporter; ErrNotFound when the project does not
// exist or the person may not see it.
func (c *Client) EnvironmentsPage(ctx context.Context, project ProjectRef, number int) (Page[Environment], error) {
	query := paging(url.Values{"states": {"available"}}, number, maxPerPage)
	r := request{op: "list environments", path: project.path("/environments"), query: query}
	return list(ctx, c, r, environmentJSON.environment)
}

type environmentJSON struct {
	ID    int64  `json:"id"`
	Name  string `json:"name"`
	Agent struct {
		ID int64 `json:"id"`
	} `json:"cluster_agent"`
	Namespace string `json:"kubernetes_namespace"`
	FluxPath  string `json:"flux_resource_path"`
}

func (e environmentJSON) environment() (Environment, bool) {
	return Environment{
		ID: e.ID, Name: e.Name, AgentID: e.Agent.ID, Namespace: e.Namespace, FluxPath: e.FluxPath,
	}, e.ID > 0
}
