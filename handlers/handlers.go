// Package handlers turns requests into pages: it reads input, asks gitlabapi or an internal
// package, builds a view model and renders it. routes.go is the one route table; errors.go is
// the one place where an error becomes a response.
package handlers

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/a-h/templ"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/agentread"
	"gitlab-agent-portal/internal/alert"
	"gitlab-agent-portal/internal/alert/alerts"
	"gitlab-agent-portal/internal/audit"
	"gitlab-agent-portal/internal/budget"
	"gitlab-agent-portal/internal/fleet/scan"
	"gitlab-agent-portal/internal/history/transitions"
	"gitlab-agent-portal/internal/rotation/readings"
	sessions "gitlab-agent-portal/internal/session"
	"gitlab-agent-portal/internal/tokens"
	"gitlab-agent-portal/static"
	"gitlab-agent-portal/views"
)

// Config is everything the handlers depend on. All fields are required unless they say otherwise.
type Config struct {
	// PublicURL is the portal's own address; its path is where the portal lives.
	PublicURL *url.URL
	// GitLab is a client without credentials; each request binds it to the person's token.
	GitLab *gitlabapi.Client
	OAuth  *gitlabapi.OAuth
	// Revocations end at GitLab what OAuth began.
	Revocations *Revocations
	// ReadOnly says that the OAuth scope allows no changes.
	ReadOnly bool
	Sessions *sessions.Store
	Audit    *audit.Log
	Readings *readings.Store
	// Read reads from GitLab, and Tokens changes things there.
	Read   *agentread.Service
	Tokens *tokens.Service
	Fleet  *scan.Service
	// FleetWait is how long a page without script waits for the fleet before it shows how far the
	// reading is; 0: 10 s.
	FleetWait time.Duration
	// Heartbeat is how long a stream is silent at most; 0: 15 s.
	Heartbeat time.Duration
	// Alerts and History, what became of agents, are what the watch found; nil where nothing watches.
	// WatchStatus says how its readings go, and is nil where nobody can tell.
	Alerts      *alerts.Store
	History     *transitions.Store
	WatchStatus func(context.Context) (alert.Status, error)
	// Limits are those beyond which an agent needs attention.
	Limits agent.Thresholds
	// Keys yield the keys of form nonces and of the portal's sealed cookies.
	Keys   sessions.Keys
	Cookie sessions.CookieOptions
	Assets *static.Assets
	Log    *slog.Logger
	Now    func() time.Time
	// Ready reports why no traffic should be sent here; nil when it should.
	Ready func(context.Context) error
	// Requests are the allowances of people and visitors.
	Requests *budget.Requests
	// TrustedProxies are the peers whose forwarded headers count; none by default.
	TrustedProxies []netip.Prefix
	// HelmRepoURL is the chart repository that the install snippets name, of http, https or oci.
	HelmRepoURL string
	// AgentImage is the image that they name, without a tag; empty leaves it to the chart.
	AgentImage string
	// Pace is how long a reader may take for one piece of an export; 0: half a minute.
	Pace time.Duration
	// Version is what /healthz calls the running program.
	Version string
	// SecurityContact is where to report a vulnerability, as a URL; empty for nowhere.
	SecurityContact string
	// Refreshed, unless nil, is told how each renewal of a person's GitLab tokens ended.
	Refreshed func(result RefreshResult)
	// Observe, unless nil, is told of each request that was answered.
	Observe func(Observation)
	// JiHu says that the instance is one of JiHu GitLab.
	JiHu bool
	// PrivateCA says that GitLab's certificate comes from an authority that clusters do not know.
	PrivateCA bool
	// Hosts are the only values of Host that are answered, in small letters; none allows any.
	Hosts []string
	// SandboxURL is the page that plays the cluster in the demo; empty outside the demo.
	SandboxURL string
	// Pages are shown to everybody besides the portal's own, by the patterns of their addresses;
	// none by default.
	Pages map[string]PageFunc
}

// PageFunc fills a page's chrome; htmx gets the fragment.
type PageFunc func(views.Page) (page, fragment templ.Component)

// Handlers answers every request of the portal.
type Handlers struct {
	Config

	urls        views.URLs
	nonces      nonceSigner
	sealer      *sessions.Sealer
	crossOrigin *http.CrossOriginProtection
	states      usedStates
	forwarded   forwardedHint
	unreadable  sync.Once // an entry of a forwarded header was, and the log said so
	shares      shares
	callers     *callers
	counted     countedProjects
	charts      charts
	buffers     sync.Pool
	panicPage   []byte
}

// New returns the portal's handler. It fails when a page that must always be available
// cannot be rendered.
func New(cfg Config) (http.Handler, error) {
	h, err := build(cfg)
	if err != nil {
		return nil, err
	}
	return h.middleware(h.mux())
}

func build(cfg Config) (*Handlers, error) {
	h := &Handlers{
		Config:      cfg,
		urls:        views.URLs{Base: strings.TrimRight(cfg.PublicURL.Path, "/")},
		nonces:      newNonceSigner(cfg.Keys, cfg.Now),
		sealer:      cfg.Keys.Sealer("cookies of " + cfg.OAuth.Instance()),
		crossOrigin: http.NewCrossOriginProtection(),
		shares:      newShares(),
		callers:     newCallers(cfg.Now),
		counted:     newCountedProjects(),
		charts:      newCharts(),
		buffers:     sync.Pool{New: func() any { return new(bytes.Buffer) }},
	}
	if err := h.prerenderPanicPage(); err != nil {
		return nil, fmt.Errorf("rendering the page for unexpected errors: %w", err)
	}
	return h, nil
}
