package gitlabtest

import "net/http"

// URLConfiguration says how GitLab reaches a receptive agent: an agent has one at most. GitLab
// proves who it is by a key pair of its own, or by a certificate that somebody gave it.
type URLConfiguration struct {
	URL string
	// PublicKey and ClientCert are in base64; GitLab has one of them only.
	PublicKey, ClientCert string
	CACert, TLSHost       string
}

// urlConfigurationBody is ee/lib/ee/api/entities/clusters/receptive_agent_url_configuration.rb. It
// never holds a private key.
type urlConfigurationBody struct {
	ID         int64  `json:"id"`
	AgentID    int64  `json:"agent_id"`
	URL        string `json:"url"`
	PublicKey  string `json:"public_key,omitempty"`
	ClientCert string `json:"client_cert,omitempty"`
	CACert     string `json:"ca_cert,omitempty"`
	TLSHost    string `json:"tls_host,omitempty"`
}

// listURLConfigurations needs the Maintainer's role even to read, and is missing for everybody
// while the instance's switch is off.
func listURLConfigurations(c *call) (Answer, error) {
	if !c.settings.ReceptiveAgents {
		return Answer{}, refuseStatus(http.StatusNotFound)
	}
	a, err := c.manageableAgent()
	if err != nil {
		return Answer{}, err
	}
	var all []*URLConfiguration
	if a.URLConfiguration != nil {
		all = append(all, a.URLConfiguration)
	}
	return offsetPage(c, all, func(u *URLConfiguration) urlConfigurationBody {
		return urlConfigurationBody{
			ID: a.ID, AgentID: a.ID, URL: u.URL, PublicKey: u.PublicKey, ClientCert: u.ClientCert, CACert: u.CACert, TLSHost: u.TLSHost,
		}
	}), nil
}
