package handlers

import (
	"errors"
	"net/http"
	"strings"

	"gitlab-agent-portal/gitlabapi"
)

type publicHandler func(w http.ResponseWriter, r *http.Request) error

// signedInHandler receives the session as an argument: the type is the proof of authentication.
type signedInHandler func(w http.ResponseWriter, r *http.Request, s *session) error

// public adapts a handler that needs no session.
func (h *Handlers) public(handle publicHandler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := handle(w, r); err != nil {
			h.fail(w, r, err)
		}
	})
}

// signedIn adapts a handler that needs a session, and sends visitors without one to sign in.
func (h *Handlers) signedIn(handle signedInHandler) http.Handler {
	return h.public(func(w http.ResponseWriter, r *http.Request) error {
		s, err := h.loadSession(w, r)
		if err != nil {
			return err
		}
		if s == nil {
			return h.askToSignIn(w, r)
		}
		return h.serveSignedIn(w, r, s, handle)
	})
}

// serveSignedIn answers a request of a person who has signed in.
func (h *Handlers) serveSignedIn(w http.ResponseWriter, r *http.Request, s *session, handle signedInHandler) error {
	if h.ReadOnly && !isSafe(r.Method) {
		return errReadOnlyPortal
	}
	err := handle(w, r, s)
	if errors.Is(err, gitlabapi.ErrUnauthorized) {
		return h.afterUnauthorized(w, r, s, handle)
	}
	return err
}

// afterUnauthorized renews a session whose GitLab token was refused. A read is repeated once
// with the renewed token; a change is not, so that nothing is ever sent twice.
func (h *Handlers) afterUnauthorized(w http.ResponseWriter, r *http.Request, s *session, handle signedInHandler) error {
	renewed, err := h.renew(r, s)
	if err != nil {
		return err
	}
	if !isSafe(r.Method) {
		return errSessionRenewed
	}
	err = handle(w, r, renewed)
	if !errors.Is(err, gitlabapi.ErrUnauthorized) {
		return err
	}
	// A GitLab that refuses a token which it has just given may be confused, so it is asked
	// about the grant itself. Only its answer to that ends a session.
	if _, ended := h.renew(r, renewed); ended != nil {
		return ended
	}
	return errSessionRenewed.because(err)
}

const (
	maxFormBytes  = 64 << 10
	maxFormFields = 100
)

// guardChange adds to a route that changes something what every such route needs: protection
// against cross-site requests, and a bound on what is read.
func (h *Handlers) guardChange(next http.Handler) http.Handler {
	return h.public(func(w http.ResponseWriter, r *http.Request) error {
		if err := h.crossOrigin.Check(r); err != nil {
			return errCrossSite.because(err)
		}
		if h.isDowngraded(r) {
			return errCrossSite
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxFormBytes)
		if err := parseForm(r); err != nil {
			return err
		}
		next.ServeHTTP(w, r)
		return nil
	})
}

// isDowngraded reports whether the request comes from a page over plain http, although the
// portal lives on https. http.CrossOriginProtection compares hosts only, since behind a proxy
// it cannot know the scheme; somebody on the way may have written such a page.
func (h *Handlers) isDowngraded(r *http.Request) bool {
	return h.PublicURL.Scheme == "https" && strings.HasPrefix(r.Header.Get("Origin"), "http:")
}

// parseForm reads the form once, so that every handler finds it read and bounded.
func parseForm(r *http.Request) error {
	var tooLarge *http.MaxBytesError
	switch err := r.ParseForm(); {
	case errors.As(err, &tooLarge):
		return errFormTooLarge.because(err)
	case err != nil:
		return errFormUnreadable.because(err)
	case fieldsOf(r) > maxFormFields:
		return errFormUnreadable
	}
	return nil
}

// fieldsOf counts every value of the form: one name may come any number of times.
func fieldsOf(r *http.Request) int {
	n := 0
	for _, values := range r.PostForm {
		n += len(values)
	}
	return n
}
