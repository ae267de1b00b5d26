package handlers

import (
	"errors"
	"net/http"
	"strings"

	"gitlab-agent-portal/gitlabapi"
)

// exported is lasting for an export that programs ask for too, with a token of GitLab's in place of a
// session. It can only be read: the type is for GET, and no other type looks at a token.
//
// A session comes first, and a token beside it is not looked at. What a browser sends along is not its
// person's choice: a proxy in front of the portal may add a Bearer token of its own to every request, which
// must neither take the session's place nor be sent to GitLab. So it is with a browser that has no
// session: it is shown the way to sign in, as ever.
type exported signedIn

// varyByCaller is what an answer depends on beside its address. It is not stored either; this is for
// whatever does not heed that.
const varyByCaller = "Authorization, PRIVATE-TOKEN, Cookie"

func (handle exported) adapt(h *Handlers) public {
	serve := h.forPerson(signedIn(handle), h.forToken(signedIn(handle)))
	return func(w http.ResponseWriter, r *http.Request) error {
		w.Header().Add("Vary", varyByCaller)
		return serve(w, r)
	}
}

// isBrowsing reports whether a browser has sent the request. All of them say so in one of these ways, and
// no page can make them say otherwise.
func isBrowsing(r *http.Request) bool {
	return r.Header.Get("Sec-Fetch-Site") != "" || strings.Contains(r.Header.Get("Accept"), "text/html")
}

// forToken serves handle to who has no session but a token, and tells them in JSON what is wrong.
func (h *Handlers) forToken(handle signedIn) public {
	return func(w http.ResponseWriter, r *http.Request) error {
		if isBrowsing(r) {
			return h.askToSignIn(w, r)
		}
		stateOf(r).isProgram = true
		s, err := h.callerOf(r)
		if err != nil {
			return err
		}
		Recognised(r)
		stateOf(r).session, stateOf(r).person = s, s.User
		// Unlike a browser's download, it takes a turn: who asks in a loop waits for their own.
		return h.whyRefused(r, s, h.inTurn(handle)(w, r, s))
	}
}

// whyRefused is err, or what is wrong with the token if GitLab has not accepted it. GraphQL has one answer
// for a token that is over and for one of too small a scope, so that GitLab is asked about the token itself.
func (h *Handlers) whyRefused(r *http.Request, s *session, err error) error {
	switch {
	case errors.Is(err, gitlabapi.ErrInsufficientScope):
		return errTokenScope.because(err)
	case !errors.Is(err, gitlabapi.ErrUnauthorized) && !errors.Is(err, errTokenRefused):
		return err
	}
	if _, asking := h.ownerOf(r.Context(), s.Tokens.Access, s.User.ID); asking != nil {
		return asking
	}
	return errTokenScope.because(err)
}
