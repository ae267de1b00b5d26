package gitlabapi

import "context"

// Metadata is what an instance says about itself
// (https://docs.gitlab.com/api/metadata/, GitLab 15.2 and later).
type Metadata struct {
	KAS KAS
}

// KAS is the agent server of the instance. Agents and tokens can be created
// without it, but no agent can connect.
type KAS struct {
	Enabled     bool
	ExternalURL string // wss://…; "" when GitLab does not say
	Version     string // "" when GitLab does not say
	// ProxyURL is where kubectl reaches clusters through GitLab, https://… (from GitLab 17.6); "" when
	// GitLab does not say.
	ProxyURL string
}

// Metadata returns what the instance says of its agent server.
func (c *Client) Metadata(ctx context.Context) (Metadata, error) {
	return one(ctx, c, request{op: "get metadata", path: "/api/v4/metadata"}, metadataJSON.metadata)
}

type metadataJSON struct {
	Version string  `json:"version"` // which tells that it is an answer of GitLab's
	KAS     kasJSON `json:"kas"`
}

// kasJSON has camelCase keys, unlike the rest of the REST API.
type kasJSON struct {
	Enabled     bool   `json:"enabled"`
	ExternalURL string `json:"externalUrl"` // or null
	Version     string `json:"version"`     // or null
	ProxyURL    string `json:"externalK8sProxyUrl"`
}

func (m metadataJSON) metadata() (Metadata, bool) {
	return Metadata{KAS: KAS(m.KAS)}, m.Version != ""
}
