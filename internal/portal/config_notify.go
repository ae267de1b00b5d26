package portal

import (
	"errors"
	"strings"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/internal/notify/alertmanager"
	"gitlab-agent-portal/internal/notify/outbound"
	"gitlab-agent-portal/internal/notify/routes"
)

// parseAlertmanagers reads addresses that are kept as secrets, since they may hold a password.
func parseAlertmanagers(text string) (any, error) {
	var addresses []gitlabapi.Secret
	for field := range strings.SplitSeq(text, ",") {
		if field = strings.TrimSpace(field); field == "" {
			continue
		}
		u, err := alertmanager.ParseURL(field)
		if err != nil {
			return nil, err
		}
		if u.User != nil && isInsecure(u) {
			return nil, errors.New("holds a password for an address in plain http beyond this machine, where anybody on the way reads it")
		}
		addresses = append(addresses, gitlabapi.NewSecret(field))
	}
	return addresses, nil
}

// tellsNothing reports whether there is somebody to tell, and nothing that finds what could be told.
func (c *config) tellsNothing() bool {
	return len(c.Alertmanagers)+len(c.routes) > 0 && !c.watches()
}

// checkNotify reads NOTIFY_FILE. What it says of how addresses are reached has to be known by then.
func (c *config) checkNotify(bad *problems) {
	if c.NotifyFile == "" {
		return
	}
	var err error
	c.routes, err = routes.Read(c.NotifyFile, routes.Options{
		Outbound:  outbound.Options{Allowed: c.NotifyAllowPrivate, RootCAs: c.rootCAs, Proxy: c.proxy},
		AllowHTTP: c.AllowInsecureHTTP, Now: clock,
	})
	if err != nil {
		bad.add("NOTIFY_FILE", "is not usable: "+err.Error())
	}
}
