package handlers

import (
	"net/http"

	"gitlab-agent-portal/internal/store"
	"gitlab-agent-portal/views"
)

// access says who may call a route.
type access string

const (
	public   access = "public"
	signedIn access = "signed in"
)

// route is one line of the route table.
type route struct {
	method, pattern string
	access          access
	handler         http.Handler
}

// routes is the one table of everything the portal answers. Every change is a POST, and every
// POST passes the checks that mux adds. An audited one names the action of its row.
func (h *Handlers) routes() []route {
	table := []route{
		// Signing in
		{http.MethodGet, views.PatternLogin, public, h.public(h.login)},
		{http.MethodGet, views.PatternCallback, public, audited{h.public(h.callback), store.AuditSignIn}},
		{http.MethodPost, views.PatternLogout, public, audited{h.public(h.logout), store.AuditSignOut}},
		{http.MethodPost, views.PatternPreferences, public, h.public(h.preferences)},

		// Fleet
		{http.MethodGet, views.PatternHome, public, h.public(h.home)},
		{http.MethodGet, views.PatternProgress, signedIn, h.signedIn(h.fleetProgress)},
		{http.MethodGet, views.PatternVersions, signedIn, h.signedIn(h.fleetVersions)},
		{http.MethodGet, views.PatternFleetCSV, signedIn, h.signedIn(h.fleetCSV)},
		{http.MethodGet, views.PatternFleetJSON, signedIn, h.signedIn(h.fleetJSON)},

		// Projects
		{http.MethodGet, views.PatternProjects, signedIn, h.signedIn(h.projectList)},
		{http.MethodGet, views.PatternGo, signedIn, h.signedIn(h.projectGo)},

		// Agents
		{http.MethodGet, views.PatternAgents, signedIn, h.signedIn(h.agentList)},
		{http.MethodGet, views.PatternAgentNew, signedIn, h.signedIn(h.agentNew)},
		{http.MethodPost, views.PatternAgents, signedIn, audited{h.signedIn(h.agentRegister), store.AuditAgentRegister}},
		{http.MethodGet, views.PatternAgent, signedIn, h.signedIn(h.agentShow)},
		{http.MethodGet, views.PatternAgentDelete, signedIn, h.signedIn(h.agentDeleteAsk)},
		{http.MethodPost, views.PatternAgentDelete, signedIn, audited{h.signedIn(h.agentDelete), store.AuditAgentDelete}},

		// Tokens
		{http.MethodGet, views.PatternTokenNew, signedIn, h.signedIn(h.tokenNew)},
		{http.MethodPost, views.PatternTokens, signedIn, audited{h.signedIn(h.tokenCreate), store.AuditTokenCreate}},
		{http.MethodPost, views.PatternTokenStored, signedIn, audited{h.signedIn(h.tokenStored), store.AuditTokenStored}},
		{http.MethodGet, views.PatternTokenRevoke, signedIn, h.signedIn(h.tokenRevokeAsk)},
		{http.MethodPost, views.PatternTokenRevoke, signedIn, audited{h.signedIn(h.tokenRevoke), store.AuditTokenRevoke}},

		// Rotation
		{http.MethodGet, views.PatternRotation, signedIn, h.signedIn(h.rotationShow)},
		{http.MethodGet, views.PatternRotations, signedIn, h.signedIn(h.rotationList)},
		{http.MethodGet, views.PatternUnused, signedIn, h.signedIn(h.unusedAsk)},
		{http.MethodPost, views.PatternUnused, signedIn, audited{h.signedIn(h.unusedRevoke), store.AuditTokenRevoke}},

		// Activity
		{http.MethodGet, views.PatternActivity, signedIn, h.signedIn(h.activity)},
		{http.MethodGet, views.PatternActivityCSV, signedIn, h.signedIn(h.activityCSV)},

		// Help, operation and assets
		{http.MethodGet, views.PatternStatusHelp, signedIn, h.signedIn(h.statusHelp)},
		{http.MethodGet, views.PatternKeysHelp, signedIn, h.signedIn(h.keysHelp)},
		{http.MethodGet, views.PatternHealth, public, h.public(h.health)},
		{http.MethodGet, views.PatternReady, public, h.public(h.ready)},
		{http.MethodGet, views.PatternStatic, public, h.public(h.asset)},
	}
	for pattern, show := range h.Pages {
		table = append(table, route{http.MethodGet, pattern, public, h.public(func(w http.ResponseWriter, r *http.Request) error {
			page, fragment := show(h.page(w, r, ""))
			return h.render(w, r, http.StatusOK, page, fragment)
		})})
	}
	return table
}

// mux registers the routes and answers what none of them matches with pages of our own.
func (h *Handlers) mux() http.Handler {
	mux := http.NewServeMux()
	for _, route := range h.routes() {
		handler := route.handler
		if !isSafe(route.method) {
			handler = h.guardChange(handler)
		}
		if route, ok := route.handler.(audited); ok {
			handler = h.audit(route.action, handler)
		}
		// With its base in the pattern, so that the mux's own redirects stay below it.
		mux.Handle(route.method+" "+h.urls.Base+route.pattern, handler)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, pattern := mux.Handler(r); pattern == "" {
			h.unmatched(w, r, mux)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// isSafe reports whether method changes nothing, as RFC 9110 section 9.2.1 defines it.
func isSafe(method string) bool {
	return method == http.MethodGet || method == http.MethodHead
}

// unmatched lets the mux say whether the path or only the method is unknown, and answers
// with our page in place of its plain text.
func (h *Handlers) unmatched(w http.ResponseWriter, r *http.Request, mux *http.ServeMux) {
	if _, err := h.loadSession(w, r); err != nil {
		// Only the page's header depends on it.
		h.Log.WarnContext(r.Context(), "loading the session for a page that does not exist", "error", err)
	}
	verdict := &verdictWriter{header: make(http.Header)}
	mux.ServeHTTP(verdict, r)
	if verdict.status == http.StatusMethodNotAllowed {
		w.Header().Set("Allow", verdict.header.Get("Allow"))
		h.fail(w, r, errMethodNotAllowed)
		return
	}
	h.fail(w, r, errNoSuchPage)
}

// verdictWriter keeps status and headers of an answer and drops its body.
type verdictWriter struct {
	header http.Header
	status int
}

func (v *verdictWriter) Header() http.Header         { return v.header }
func (v *verdictWriter) WriteHeader(status int)      { v.status = status }
func (v *verdictWriter) Write(b []byte) (int, error) { return len(b), nil }
