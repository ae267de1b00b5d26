package gitlabapi

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/oauth2"
)

// defaultLife is how long GitLab's access tokens live, for an answer that leaves
// expires_in out.
const defaultLife = 2 * time.Hour

// OAuthConfig is the portal's application in GitLab.
type OAuthConfig struct {
	ClientID     string
	ClientSecret Secret
	RedirectURL  string // exactly as registered
	Scope        string // "api" or "read_api"
}

// TokenPair is what a sign-in or a refresh yields.
type TokenPair struct {
	Access, Refresh Secret
	ExpiresAt       time.Time // by our clock, counted from before the request
	Scope           string    // as granted
}

// OAuth signs people in
// (https://docs.gitlab.com/api/oauth2/#authorization-code-with-proof-key-for-code-exchange-pkce).
// Its failures are ErrInvalidGrant, which ends a session, and ErrRateLimited,
// ErrInvalidClient or ErrUnavailable, which do not: also a wrong client secret is
// nothing that the person could heal by signing in again.
type OAuth struct {
	client *Client // without a token
	cfg    OAuthConfig
}

// OAuth returns the instance's sign-in for one application.
func (c *Client) OAuth(cfg OAuthConfig) *OAuth {
	return &OAuth{client: c.WithToken(Secret{}), cfg: cfg}
}

// Instance is a fingerprint of the instance, by the address that browsers know, and the application:
// what is known of people and tokens, and every token, belongs to one such pair.
func (o *OAuth) Instance() string {
	address := o.client.core.address
	sum := sha256.Sum256([]byte(origin(address) + address.EscapedPath() + "\n" + o.cfg.ClientID))
	return hex.EncodeToString(sum[:])
}

// Grants reports whether scope, as GitLab granted it, is what was asked for: no less, and no more,
// which an address that somebody changed on the way could have asked for. GitLab leaves scope out
// of its answer if there is none.
func (o *OAuth) Grants(scope string) bool {
	asked, granted := strings.Fields(o.cfg.Scope), strings.Fields(scope)
	slices.Sort(asked)
	slices.Sort(granted)
	return slices.Equal(slices.Compact(asked), slices.Compact(granted))
}

// NewVerifier makes a PKCE verifier of 256 random bits.
func NewVerifier() string { return oauth2.GenerateVerifier() }

// AuthCodeURL is where the browser goes to sign in. The verifier appears in it
// only as its S256 hash.
func (o *OAuth) AuthCodeURL(state, verifier string) string {
	return o.config().AuthCodeURL(state, oauth2.S256ChallengeOption(verifier))
}

// Exchange swaps the code of a callback for tokens; exactly one POST.
// ErrInvalidGrant when the code was used, has expired or belongs to another
// verifier.
func (o *OAuth) Exchange(ctx context.Context, code, verifier string) (TokenPair, error) {
	r := request{op: "exchange code", signIn: true, secrets: []Secret{NewSecret(code), NewSecret(verifier)}}
	return o.tokens(ctx, r, func(ctx context.Context) (*oauth2.Token, error) {
		return o.config().Exchange(ctx, code, oauth2.VerifierOption(verifier))
	})
}

// Refresh swaps a refresh token for a new pair; exactly one POST, after which the
// old pair is dead. ErrInvalidGrant when the token was used before or revoked.
// After an error with OutcomeUnknown the old refresh token may be dead too.
func (o *OAuth) Refresh(ctx context.Context, refresh Secret) (TokenPair, error) {
	r := request{op: "refresh token", secrets: []Secret{refresh}}
	if refresh.IsZero() {
		return TokenPair{}, &Error{Op: r.op, kind: ErrInvalidGrant, detail: "there is no refresh token"}
	}
	return o.tokens(ctx, r, func(ctx context.Context) (*oauth2.Token, error) {
		return o.config().TokenSource(ctx, &oauth2.Token{RefreshToken: refresh.Reveal()}).Token()
	})
}

