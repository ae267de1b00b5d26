package handlers

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/internal/activity"
	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/agentread"
	"gitlab-agent-portal/internal/audit"
	sessions "gitlab-agent-portal/internal/session"
)

// refreshAhead is how long before its end a GitLab token is renewed, so that no request
// starts with a token that ends under way.
const refreshAhead = time.Minute

// session is a signed-in person with a GitLab client bound to that person's own token:
// GitLab decides every right.
type session struct {
	*sessions.Session
	// gitlab is for changes, which go through internal/tokens, and read for everything else.
	gitlab *gitlabapi.Client
	read   *agentread.Reader
	// byToken says that it is a program's, whose token cannot be renewed.
	byToken bool
}

func (h *Handlers) bind(s *sessions.Session) *session {
	gitlab := h.GitLab.WithToken(s.Tokens.Access).For(s.User.ID)
	return &session{Session: s, gitlab: gitlab, read: h.Read.For(gitlab, s.User.ID)}
}

// loadSession returns the request's session, renewed if its GitLab token is about to end, or
// nil for a visitor. It notes the session in the request's state for the page's header.
func (h *Handlers) loadSession(w http.ResponseWriter, r *http.Request) (*session, error) {
	loaded, err := h.Sessions.Load(r.Context(), r)
	if err != nil {
		return nil, fmt.Errorf("loading the session: %w", err)
	}
	if err := h.Sessions.RepairCookie(w, r, loaded); err != nil {
		return nil, fmt.Errorf("setting the session cookie anew: %w", err)
	}
	if loaded == nil {
		return nil, nil
	}
	if !h.OAuth.Grants(loaded.Tokens.Scope) {
		return nil, h.endOtherScope(w, r, loaded)
	}
	Recognised(r)
	stateOf(r).person = loaded.User
	s := h.bind(loaded)
	if loaded.Tokens.ExpiresAt.Sub(h.Now()) < refreshAhead {
		if s, err = h.renewAhead(r, s); err != nil {
			return nil, err
		}
	}
	stateOf(r).session = s
	return s, nil
}

// endOtherScope ends a session that GitLab granted another scope than the one that is configured, as
// the operator has changed it since: the person signs in again, and is asked for the new one.
func (h *Handlers) endOtherScope(w http.ResponseWriter, r *http.Request, loaded *sessions.Session) error {
	h.Log.InfoContext(r.Context(), "a session was ended: its scope is not the configured one", "scope", loaded.Tokens.Scope)
	return h.endSession(w, r)
}

// renewAhead renews a token that is about to end. While the old one still works, a failing
// GitLab is no reason to refuse the request.
func (h *Handlers) renewAhead(r *http.Request, s *session) (*session, error) {
	renewed, err := h.renew(r, s)
	var ended *sessionEndedError
	if err != nil && !errors.As(err, &ended) && s.Tokens.ExpiresAt.After(h.Now()) {
		h.Log.Log(r.Context(), classify(err, false).level, "renewing a GitLab token ahead of its end", "error", err, "settings", wrongSettings(err))
		return s, nil
	}
	return renewed, err
}

// renew returns the session with another token than the one of s, which GitLab refused or which
// is about to end. Whatever was renewed elsewhere in the meantime is taken as it is. A session
// ends only if GitLab says that its grant is over, whatever GitLab said of the token.
func (h *Handlers) renew(r *http.Request, s *session) (*session, error) {
	renewed, err := h.refreshSession(r.Context(), s, h.event(r, activity.Refresh))
	if err != nil {
		return nil, h.ended(r, s, err)
	}
	stateOf(r).session = renewed
	return renewed, nil
}

