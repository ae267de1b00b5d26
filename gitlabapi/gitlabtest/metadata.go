package gitlabtest

import (
	"net/http"
	"strings"
)

// metadataBody is lib/api/metadata.rb; the keys inside kas are in camel case there.
type metadataBody struct {
	Version    string  `json:"version"`
	Revision   string  `json:"revision"`
	KAS        kasBody `json:"kas"`
	Enterprise bool    `json:"enterprise"`
}

type kasBody struct {
	Enabled             bool    `json:"enabled"`
	ExternalURL         *string `json:"externalUrl"`
	ExternalK8sProxyURL *string `json:"externalK8sProxyUrl"`
	Version             *string `json:"version"`
}

// revision is the commit that every instance claims to be built from.
const revision = "f00dfeedbee"

func metadata(c *call) (Answer, error) {
	return jsonAnswer(http.StatusOK, metadataBody{
		Version:    c.version(),
		Revision:   revision,
		KAS:        c.kas(),
		Enterprise: !c.settings.CommunityEdition,
	}), nil
}

// version is the instance's version with the mark of the Enterprise Edition.
func (c *call) version() string {
	if c.settings.CommunityEdition {
		return c.settings.Version
	}
	return c.settings.Version + "-ee"
}

func (c *call) kas() kasBody {
	if c.settings.KASDisabled {
		return kasBody{}
	}
	address := c.settings.KASExternalURL
	if address == "" {
		_, host, _ := strings.Cut(c.base(), "://")
		address = "wss://" + host + "/-/kubernetes-agent/"
	}
	proxy := "https" + strings.TrimSuffix(strings.TrimPrefix(address, "wss"), "/") + "/k8s-proxy/"
	version := c.settings.Version
	return kasBody{Enabled: true, ExternalURL: &address, ExternalK8sProxyURL: &proxy, Version: &version}
}