// Revoke ends a token and, since GitLab keeps both in one record, its pair. Pass
// the refresh token, if there is one: an access token that has expired is answered
// with success and nothing happens. Revoking a dead token is no error.
func (o *OAuth) Revoke(ctx context.Context, token Secret) error {
	r := request{op: "revoke sign-in", method: http.MethodPost, path: "/oauth/revoke", endsGrant: true}
	r.secrets = []Secret{token, o.cfg.ClientSecret}
	r.form = url.Values{
		"token":         {token.Reveal()},
		"client_id":     {o.cfg.ClientID},
		"client_secret": {o.cfg.ClientSecret.Reveal()},
	}
	_, err := o.client.do(ctx, r, nil)
	if refused, ok := errors.AsType[*Error](err); ok && refused.Status >= 400 && !errors.Is(err, ErrForeign) {
		refused.kind = oauthKind(refused.Status, refused.code)
	}
	return err
}

// config is made anew for each call, so that the library's plain copy of the
// client secret is kept nowhere.
func (o *OAuth) config() *oauth2.Config {
	core := o.client.core
	return &oauth2.Config{
		ClientID:     o.cfg.ClientID,
		ClientSecret: o.cfg.ClientSecret.Reveal(),
		RedirectURL:  o.cfg.RedirectURL,
		Scopes:       strings.Fields(o.cfg.Scope),
		Endpoint: oauth2.Endpoint{
			AuthURL:  core.address.String() + "/oauth/authorize", // the browser goes there
			TokenURL: core.base + "/oauth/token",
			// Fixed: with an unknown style the library repeats a failed POST the
			// other way, and a refresh token works only once.
			AuthStyle: oauth2.AuthStyleInParams,
		},
	}
}

// tokens runs one call of the library over our transport and reads its result.
func (o *OAuth) tokens(ctx context.Context, r request, call func(context.Context) (*oauth2.Token, error)) (TokenPair, error) {
	core := o.client.core
	r.method, r.grant, r.secrets = http.MethodPost, true, append(r.secrets, o.cfg.ClientSecret)
	ctx, cancel := context.WithTimeout(ctx, core.timeouts.Write)
	defer cancel()
	asked := core.now()
	token, err := call(context.WithValue(withAttempt(ctx, o.client.attempt(r)), oauth2.HTTPClient, core.writes))
	if err != nil {
		return TokenPair{}, o.failed(ctx, r, err)
	}
	if !strings.EqualFold(token.Type(), "bearer") {
		return TokenPair{}, o.client.malformed(r, answer{status: http.StatusOK}, "the token is not a bearer token")
	}
	life := time.Duration(token.ExpiresIn) * time.Second
	if life <= 0 {
		life = defaultLife
	}
	scope, _ := token.Extra("scope").(string)
	return TokenPair{
		Access:    NewSecret(token.AccessToken),
		Refresh:   NewSecret(token.RefreshToken),
		ExpiresAt: asked.Add(life),
		Scope:     scope,
	}, nil
}

// failed makes an Error of the library's. Its texts are left out, because they
// quote the whole body.
func (o *OAuth) failed(ctx context.Context, r request, err error) *Error {
	if refusal, ok := errors.AsType[*oauth2.RetrieveError](err); ok {
		return o.refused(r, refusal)
	}
	if _, ok := errors.AsType[*attemptError](err); ok {
		return o.client.failed(ctx, r, err)
	}
	return o.client.malformed(r, answer{status: http.StatusOK}, "there is no token in it")
}

func (o *OAuth) refused(r request, refusal *oauth2.RetrieveError) *Error {
	a := answer{status: refusal.Response.StatusCode, header: refusal.Response.Header, body: refusal.Body}
	if a.status < 300 {
		return o.client.malformed(r, a, "an error in a success")
	}
	e := o.client.refused(r, a)
	if !errors.Is(e, ErrForeign) {
		e.kind = oauthKind(a.status, e.code) // not the library's, which it reads in forms and HTML too
	}
	// Who puts a request off has not begun with it.
	e.unknown = e.unknown && (a.status != http.StatusServiceUnavailable || e.RetryAfter == 0)
	return e
}

// oauthKind is what a refusal of an OAuth endpoint means.
func oauthKind(status int, code string) error {
	switch {
	case status == http.StatusTooManyRequests:
		return ErrRateLimited
	case status >= 400 && status <= 499 && code == "invalid_grant":
		return ErrInvalidGrant
	case status >= 400 && status <= 499 && (code == "invalid_client" || code == "unauthorized_client"):
		return ErrInvalidClient
	default:
		return ErrUnavailable
	}
}
