package handlers

import (
	"errors"
	"net/http"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/internal/activity"
	"gitlab-agent-portal/views"
)

// route is one line of the route table. What it serves decides who may call it: its type is one of
// those in adapt.go.
type route struct {
	method, pattern string
	serves          adaptable
	// audited is the action of the row that every request leaves in the audit; empty for none.
	audited activity.Action
}

// routes is the one table of everything the portal answers. Every change is a POST, and every
// POST passes the checks that mux adds.
func (h *Handlers) routes() []route {
	table := []route{
		// Signing in
		{http.MethodGet, views.PatternLogin, public(h.login), ""},
		{http.MethodGet, views.PatternCallback, public(h.callback), activity.SignIn},
		{http.MethodPost, views.PatternLogout, public(h.logout), activity.SignOut},
		{http.MethodPost, views.PatternPreferences, public(h.preferences), ""},

		// The person's sessions. Ending one needs no right at GitLab, so that a portal that only reads has it too.
		{http.MethodGet, views.PatternSessions, signedIn(h.sessionList), ""},
		{http.MethodPost, views.PatternSessionsEnd, public(h.sessionsEnd), activity.SessionsEnd},

		// Fleet
		{http.MethodGet, views.PatternHome, signedInOr{h.fleetShow, h.welcome}, ""},
		{http.MethodGet, views.PatternProgress, lasting(h.fleetProgress), ""},
		{http.MethodGet, views.PatternFind, signedIn(h.find), ""},
		{http.MethodGet, views.PatternGroups, signedIn(h.groupList), ""},
		{http.MethodGet, views.PatternFleetCSV, exported(h.fleetCSV), ""},
		{http.MethodGet, views.PatternFleetJSON, exported(h.fleetJSON), ""},

		// Projects
		{http.MethodGet, views.PatternProjects, signedIn(h.projectList), ""},
		{http.MethodGet, views.PatternGo, signedIn(h.projectGo), ""},

		// Agents
		{http.MethodGet, views.PatternAgents, signedIn(h.agentList), ""},
		{http.MethodGet, views.PatternShared, signedIn(h.sharedAgents), ""},
		{http.MethodGet, views.PatternAgentNew, signedIn(h.agentNew), ""},
		{http.MethodPost, views.PatternAgents, signedIn(h.agentRegister), activity.AgentRegister},
		{http.MethodGet, views.PatternAgent, signedIn(h.agentShow), ""},
		{http.MethodGet, views.PatternAgentDelete, signedIn(h.agentDeleteAsk), ""},
		{http.MethodPost, views.PatternAgentDelete, signedIn(h.agentDelete), activity.AgentDelete},
		{http.MethodGet, views.PatternDependents, signedIn(h.dependents), ""},

		// The agent's configuration file. A check changes nothing.
		{http.MethodGet, views.PatternConfigEdit, signedIn(h.configEdit), ""},
		{http.MethodPost, views.PatternConfigEdit, signedIn(h.configCommit), activity.ConfigCommit},
		{http.MethodPost, views.PatternConfigCheck, signedIn(h.configCheck), ""},
		{http.MethodGet, views.PatternGrantees, signedIn(h.grantees), ""},
		{http.MethodGet, views.PatternReceiver, signedIn(h.receiverAsk), ""},
		{http.MethodPost, views.PatternReceiver, signedIn(h.receiverCreate), activity.ReceiverCreate},
		{http.MethodGet, views.PatternUnreceive, signedIn(h.receiverDeleteAsk), ""},
		{http.MethodPost, views.PatternUnreceive, signedIn(h.receiverDelete), activity.ReceiverDelete},

		// Tokens
		{http.MethodGet, views.PatternTokenNew, signedIn(h.tokenNew), ""},
		{http.MethodPost, views.PatternTokens, signedIn(h.tokenCreate), activity.TokenCreate},
		{http.MethodPost, views.PatternTokenStored, signedIn(h.tokenStored), activity.TokenStored},
		{http.MethodGet, views.PatternTokenRevoke, signedIn(h.tokenRevokeAsk), ""},
		{http.MethodPost, views.PatternTokenRevoke, signedIn(h.tokenRevoke), activity.TokenRevoke},

		// Rotation
		{http.MethodGet, views.PatternRotation, signedIn(h.rotationShow), ""},
		{http.MethodGet, views.PatternRotations, signedIn(h.rotationList), ""},
		{http.MethodGet, views.PatternUnused, signedIn(h.unusedAsk), ""},
		{http.MethodPost, views.PatternUnused, signedIn(h.unusedRevoke), activity.TokenRevoke},

		// Stale agents
		{http.MethodGet, views.PatternStale, signedIn(h.staleAsk), ""},
		{http.MethodPost, views.PatternStale, signedIn(h.staleDelete), activity.AgentDelete},

		// Alerts. Who looks after one is the portal's own to keep, so that a portal that only reads has it too.
		{http.MethodGet, views.PatternAlerts, signedIn(h.alertList), ""},
		{http.MethodGet, views.PatternAlertAck, signedIn(h.alertAsk), ""},
		{http.MethodPost, views.PatternAlertAck, keeping(h.alertAcknowledge), activity.AlertAcknowledge},
		{http.MethodPost, views.PatternAlertDrop, keeping(h.alertWithdraw), activity.AlertWithdraw},

		// Activity
		{http.MethodGet, views.PatternActivity, signedIn(h.activity), ""},
		{http.MethodGet, views.PatternActivityCSV, exported(h.activityCSV), ""},

		// What the watch has found, and the description of what programs may read
		{http.MethodGet, views.PatternAlertsJSON, exported(h.alertsJSON), ""},
		{http.MethodGet, views.PatternHistoryCSV, exported(h.historyCSV), ""},
		{http.MethodGet, views.PatternOpenAPI, public(h.openAPI), ""},

		// History, as the watch saw it
		{http.MethodGet, views.PatternHistory, signedIn(h.history), ""},
		{http.MethodGet, views.PatternReport, signedIn(h.report), ""},
		{http.MethodGet, views.PatternReportCSV, lasting(h.reportCSV), ""},

		// Help, operation and assets
		{http.MethodGet, views.PatternStatusHelp, signedIn(h.statusHelp), ""},
		{http.MethodGet, views.PatternKeysHelp, signedIn(h.keysHelp), ""},
		{http.MethodGet, views.PatternHealth, public(h.health), ""},
		{http.MethodGet, views.PatternReady, public(h.ready), ""},
		{http.MethodGet, views.PatternStatic, public(h.asset), ""},
	}
	if h.SecurityContact != "" {
		table = append(table, route{http.MethodGet, views.PatternSecurityTxt, public(h.securityTxt), ""})
	}
	for pattern, show := range h.Pages {
		table = append(table, route{http.MethodGet, pattern, public(func(w http.ResponseWriter, r *http.Request) error {
			page, fragment := show(h.page(w, r, ""))
			return h.render(w, r, http.StatusOK, page, fragment)
		}), ""})
	}
	return table
}

