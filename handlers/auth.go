package handlers

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	"gitlab-agent-portal/gitlabapi"
	sessions "gitlab-agent-portal/internal/session"
)

const (
	// signInLifetime is how long a person may take to sign in at GitLab.
	signInLifetime = 10 * time.Minute
	// maxNext is how long the address to return to may be, so that it fits into the cookie of
	// the sign-in. The portal's own are far shorter.
	maxNext = 1024
)

// attempt is one sign-in under way. It waits in a sealed cookie of its own, so that sign-ins
// in two tabs do not disturb each other, and binds the OAuth state to this browser.
type attempt struct {
	State    string    `json:"s"`
	Verifier string    `json:"v"`
	Next     string    `json:"n"`
	Expires  time.Time `json:"e"`
}

// attemptCookie names the cookie of the attempt with the given state.
func (h *Handlers) attemptCookie(state string) string {
	sum := sha256.Sum256([]byte(state))
	return h.Cookie.Name + "-signin-" + hex.EncodeToString(sum[:6])
}

// login sends the person to GitLab.
func (h *Handlers) login(w http.ResponseWriter, r *http.Request) error {
	a := attempt{
		State: rand.Text(), Verifier: gitlabapi.NewVerifier(),
		Next: h.ownPath(r.URL.Query().Get("next")), Expires: h.Now().Add(signInLifetime),
	}
	if err := h.setSealed(w, h.attemptCookie(a.State), a, signInLifetime); err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, h.OAuth.AuthCodeURL(a.State, a.Verifier), http.StatusSeeOther)
	return nil
}

// callback receives the person back from GitLab. Whom GitLab refuses is not left in the
// session of whoever signed in here before; a GitLab that gives no answer ends nothing.
func (h *Handlers) callback(w http.ResponseWriter, r *http.Request) error {
	before, err := h.Sessions.Load(r.Context(), r)
	if err != nil {
		return fmt.Errorf("loading the session before: %w", err)
	}
	err = h.finishSignIn(w, r)
	_, restricted := errors.AsType[*signInRestrictedError](err)
	refused := restricted || errors.Is(err, errSignInDenied) || errors.Is(err, errSignInRefused)
	if refused {
		_, ending := h.Sessions.SignOut(r.Context(), w, r)
		err = errors.Join(err, ending)
	}
	if before != nil && (refused || err == nil) {
		h.Fleet.DropSession(before.ID)
	}
	return err
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
	user, err := h.GitLab.WithToken(pair.Access).CurrentUser(r.Context())
	if err != nil {
		return signInFailure(err)
	}
	if why := user.Restriction(); why != gitlabapi.RestrictionNone {
		return &signInRestrictedError{why: why, cause: fmt.Errorf("the account is %.64q", user.State)}
	}
	person := sessions.User{
		ID: user.ID, Username: user.Username, Name: user.Name,
	}
	if err := h.beginSignIn(r, person); err != nil {
		return err
	}
	if _, err := h.Sessions.SignIn(r.Context(), w, r, sessions.SignIn{User: person, Tokens: pair}); err != nil {
		return fmt.Errorf("starting the session: %w", err)
	}
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, a.Next, http.StatusSeeOther)
	return nil
}

// takeAttempt returns the attempt that state belongs to, once. The cookie proves that the
// sign-in began in this browser, the used state that it was not completed before.
func (h *Handlers) takeAttempt(w http.ResponseWriter, r *http.Request, state string) (attempt, error) {
	var a attempt
	if state == "" || !h.takeSealed(w, r, h.attemptCookie(state), &a) {
		return a, errSignInState
	}
	if subtle.ConstantTimeCompare([]byte(a.State), []byte(state)) != 1 || h.Now().After(a.Expires) {
		return a, errSignInState
	}
	first, err := h.Nonces.Use(r.Context(), "state "+state, a.Expires)
	if err != nil {
		return a, fmt.Errorf("using up the sign-in state: %w", err)
	}
	if !first {
		return a, errSignInState
	}
	return a, nil
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
	current, err := h.Sessions.Load(r.Context(), r)
	if err != nil {
		return fmt.Errorf("loading the session: %w", err)
	}
	if current != nil {
		stateOf(r).person = current.User
		if err := h.checkOwnForm(r, current.ID); err != nil {
			return err
		}
	}
	ended, err := h.Sessions.SignOut(r.Context(), w, r)
	if err != nil {
		return fmt.Errorf("ending the session: %w", err)
	}
	if ended != nil {
		h.Fleet.DropSession(ended.ID)
		h.Revocations.Revoke(r.Context(), ended.Tokens.Refresh)
	}
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
	if !strings.HasPrefix(u.Path, h.urls.Base+"/") {
		return h.urls.Home()
	}
	own := url.URL{Path: u.Path, RawQuery: u.Query().Encode()}
	if address := own.String(); len(address) <= maxNext {
		return address
	}
	return h.urls.Home()
}