// refreshSession is renew for what outlives a request. event is the row of the audit for a
// renewal that fails.
func (h *Handlers) refreshSession(ctx context.Context, s *session, event audit.Event) (*session, error) {
	if s.byToken {
		return nil, errTokenRefused
	}
	renewed, err := h.Sessions.Refresh(ctx, s.ID, s.Version, h.auditRefresh(event, func(ctx context.Context, current gitlabapi.TokenPair) (gitlabapi.TokenPair, error) {
		pair, err := h.OAuth.Refresh(ctx, current.Refresh)
		h.refreshed(err)
		return pair, err
	}))
	switch {
	case errors.Is(err, sessions.ErrGone):
		return nil, &sessionEndedError{cause: err}
	case errors.Is(err, gitlabapi.ErrInvalidGrant):
		return nil, h.removeSession(ctx, s, err)
	case errors.Is(err, gitlabapi.ErrTimeout): // for whom it was not too long before
		return nil, fmt.Errorf("renewing the GitLab token: %w", errors.Join(sessions.ErrBusy, err))
	case err != nil:
		return nil, fmt.Errorf("renewing the GitLab token: %w", err)
	}
	return h.bind(renewed), nil
}

// RefreshResult is how a renewal of GitLab tokens ended.
type RefreshResult string

// The results of a renewal. Only a refusal ends the session.
const (
	RefreshOK      RefreshResult = "ok"
	RefreshRefused RefreshResult = "refused" // invalid_grant
	RefreshFailed  RefreshResult = "failed"  // no usable answer
)

// refreshed tells the observer how a renewal ended.
func (h *Handlers) refreshed(err error) {
	if h.Refreshed == nil {
		return
	}
	switch {
	case err == nil:
		h.Refreshed(RefreshOK)
	case errors.Is(err, gitlabapi.ErrInvalidGrant):
		h.Refreshed(RefreshRefused)
	default:
		h.Refreshed(RefreshFailed)
	}
}

// ended forgets what was kept for a session, if err says that it is over.
func (h *Handlers) ended(r *http.Request, s *session, err error) error {
	if _, over := errors.AsType[*sessionEndedError](err); over {
		stateOf(r).session = nil
		h.Fleet.DropSession(s.ID)
	}
	return err
}

// removeSession deletes a session that GitLab no longer honours, unless it has got another token
// meanwhile: then the request only has to be sent once more. It returns what to tell the person.
func (h *Handlers) removeSession(ctx context.Context, s *session, cause error) error {
	ended, err := h.Sessions.End(context.WithoutCancel(ctx), s.ID, s.Version)
	if err == nil && !ended {
		return errSessionRenewed.because(cause)
	}
	if err != nil {
		cause = errors.Join(cause, fmt.Errorf("ending the session: %w", err))
	}
	return &sessionEndedError{cause: cause}
}

// sessionEndedError says that the person has to sign in again.
type sessionEndedError struct{ cause error }

func (e *sessionEndedError) Error() string { return "the session ended: " + e.cause.Error() }
func (e *sessionEndedError) Unwrap() error { return e.cause }

// askToSignIn sends a visitor who asked for a page to GitLab and back to it. What was typed
// into a form cannot survive that, so a form gets a page that says so instead.
func (h *Handlers) askToSignIn(w http.ResponseWriter, r *http.Request) error {
	if !isSafe(r.Method) {
		return errNotSignedIn
	}
	if isPoll(r) {
		return errNotSignedIn // nobody asked: what is open stays open
	}
	if isHTMX(r) {
		w.Header().Set("HX-Redirect", h.urls.Login(h.currentPage(r)))
		return nil
	}
	http.Redirect(w, r, h.urls.Login(h.currentPage(r)), http.StatusSeeOther) //nolint:gosec // the sign-in address is ours
	return nil
}

// currentPage is the address of the page that the person is looking at, which for a fragment
// or a form is not the address that was asked for.
func (h *Handlers) currentPage(r *http.Request) string {
	switch r.URL.Path {
	case h.urls.Callback():
		return h.urls.Home() // it works once, and its query holds a code
	case h.urls.FleetProgress(agent.ScopeMine):
		if !isHTMX(r) {
			return h.urls.Home() // parts of the first page
		}
	}
	if isSafe(r.Method) && !isHTMX(r) {
		return r.URL.RequestURI()
	}
	shown := r.Header.Get("HX-Current-URL")
	if shown == "" {
		shown = r.Referer()
	}
	u, err := url.Parse(shown)
	if err != nil {
		return h.urls.Home()
	}
	return h.ownPath(u.RequestURI())
}
