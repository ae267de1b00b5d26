package handlers

import (
	"errors"
	"net/http"
	"os"
	"strings"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/views"
)

// adaptable is what a route can serve. Its type says who may call it.
type adaptable interface {
	adapt(h *Handlers) public
}

// public is a handler that needs no session.
type public func(w http.ResponseWriter, r *http.Request) error

// signedIn is a handler that needs a session, and receives it as an argument: the type is the
// proof of authentication. Visitors without one are sent to sign in.
type signedIn func(w http.ResponseWriter, r *http.Request, s *session) error

// lasting is signedIn for an answer that lasts as long as somebody reads it, and so takes none of the
// person's turns.
type lasting signedIn

// keeping is signedIn for a change of what the portal itself keeps, of which GitLab learns nothing: one
// that only reads GitLab makes it too.
type keeping signedIn

// signedInOr is signedIn with a page in its place for visitors. A part of the page is not for them:
// it would be put into the page of somebody whose session has ended.
type signedInOr struct {
	signedIn
	visitor public
}

func (handle public) adapt(*Handlers) public { return handle }

func (handle signedIn) adapt(h *Handlers) public {
	return signedInOr{handle, h.askToSignIn}.adapt(h)
}

func (handle lasting) adapt(h *Handlers) public {
	return h.forPerson(signedIn(handle), h.askToSignIn)
}

func (handle keeping) adapt(h *Handlers) public {
	return h.forPerson(signedIn(handle), h.askToSignIn)
}

func (handle signedInOr) adapt(h *Handlers) public {
	return h.forPerson(h.unlessReadOnly(h.inTurn(handle.signedIn)), handle.visitor)
}

// unlessReadOnly refuses changes of a portal that only reads.
func (h *Handlers) unlessReadOnly(handle signedIn) signedIn {
	return func(w http.ResponseWriter, r *http.Request, s *session) error {
		if h.ReadOnly && !isSafe(r.Method) {
			return errReadOnlyPortal
		}
		return handle(w, r, s)
	}
}

// forPerson serves handle to who has signed in, and visitor to others.
func (h *Handlers) forPerson(handle signedIn, visitor public) public {
	return func(w http.ResponseWriter, r *http.Request) error {
		s, err := h.loadSession(w, r)
		switch {
		case err != nil:
			return err
		case s != nil:
			return h.serveSignedIn(w, r, s, handle)
		case isHTMX(r):
			return h.askToSignIn(w, r)
		default:
			return visitor(w, r)
		}
	}
}

// handle turns a handler's error into a response.
func (h *Handlers) handle(handle public) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := handle(w, r); err != nil {
			h.fail(w, r, err)
		}
	})
}

// serveSignedIn answers a request of a person who has signed in.
func (h *Handlers) serveSignedIn(w http.ResponseWriter, r *http.Request, s *session, handle signedIn) error {
	err := handle(w, r, s)
	if errors.Is(err, gitlabapi.ErrUnauthorized) {
		return h.afterUnauthorized(w, r, s, handle)
	}
	return err
}

// afterUnauthorized renews a session whose GitLab token was refused. A read is repeated once
// with the renewed token; a change is not, so that nothing is ever sent twice.
func (h *Handlers) afterUnauthorized(w http.ResponseWriter, r *http.Request, s *session, handle signedIn) error {
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
	// maxConfigFormBytes is for a form with two configuration files, of which every byte takes three.
	maxConfigFormBytes = 896 << 10
)

// formLimit is how large a form of the route is read, in bytes.
func formLimit(route route) int64 {
	if route.pattern == views.PatternConfigEdit || route.pattern == views.PatternConfigCheck {
		return maxConfigFormBytes
	}
	return maxFormBytes
}

// guardChange adds to a route that changes something what every such route needs: protection
// against cross-site requests, and a bound on what is read.
func (h *Handlers) guardChange(limit int64, next http.Handler) http.Handler {
	return h.handle(func(w http.ResponseWriter, r *http.Request) error {
		if err := h.crossOrigin.Check(r); err != nil {
			return errCrossSite.because(err)
		}
		if h.isDowngraded(r) {
			return errCrossSite
		}
		r.Body = http.MaxBytesReader(w, r.Body, limit)
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
	case errors.Is(err, os.ErrDeadlineExceeded): // the server's time for reading a request
		return errFormStalled.because(err)
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
