package handlers

import (
	"errors"
	"fmt"
	"net/http"

	"gitlab-agent-portal/internal/activity"
	"gitlab-agent-portal/internal/budget"
)

// take returns what a request to the route takes from an allowance before anything else is done for
// it, so that a refusal costs nothing and leaves no row; nil for nothing. Pages have their share of
// the calls to GitLab instead.
func (h *Handlers) take(route route) func(r *http.Request) error {
	switch {
	case route.audited == activity.SignIn:
		return h.takeSignIn
	case !isSafe(route.method):
		return h.takePost
	default:
		return nil
	}
}

// spend takes from an allowance before next is served.
func (h *Handlers) spend(take func(r *http.Request) error, next http.Handler) http.Handler {
	return h.handle(func(w http.ResponseWriter, r *http.Request) error {
		if err := take(r); err != nil {
			return err
		}
		next.ServeHTTP(w, r)
		return nil
	})
}

// inTurn makes a page once it is its turn among the person's: who opens a hundred tabs waits for their
// own, and nobody else does. A change never waits.
func (h *Handlers) inTurn(handle signedIn) signedIn {
	return func(w http.ResponseWriter, r *http.Request, s *session) error {
		if !isSafe(r.Method) {
			return handle(w, r, s)
		}
		done, err := h.Requests.Pages.Take(r.Context(), s.User.ID)
		switch spent := (*budget.SpentError)(nil); {
		case errors.As(err, &spent):
			return errTooManyPages.because(err)
		case err != nil:
			return fmt.Errorf("waiting for the page's turn: %w", err)
		}
		defer done()
		return handle(w, r, s)
	}
}

// takePost takes a POST from the person's allowance, or from that of a visitor's address. Who has
// signed in never pays for their address, which may be an office's or a proxy's.
func (h *Handlers) takePost(r *http.Request) error {
	loaded, err := h.Sessions.Load(r.Context(), r)
	switch {
	case err != nil:
		return nil //nolint:nilerr // it cannot be read: whoever needs it will say so
	case loaded != nil:
		err = h.Requests.People.Take(loaded.User.ID)
	default:
		err = h.Requests.Visitors.Take(budget.Network(h.clientAddress(r)))
	}
	if err != nil {
		return errTooManyRequests.because(err)
	}
	return nil
}

// takeSignIn takes a visitor's return from GitLab from the allowance of their address: its code
// would be exchanged at GitLab, and anybody can make one up.
func (h *Handlers) takeSignIn(r *http.Request) error {
	if loaded, err := h.Sessions.Load(r.Context(), r); err == nil && loaded != nil {
		return nil
	}
	if err := h.Requests.SignIns.Take(budget.Network(h.clientAddress(r))); err != nil {
		return errTooManySignIns.because(err)
	}
	return nil
}
