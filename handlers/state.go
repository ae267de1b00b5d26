package handlers

import (
	"context"
	"net/http"
	"time"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/internal/activity"
	"gitlab-agent-portal/internal/audit"
	"gitlab-agent-portal/internal/i18n"
	sessions "gitlab-agent-portal/internal/session"
)

// requestState is what the parts of one request tell each other: the outer middleware makes
// it, the adapters fill it, the error page and the access log read it.
type requestState struct {
	// id is in the log line, in the X-Request-Id header and on error pages.
	id string
	// route is the pattern of the request's line in the table of routes.
	route string
	// traceID is the W3C trace that the request belongs to; empty for none.
	traceID string
	started time.Time
	// gitlab adds up the calls that the request makes.
	gitlab  gitlabapi.Meter
	printer *i18n.Printer
	session *session
	// isProgram says that errors are told in JSON.
	isProgram bool
	// person is who acts, also when their session has ended meanwhile.
	person sessions.User
	// shown is what GitLab has shown the person of what the request is about.
	shown audit.Target
	// isSigningIn says that the request ends a sign-in that began here, in this browser.
	isSigningIn bool
	// audited says that the request's row of the audit is not to be written around it: internal/tokens
	// writes it, or there was nothing to do.
	audited bool
	// auditRow is the row that was begun for the request; 0 for none.
	auditRow int64
	// outcome of the request where its status alone does not tell.
	outcome activity.Outcome
	// err is what the handler failed with, for the one log line of the request.
	err error
}

type stateKey struct{}

type recognisedKey struct{}

// WithRecognised returns a connection's context for which seen is called with every request that
// comes with a session.
func WithRecognised(ctx context.Context, seen func()) context.Context {
	return context.WithValue(ctx, recognisedKey{}, seen)
}

// Recognised tells the connection that somebody came over it with a session.
func Recognised(r *http.Request) {
	if seen, ok := r.Context().Value(recognisedKey{}).(func()); ok {
		seen()
	}
}

// withState returns r carrying a new state in the person's language.
func (h *Handlers) withState(r *http.Request) (*http.Request, *requestState) {
	trace := h.traceOf(r)
	state := &requestState{id: trace.RequestID, traceID: traceID(trace), route: noRoute, started: h.Now(), printer: h.printerIn(h.language(r))}
	ctx := gitlabapi.WithMeter(context.WithValue(r.Context(), stateKey{}, state), &state.gitlab)
	return r.WithContext(gitlabapi.WithTrace(ctx, trace)), state
}

// printerIn speaks lang, and calls the instance by its own name.
func (h *Handlers) printerIn(lang i18n.Lang) *i18n.Printer {
	if h.JiHu {
		return i18n.For(lang).JiHu()
	}
	return i18n.For(lang)
}

// stateOf returns the request's state. Every request passes the middleware that sets it.
func stateOf(r *http.Request) *requestState {
	return r.Context().Value(stateKey{}).(*requestState)
}

// printer returns the catalogue of the person's language.
func printer(r *http.Request) *i18n.Printer { return stateOf(r).printer }
