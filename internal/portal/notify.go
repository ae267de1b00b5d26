package portal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/internal/alert/alerts"
	"gitlab-agent-portal/internal/database"
	"gitlab-agent-portal/internal/notify"
	"gitlab-agent-portal/internal/notify/alertmanager"
	"gitlab-agent-portal/internal/notify/message"
	"gitlab-agent-portal/internal/notify/outbound"
	"gitlab-agent-portal/views"
)

// errNotifyTestFailed is what a test of messages ends with; which routes failed has been said by then.
var errNotifyTestFailed = errors.New("not every route could be sent a message")

// messenger tells of alerts, as the settings say whom: of nothing without any.
func (s *server) messenger(db *database.DB, alerts *alerts.Store, now func() time.Time) *notify.Service {
	cfg := s.cfg.notify(now)
	cfg.DB, cfg.Alerts, cfg.Log = db, alerts, s.log
	cfg.Observe, cfg.ObserveWaiting = s.metrics.messages.observe, s.metrics.messages.observeWaiting
	return notify.New(cfg)
}

// notify is what the settings say of messages.
func (c *config) notify(now func() time.Time) notify.Config {
	return notify.Config{
		Routes: c.routes, Alertmanagers: c.Alertmanagers, RootCAs: c.rootCAs, Proxy: c.proxy,
		Instance: c.GitLabURL.Host + c.GitLabURL.Path, JiHu: c.JiHu, Links: c.links(), Now: now,
	}
}

// links lead from outside to the portal.
func (c *config) links() message.Links {
	root := c.PublicURL.Scheme + "://" + c.PublicURL.Host
	urls := views.URLs{Base: c.basePath()}
	return message.Links{
		Alerts: root + urls.Alerts(views.AlertsQuery{}),
		Agent:  func(project, agent int64) string { return root + urls.Agent(project, agent, "") },
	}
}

// tell tells of alerts until ctx ends.
func (s *server) tell(ctx context.Context) {
	if err := s.notify.Run(ctx); err != nil {
		s.log.ErrorContext(ctx, "nobody is told of alerts any more", "error", err)
	}
}

// notifyTest sends one message to each route of NOTIFY_FILE, and says to out what became of it.
func notifyTest(ctx context.Context, environ []string, now func() time.Time, out io.Writer) error {
	cfg, err := loadConfig(environ)
	switch {
	case err != nil:
		return err
	case len(cfg.routes) == 0:
		return errors.New("NOTIFY_FILE is not set: there is nobody to send a message to")
	}
	failed, err := notify.Test(ctx, cfg.notify(now), out)
	if err == nil && failed > 0 {
		return errNotifyTestFailed
	}
	return err
}

// notifications says of the routes that they are usable, and tries each Alertmanager.
func (r *checkReport) notifications(ctx context.Context, cfg *config) {
	if len(cfg.routes) > 0 {
		r.add(fmt.Sprintf("NOTIFY_FILE (%d routes; web -notify-test sends each a message)", len(cfg.routes)), nil, "")
	}
	if cfg.tellsNothing() {
		r.say("NOTE  without WATCH_TOKEN nobody watches, so nobody is told of anything\n")
	}
	client := outbound.NewClient(outbound.Options{Anywhere: true, RootCAs: cfg.rootCAs, Proxy: cfg.proxy})
	for i, address := range cfg.Alertmanagers {
		err := withinCheck(ctx, alertmanager.New(alertmanager.Config{URL: address, Client: client}).Try)
		r.add("Alertmanager at "+alertmanagerHost(address, i), err, "see whether ALERTMANAGER_URL is the address at which Alertmanager shows its own page, with its path if it has one, and whether this machine may reach it.")
	}
}

// alertmanagerHost is what may be said of an address that may hold a password.
func alertmanagerHost(address gitlabapi.Secret, i int) string {
	u, err := alertmanager.ParseURL(address.Reveal())
	if err != nil {
		return fmt.Sprintf("address %d", i+1)
	}
	return u.Host
}
