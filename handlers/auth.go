package handlers

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"strings"

	"gitlab-agent-portal/gitlabapi"
	sessions "gitlab-agent-portal/internal/session"
)

// login sends the person to GitLab.
func (h *Handlers) login(w http.ResponseWriter, r *http.Request) error {
	if mode := r.Header.Get("Sec-Fetch-Mode"); mode != "" && mode != "navigate" {
		return errNoNavigation
	}
	a := attempt{
		State: rand.Text(), Verifier: gitlabapi.NewVerifier(),
		Next: h.ownPath(r.URL.Query().Get("next")), Expires: h.Now().Add(signInLifetime),
	}
	if err := h.keepAttempt(w, r, a); err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, h.OAuth.AuthCodeURL(a.State, a.Verifier), http.StatusSeeOther)
	return nil
}

// callback receives the person back from GitLab. Whom GitLab refuses is not left in the
// session of whoever signed in here before; a GitLab that gives no answer ends nothing. Of several
// tabs that were to sign in, the others find that the first one did.
func (h *Handlers) callback(w http.ResponseWriter, r *http.Request) error {
	before, err := h.Sessions.Load(r.Context(), r)
	if err != nil {
		return fmt.Errorf("loading the session before: %w", err)
	}
	err = h.finishSignIn(w, r)
	if before != nil && errors.Is(err, errNoAttempt) {
		stateOf(r).audited = true
		http.Redirect(w, r, h.urls.Home(), http.StatusSeeOther)
		return nil
	}
	_, restricted := errors.AsType[*signInRestrictedError](err)
	refused := restricted || errors.Is(err, errSignInDenied) || errors.Is(err, errSignInRefused) || errors.Is(err, errSignInScope)
	if refused {
		err = errors.Join(err, h.endSession(w, r))
	}
	if before != nil && err == nil {
		h.Fleet.DropSession(before.ID)
	}
	return err
}

// callbackHead refuses to complete a sign-in for whoever does not want its page.
func (h *Handlers) callbackHead(w http.ResponseWriter, _ *http.Request) error {
	w.Header().Set("Allow", http.MethodGet)
	return errMethodNotAllowed
}

// endSession ends the request's session, if it has one, here and at GitLab.
func (h *Handlers) endSession(w http.ResponseWriter, r *http.Request) error {
	ended, err := h.Sessions.SignOut(r.Context(), w, r)
	if err != nil {
		return fmt.Errorf("ending the session: %w", err)
	}
	if ended != nil {
		h.Fleet.DropSession(ended.ID)
		h.Revocations.Revoke(r.Context(), ended.Tokens)
	}
	return nil
}

// finishSignIn starts the session that the callback's code and state stand for.
func (h *Handlers) finishSignIn(w http.ResponseWriter, r *http.Request) error {
	query := r.URL.Query()
	a, err := h.takeAttempt(w, r, query.Get("state"))
	if err != nil {
		return err
	}
	if refusal := query.Get("error"); refusal != "" {
		return refusedAttempt(refusal)
	}
	pair, err := h.OAuth.Exchange(r.Context(), query.Get("code"), a.Verifier)
	if err != nil {
		return signInFailure(err)
	}
	if err := h.startSession(w, r, pair); err != nil {
		h.Revocations.Revoke(r.Context(), pair) // nobody else will ever have it
		return err
	}
	h.clearAttempts(w, r)
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, a.Next, http.StatusSeeOther)
	return nil
}

// startSession starts the session of whoever the tokens belong to, in place of the one before.
func (h *Handlers) startSession(w http.ResponseWriter, r *http.Request, pair gitlabapi.TokenPair) error {
	if !h.OAuth.Grants(pair.Scope) {
		return errSignInScope.because(fmt.Errorf("GitLab granted the scope %.64q", pair.Scope))
	}
	user, err := h.GitLab.WithToken(pair.Access).CurrentUser(r.Context())
	if err != nil {
		return signInFailure(err)
	}
	if why := user.Restriction(); why != gitlabapi.RestrictionNone {
		return &signInRestrictedError{why: why, cause: fmt.Errorf("the account is %.64q", user.State)}
	}
	person := sessions.User{ID: user.ID, Username: user.Username, Name: user.Name}
	if err := h.beginSignIn(r, person); err != nil {
		return err
	}
	_, replaced, err := h.Sessions.SignIn(r.Context(), w, r, sessions.SignIn{User: person, Tokens: pair})
	if replaced != nil {
		h.Revocations.Revoke(r.Context(), replaced.Tokens)
	}
	if err != nil {
		return fmt.Errorf("starting the session: %w", err)
	}
	return nil
}

