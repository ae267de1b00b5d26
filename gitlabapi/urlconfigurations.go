package gitlabapi

import (
	"context"
	"encoding/base64"
	"net/http"
)

// URLConfiguration is how GitLab reaches a receptive agent
// (https://docs.gitlab.com/api/cluster_agents/#receptive-agents).
type URLConfiguration struct {
	ID  int64
	URL string // grpc://… or grpcs://…
	// PublicKey is the key by which the agent knows GitLab, in base64; "" where GitLab shows a
	// certificate instead.
	PublicKey string
	// TLSHost is the name that the agent's certificate has to have; "" for the one in URL.
	TLSHost string
	// HasCA says that GitLab trusts a private authority for the agent's certificate.
	HasCA bool
}

// NewURLConfiguration says how GitLab is to reach an agent.
type NewURLConfiguration struct {
	URL string // grpc://… or grpcs://…
	// ClientCert and ClientKey are PEM, both or neither: without them GitLab makes a key pair.
	ClientCert string
	ClientKey  Secret
	CACert     string // PEM; "" for the authorities that GitLab trusts anyway
	TLSHost    string // "" for the one in URL
}

// URLConfigurations returns how GitLab reaches an agent: one at most. ErrForbidden below Maintainer
// and in projects that cannot be changed, although it is a read; ErrNotFound also while the
// instance knows no receptive agents, or has them switched off.
func (c *Client) URLConfigurations(ctx context.Context, project ProjectRef, agent int64) ([]URLConfiguration, error) {
	r := request{op: "list URL configurations", path: project.path(urlConfigurationsOf(agent))}
	configurations, _, err := entities(ctx, c, r, urlConfigurationJSON.configuration)
	return configurations, err
}

// CreateURLConfiguration makes an agent receptive; one POST, never repeated. ErrInvalid when GitLab
// refuses what is given or the agent is receptive already; ErrForbidden and ErrNotFound as
// URLConfigurations. Ask OutcomeUnknown of every other error.
func (c *Client) CreateURLConfiguration(ctx context.Context, project ProjectRef, agent int64, in NewURLConfiguration) (URLConfiguration, error) {
	r := request{
		op: "create URL configuration", method: http.MethodPost, path: project.path(urlConfigurationsOf(agent)),
		secrets: []Secret{in.ClientKey, NewSecret(inBase64(in.ClientKey.Reveal()))},
	}
	r.json = struct {
		URL        string `json:"url"`
		ClientCert string `json:"client_cert,omitempty"`
		ClientKey  string `json:"client_key,omitempty"`
		CACert     string `json:"ca_cert,omitempty"`
		TLSHost    string `json:"tls_host,omitempty"`
	}{in.URL, inBase64(in.ClientCert), inBase64(in.ClientKey.Reveal()), inBase64(in.CACert), in.TLSHost}
	return one(ctx, c, r, urlConfigurationJSON.configuration)
}

// DeleteURLConfiguration makes an agent an ordinary one again, that connects to GitLab itself. Errors
// as URLConfigurations; ErrNotFound when it is gone already.
func (c *Client) DeleteURLConfiguration(ctx context.Context, project ProjectRef, agent, configuration int64) error {
	r := request{
		op: "delete URL configuration", method: http.MethodDelete, path: project.path(urlConfigurationsOf(agent) + "/" + number(configuration)),
	}
	_, err := c.do(ctx, r, nil)
	return err
}

func urlConfigurationsOf(agent int64) string {
	return "/cluster_agents/" + number(agent) + "/url_configurations"
}

// inBase64 is how certificates and keys travel; "" stays "".
func inBase64(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }

type urlConfigurationJSON struct {
	ID        int64  `json:"id"`
	URL       string `json:"url"`
	PublicKey string `json:"public_key"`
	CACert    string `json:"ca_cert"`
	TLSHost   string `json:"tls_host"`
}

func (u urlConfigurationJSON) configuration() (URLConfiguration, bool) {
	return URLConfiguration{ID: u.ID, URL: u.URL, PublicKey: u.PublicKey, TLSHost: u.TLSHost, HasCA: u.CACert != ""}, u.URL != ""
}
