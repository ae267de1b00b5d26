package gitlabapi

import "context"

// URLConfiguration is how GitLab reaches a receptive agent
// (https://docs.gitlab.com/api/cluster_agents/#receptive-agents).
type URLConfiguration struct {
	URL string // grpc://… or grpcs://…
	// PublicKey is the key by which the agent knows GitLab, in base64; "" where GitLab shows a
	// certificate instead.
	PublicKey string
}

// URLConfigurations returns how GitLab reaches an agent: one at most. ErrForbidden below Maintainer
// and in projects that cannot be changed, although it is a read; ErrNotFound also while the
// instance knows no receptive agents, or has them switched off.
func (c *Client) URLConfigurations(ctx context.Context, project ProjectRef, agent int64) ([]URLConfiguration, error) {
	r := request{op: "list URL configurations", path: project.path("/cluster_agents/" + number(agent) + "/url_configurations")}
	configurations, _, err := entities(ctx, c, r, urlConfigurationJSON.configuration)
	return configurations, err
}

type urlConfigurationJSON struct {
	URL       string `json:"url"`
	PublicKey string `json:"public_key"`
}

func (u urlConfigurationJSON) configuration() (URLConfiguration, bool) {
	return URLConfiguration(u), u.URL != ""
}
