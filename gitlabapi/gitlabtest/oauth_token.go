package gitlabtest

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"slices"
	"strings"
	"time"
)

// oauthTokenBody is Doorkeeper's token_response.rb.
type oauthTokenBody struct {
	AccessToken  string `json:"access_token"`
	TokenType    string `json:"token_type"`
	ExpiresIn    int    `json:"expires_in"`
	RefreshToken string `json:"refresh_token"`
	Scope        string `json:"scope,omitempty"`
	CreatedAt    int64  `json:"created_at"`
}

// oauthGrant is POST /oauth/token.
func oauthGrant(c *call) (Answer, error) {
	switch c.values.text("grant_type") {
	case "":
		return Answer{}, errMissingParameter("grant_type")
	case "authorization_code":
		return exchangeCode(c)
	case "refresh_token":
		return refreshToken(c)
	default:
		return Answer{}, refuseOAuth(http.StatusBadRequest, "unsupported_grant_type",
			"The authorization grant type is not supported by the authorization server.")
	}
}

// exchangeCode follows the order of checks of Doorkeeper's authorization_code_request.rb.
func exchangeCode(c *call) (Answer, error) {
	code := c.values.text("code")
	if code == "" {
		return Answer{}, errMissingParameter("code")
	}
	g := c.grants[code]
	if g != nil && g.challenge != "" && c.values.text("code_verifier") == "" {
		return Answer{}, errMissingParameter("code_verifier")
	}
	if c.values.text("redirect_uri") == "" {
		return Answer{}, errMissingParameter("redirect_uri")
	}
	app := c.client()
	if app == nil {
		return Answer{}, errInvalidClient()
	}
	if g == nil || !c.redeemable(g, app) {
		return Answer{}, errInvalidGrant()
	}
	g.used = true
	return c.pairAnswer(c.newPair(g.application, g.user, g.scopes)), nil
}

// redeemable says whether the request may have the tokens of the code.
func (c *call) redeemable(g *grant, app *Application) bool {
	if verifier := c.values.text("code_verifier"); verifier != "" {
		c.issue("code verifier", verifier) // the portal's own, as much a secret as what GitLab issues
	}
	return !g.used &&
		g.application == app.ID &&
		c.now().Before(g.createdAt.Add(codeLifetime)) &&
		g.redirectURI == c.values.text("redirect_uri") &&
		g.verifies(c.values.text("code_verifier"))
}

// verifies checks the code verifier of RFC 7636.
func (g *grant) verifies(verifier string) bool {
	switch g.method {
	case "S256":
		sum := sha256.Sum256([]byte(verifier))
		return g.challenge == base64.RawURLEncoding.EncodeToString(sum[:])
	default:
		return g.challenge == verifier
	}
}

// refreshToken rotates strictly: the old access token and the old refresh token are dead at once.
func refreshToken(c *call) (Answer, error) {
	secret := c.values.text("refresh_token")
	if secret == "" {
		return Answer{}, errMissingParameter("refresh_token")
	}
	old := c.byRefresh[secret]
	if old == nil || old.revoked {
		return Answer{}, errInvalidGrant()
	}
	app := c.client()
	switch {
	case app == nil:
		return Answer{}, errInvalidClient()
	case app.ID != old.application:
		return Answer{}, errInvalidGrant()
	}
	scopes := old.scopes
	if wanted := strings.Fields(c.values.text("scope")); len(wanted) > 0 {
		scopes = wanted
	}
	if !containsAll(old.scopes, scopes) {
		return Answer{}, errInvalidScope()
	}
	old.revoked = true
	return c.pairAnswer(c.newPair(old.application, old.user, scopes)), nil
}

func (c *call) pairAnswer(t *oauthToken) Answer {
	body := oauthTokenBody{
		AccessToken:  t.access,
		TokenType:    c.settings.TokenType,
		ExpiresIn:    int(t.lifetime / time.Second),
		RefreshToken: t.refresh,
		Scope:        joinScopes(t.scopes),
		CreatedAt:    t.createdAt.Unix(),
	}
	if c.settings.OmitScope {
		body.Scope = ""
	}
	return jsonAnswer(http.StatusOK, body).
		with("Content-Type", "application/json; charset=utf-8").
		with("Cache-Control", "no-store, no-cache").
		with("Pragma", "no-cache")
}

// oauthRevoke is POST /oauth/revoke. A refresh token ends its pair; so does an access token, but
// only while it has not expired. Tokens that are unknown or dead are fine too.
func oauthRevoke(c *call) (Answer, error) {
	secret := c.values.text("token")
	app := c.client()
	t := c.byRefresh[secret]
	if t == nil {
		t = c.byAccess[secret]
	}
	if app == nil || t != nil && t.application != app.ID {
		return Answer{}, refuseOAuth(http.StatusForbidden, "unauthorized_client",
			"You are not authorized to revoke this token")
	}
	if t != nil && (t.refresh == secret || c.now().Before(t.expiresAt())) {
		t.revoked = true
	}
	return jsonAnswer(http.StatusOK, struct{}{}).with("Content-Type", "application/json; charset=utf-8"), nil
}

// tokenInfoBody is what GET /oauth/token/info says; the last two fields are deprecated doubles.
type tokenInfoBody struct {
	ResourceOwnerID  int64          `json:"resource_owner_id"`
	Scope            []string       `json:"scope"`
	ExpiresIn        int            `json:"expires_in"`
	Application      tokenInfoOwner `json:"application"`
	CreatedAt        int64          `json:"created_at"`
	Scopes           []string       `json:"scopes"`
	ExpiresInSeconds int            `json:"expires_in_seconds"`
}

type tokenInfoOwner struct {
	UID string `json:"uid"`
}

func oauthTokenInfo(c *call) (Answer, error) {
	t := c.byAccess[bearer(c.req)]
	if t == nil || t.revoked || !c.now().Before(t.expiresAt()) {
		return Answer{}, refusal{jsonAnswer(http.StatusUnauthorized, errorBody{
			Error: "invalid_token", Description: "The access token is invalid", State: "unauthorized",
		})}
	}
	left := int(t.expiresAt().Sub(c.now()) / time.Second)
	return jsonAnswer(http.StatusOK, tokenInfoBody{
		ResourceOwnerID:  t.user,
		Scope:            slices.Clone(t.scopes),
		ExpiresIn:        left,
		Application:      tokenInfoOwner{t.application},
		CreatedAt:        t.createdAt.Unix(),
		Scopes:           slices.Clone(t.scopes),
		ExpiresInSeconds: left,
	}), nil
}
