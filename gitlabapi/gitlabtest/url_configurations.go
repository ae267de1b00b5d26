package gitlabtest

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"net/http"
	"net/url"
)

// URLConfiguration says how GitLab reaches a receptive agent: an agent has one at most. GitLab
// proves who it is by a key pair of its own, or by a certificate that somebody gave it.
type URLConfiguration struct {
	URL string
	// PublicKey and ClientCert are in base64; GitLab has one of them only.
	PublicKey, ClientCert string
	CACert, TLSHost       string
}

// urlConfigurationRoutes are those of ee/lib/api/clusters/agent_url_configurations.rb.
func urlConfigurationRoutes() []route {
	const all = "/api/v4/projects/{id}/cluster_agents/{agent_id}/url_configurations"
	project, agent := param{name: "id"}, integerParam("agent_id").require()
	return []route{
		{OpListURLConfigurations, "GET " + all, anyScope, paged(project, agent), listURLConfigurations},
		{OpCreateURLConfiguration, "POST " + all, anyScope, []param{
			project, agent, textParam("url"), textParam("client_cert"), textParam("client_key"), textParam("ca_cert"), textParam("tls_host"),
		}, createURLConfiguration},
		{OpDeleteURLConfiguration, "DELETE " + all + "/{url_configuration_id}", anyScope, []param{
			project, agent, integerParam("url_configuration_id").require(),
		}, deleteURLConfiguration},
	}
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

// urlConfigurationBodyOf shows the one configuration of an agent, whose number it has.
func urlConfigurationBodyOf(a *Agent) urlConfigurationBody {
	u := a.URLConfiguration
	return urlConfigurationBody{
		ID: a.ID, AgentID: a.ID, URL: u.URL, PublicKey: u.PublicKey, ClientCert: u.ClientCert, CACert: u.CACert, TLSHost: u.TLSHost,
	}
}

// receivableAgent is the agent that the address names. It needs the Maintainer's role even to read,
// and is missing for everybody while the instance's switch is off.
func (c *call) receivableAgent() (*Agent, error) {
	if c.settings.CommunityEdition {
		return nil, errNoRoute()
	}
	if !c.settings.ReceptiveAgents {
		return nil, refuseStatus(http.StatusNotFound)
	}
	return c.manageableAgent()
}

func listURLConfigurations(c *call) (Answer, error) {
	a, err := c.receivableAgent()
	if err != nil {
		return Answer{}, err
	}
	var all []*Agent
	if a.URLConfiguration != nil {
		all = append(all, a)
	}
	return offsetPage(c, all, urlConfigurationBodyOf), nil
}

// createURLConfiguration makes an agent receptive. An agent that is so already gets no second
// configuration (ee/app/services/clusters/agents/create_url_configuration_service.rb).
func createURLConfiguration(c *call) (Answer, error) {
	if problem := c.missingURL(); problem != nil && c.settings.ReceptiveAgents {
		return Answer{}, problem
	}
	a, err := c.receivableAgent()
	if err != nil {
		return Answer{}, err
	}
	if a.Receptive {
		return Answer{}, refuseRule("URL configuration already exists for this agent")
	}
	if problems := c.urlConfigurationProblems(); problems != nil {
		return Answer{}, refuseRecord(problems)
	}
	a.Receptive, a.UpdatedAt = true, c.now()
	a.URLConfiguration = &URLConfiguration{
		URL: c.values.text("url"), ClientCert: c.values.text("client_cert"), CACert: c.values.text("ca_cert"), TLSHost: c.values.text("tls_host"),
	}
	if key := c.values.text("client_key"); key != "" {
		c.issue("client key", key)
	} else {
		a.URLConfiguration.PublicKey = base64.StdEncoding.EncodeToString(derive("receptive agent", a.ID)[:32])
	}
	return jsonAnswer(http.StatusCreated, urlConfigurationBodyOf(a)), nil
}

// missingURL is the parameter validation's word, which comes after the instance's switch and before
// everything else.
func (c *call) missingURL() error {
	if _, given := c.values["url"]; !given {
		return refuseParameters("url is missing")
	}
	return nil
}

// urlConfigurationProblems are the sentences of ee/app/models/clusters/agents/url_configuration.rb,
// nil for a good one.
func (c *call) urlConfigurationProblems() []string {
	var problems []string
	at, err := url.Parse(c.values.text("url"))
	if err != nil || at.Host == "" || at.Scheme != "grpc" && at.Scheme != "grpcs" {
		problems = append(problems, "Url is blocked: Only allowed schemes are grpc, grpcs")
	}
	cert, key := decoded(c.values.text("client_cert")), decoded(c.values.text("client_key"))
	if cert != nil || key != nil {
		if _, err := tls.X509KeyPair(cert, key); err != nil {
			problems = append(problems, "Client cert must be a valid PEM certificate")
		}
	}
	if given := c.values.text("ca_cert"); given != "" && !isCertificate(decoded(given)) {
		problems = append(problems, "Ca cert must be a valid PEM certificate")
	}
	return problems
}

// decoded is what travels in base64, nil for nothing.
func decoded(text string) []byte {
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil || text == "" {
		return nil
	}
	return data
}

func isCertificate(text []byte) bool {
	block, _ := pem.Decode(text)
	if block == nil {
		return false
	}
	_, err := x509.ParseCertificate(block.Bytes)
	return err == nil
}

// deleteURLConfiguration makes an agent an ordinary one again.
func deleteURLConfiguration(c *call) (Answer, error) {
	a, err := c.receivableAgent()
	if err != nil {
		return Answer{}, err
	}
	if a.URLConfiguration == nil || c.values.integer("url_configuration_id", 0) != a.ID {
		return Answer{}, errRecordNotFound()
	}
	a.Receptive, a.URLConfiguration, a.UpdatedAt = false, nil, c.now()
	return emptyAnswer(http.StatusNoContent), nil
}