// mux registers the routes and answers what none of them matches with pages of our own.
func (h *Handlers) mux() http.Handler {
	mux := http.NewServeMux()
	for _, route := range h.routes() {
		handler := h.handle(route.serves.adapt(h))
		if !isSafe(route.method) {
			handler = h.guardChange(formLimit(route), handler)
		}
		if route.audited != "" {
			handler = h.audit(route.audited, handler)
		}
		if take := h.take(route); take != nil {
			handler = h.spend(take, handler)
		}
		if route.pattern == views.PatternTokenRevoke || route.pattern == views.PatternUnused {
			handler = insist(handler)
		}
		handler = onRoute(route, handler)
		// With its base in the pattern, so that the mux's own redirects stay below it.
		mux.Handle(route.method+" "+h.urls.Base+route.pattern, handler)
	}
	mux.Handle(http.MethodHead+" "+h.urls.Callback(), h.handle(h.callbackHead)) // as GET it would sign in
	return h.checkHost(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, pattern := mux.Handler(r); pattern == "" {
			h.unmatched(w, r, mux)
			return
		}
		mux.ServeHTTP(w, r)
	}))
}

// insist has GitLab asked whatever is known of it: in an incident, a token is to be revoked as soon as
// GitLab can be reached at all.
func insist(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r.WithContext(gitlabapi.Insist(r.Context())))
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
	if _, err := tokenOf(r); !errors.Is(err, errTokenMissing) && !isBrowsing(r) {
		stateOf(r).isProgram = true
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