// refusedAttempt is what the error in a callback's address means (RFC 6749 §4.1.2.1).
func refusedAttempt(code string) error {
	cause := fmt.Errorf("GitLab answered %.64q", code)
	switch code {
	case "access_denied":
		return errSignInDenied
	case "invalid_scope", "unauthorized_client", "invalid_client", "unsupported_response_type":
		return errSettings.because(cause)
	default:
		return errSignInRefused.because(cause)
	}
}

// wrongSettings names what the operator has to look at, empty where the settings are not to blame.
func wrongSettings(err error) string {
	var refused *httpError
	switch {
	case errors.Is(err, gitlabapi.ErrInvalidClient):
		return "GITLAB_CLIENT_ID, GITLAB_CLIENT_SECRET"
	case errors.As(err, &refused) && refused.id == errSettings.id:
		return "GITLAB_CLIENT_ID, GITLAB_SCOPE"
	default:
		return ""
	}
}

// signInFailure keeps a GitLab that refused the person apart from one that is down or that does not
// know the portal.
func signInFailure(err error) error {
	if why := gitlabapi.RestrictionOf(err); why != gitlabapi.RestrictionNone {
		return &signInRestrictedError{why: why, cause: err}
	}
	if gitlabapi.Refused(err) && !errors.Is(err, gitlabapi.ErrRateLimited) && !errors.Is(err, gitlabapi.ErrInvalidClient) {
		return errSignInRefused.because(err)
	}
	return fmt.Errorf("signing in: %w", err)
}

// signInRestrictedError says why GitLab lets nobody in with this account.
type signInRestrictedError struct {
	why   gitlabapi.Restriction
	cause error
}

func (e *signInRestrictedError) Error() string { return "signing in: " + e.cause.Error() }
func (e *signInRestrictedError) Unwrap() error { return e.cause }

// logout ends the session here first, and at GitLab as far as it can be reached soon: signing out
// must not depend on another system.
func (h *Handlers) logout(w http.ResponseWriter, r *http.Request) error {
	if _, err := h.sender(r); err != nil {
		return err
	}
	return h.leave(w, r)
}

// sender returns the session whose own form r is, and nil for a visitor. It needs no GitLab, whose
// tokens may be over.
func (h *Handlers) sender(r *http.Request) (*sessions.Session, error) {
	current, err := h.Sessions.Load(r.Context(), r)
	if err != nil {
		return nil, fmt.Errorf("loading the session: %w", err)
	}
	if current != nil {
		stateOf(r).person = current.User
		if err := h.checkOwnForm(r, current.ID); err != nil {
			return nil, err
		}
	}
	return current, nil
}

// leave ends the request's session and wipes what the browser keeps of it.
func (h *Handlers) leave(w http.ResponseWriter, r *http.Request) error {
	if err := h.endSession(w, r); err != nil {
		return err
	}
	h.clearCookie(w, h.Cookie.Name+markCookie)
	if h.Cookie.Path == "/" {
		w.Header().Set("Clear-Site-Data", `"cache", "storage"`)
	}
	h.redirect(w, r, h.urls.Home())
	return nil
}

// ownPath returns next if it is a path of the portal in its plainest form, and the first page
// otherwise. Browsers read backslashes, control characters and doubled slashes as other hosts,
// so nothing that could be read in two ways passes.
func (h *Handlers) ownPath(next string) string {
	u, err := url.Parse(next)
	if err != nil || u.Scheme != "" || u.Opaque != "" || u.Host != "" || u.User != nil || u.Fragment != "" {
		return h.urls.Home()
	}
	plain := func(c rune) bool { return c > ' ' && c != 0x7f && c != '\\' && c != '%' }
	isPlain := strings.IndexFunc(u.Path, func(c rune) bool { return !plain(c) }) < 0
	if !isPlain || path.Clean(u.Path) != strings.TrimSuffix(u.Path, "/") && u.Path != "/" {
		return h.urls.Home()
	}
	isSigningIn := strings.HasPrefix(u.Path, path.Dir(h.urls.Callback())+"/") // which leads nowhere by itself
	if !strings.HasPrefix(u.Path, h.urls.Base+"/") || isSigningIn {
		return h.urls.Home()
	}
	own := url.URL{Path: u.Path, RawQuery: u.Query().Encode()}
	if address := own.String(); len(address) <= maxNext {
		return address
	}
	return h.urls.Home()
}
