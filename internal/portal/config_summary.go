package portal

import (
	"cmp"
	"net/url"
	"strings"
)

// summary is what the start says of the settings, as attributes of the log; none is a secret.
func (c *config) summary() []any {
	attributes := []any{"public_url", c.PublicURL.String(), "gitlab", c.GitLabURL.String(), "scope", c.Scope, "database", c.databaseKind()}
	if c.GitLabInternalURL != (url.URL{}) {
		attributes = append(attributes, "gitlab_internal", c.GitLabInternalURL.String())
	}
	if c.watches() {
		attributes = append(attributes, "watch", c.WatchInterval.String())
	}
	return attributes
}

// gitlabForCalls is where the portal itself asks GitLab.
func (c *config) gitlabForCalls() string {
	return cmp.Or(c.GitLabInternalURL.String(), c.GitLabURL.String())
}

// databaseKind is the engine, without the address, which may hold a password.
func (c *config) databaseKind() string {
	if strings.HasPrefix(c.DatabaseURL.Reveal(), "sqlite:") {
		return "sqlite"
	}
	return "postgresql"
}
