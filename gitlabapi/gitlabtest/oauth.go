package gitlabtest

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// Lifetimes of config/initializers/doorkeeper.rb and of Doorkeeper's defaults. See Settings for
// that of access tokens.
const (
	accessTokenLifetime = 7200 * time.Second
	codeLifetime        = 10 * time.Minute
)

// Application is an OAuth application.
type Application struct {
	// ID and Secret are the client's credentials; made up when empty.
	ID     string
	Secret string
	Name   string
	// RedirectURIs are the addresses to which an answer may go, compared to the letter.
	RedirectURIs []string
	// Scopes are those that the application may ask for; only api when empty.
	Scopes []string
	// Public applications need no secret.
	Public bool
	// RequireS256 refuses requests without an S256 code challenge, which GitLab itself does not:
	// for proving that a client always sends one.
	RequireS256 bool
	// SilentFor signs this person in at once, without a page to choose from, as GitLab does for a
	// trusted application while the person is signed in there. Zero shows the page.
	SilentFor int64
}

// grant is an authorization code and what it was given for.
type grant struct {
	code        string
	application string
	user        int64
	redirectURI string
	scopes      []string
	challenge   string
	method      string
	createdAt   time.Time
	used        bool
}

// oauthToken is one row of access and refresh token; both die together.
type oauthToken struct {
	access, refresh string
	application     string
	user            int64
	scopes          []string
	createdAt       time.Time
	lifetime        time.Duration
	revoked         bool
}

func (t *oauthToken) expiresAt() time.Time { return t.createdAt.Add(t.lifetime) }

// AddApplication adds an OAuth application and returns it with its credentials filled in.
func (s *Server) AddApplication(app Application) Application {
	s.mu.Lock()
	defer s.mu.Unlock()
	if app.ID == "" {
		app.ID = s.newValue("client id")
	}
	if app.Secret == "" {
		app.Secret = "gloas-" + s.newValue("client secret")
	}
	s.issue("client secret", app.Secret)
	if app.Scopes == nil {
		app.Scopes = []string{"api"}
	}
	s.applications[app.ID] = &app
	return app
}

// OAuthToken is a pair of tokens as an application holds it.
type OAuthToken struct {
	User        int64
	Application string
	Scopes      []string
	// Access and Refresh are made up by AddOAuthToken.
	Access, Refresh string
}

// AddOAuthToken gives out a pair of tokens without the way over the browser. Scope is api when
// empty.
func (s *Server) AddOAuthToken(t OAuthToken) OAuthToken {
	s.mu.Lock()
	defer s.mu.Unlock()
	must(s.users, t.User, "user")
	if t.Scopes == nil {
		t.Scopes = []string{"api"}
	}
	pair := s.newPair(t.Application, t.User, t.Scopes)
	t.Access, t.Refresh = pair.access, pair.refresh
	return t
}

// newPair makes and remembers a pair of tokens.
func (s *Server) newPair(application string, user int64, scopes []string) *oauthToken {
	t := &oauthToken{
		access:      s.newSecret("access token"),
		refresh:     s.newSecret("refresh token"),
		application: application,
		user:        user,
		scopes:      scopes,
		createdAt:   s.now(),
		lifetime:    s.settings.AccessTokenLifetime,
	}
	s.oauthTokens = append(s.oauthTokens, t)
	s.byAccess[t.access], s.byRefresh[t.refresh] = t, t
	return t
}

// ExpireAccessTokens makes every access token of a person expired from now on; zero means
// everybody's. The refresh tokens stay good.
func (s *Server) ExpireAccessTokens(user int64) {
	s.eachOAuthToken(user, func(t *oauthToken) { t.lifetime = min(t.lifetime, s.now().Sub(t.createdAt)) })
}

// RevokeOAuthTokens revokes every pair of tokens of a person, as if they had revoked the
// application in their settings; zero means everybody's.
func (s *Server) RevokeOAuthTokens(user int64) {
	s.eachOAuthToken(user, func(t *oauthToken) { t.revoked = true })
}

func (s *Server) eachOAuthToken(user int64, change func(*oauthToken)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.oauthTokens {
		if user == 0 || t.user == user {
			change(t)
		}
	}
}

// LiveOAuthTokens is the number of pairs of tokens of a person that are not revoked.
func (s *Server) LiveOAuthTokens(user int64) int {
	live := 0
	s.eachOAuthToken(user, func(t *oauthToken) {
		if !t.revoked {
			live++
		}
	})
	return live
}

// client is the application whose credentials the request carries in its body or by HTTP Basic,
// nil without good ones.
func (c *call) client() *Application {
	id, secret, basic := c.req.BasicAuth()
	if !basic {
		id, secret = c.values.text("client_id"), c.values.text("client_secret")
	}
	app := c.applications[id]
	if app == nil || !app.Public && app.Secret != secret {
		return nil
	}
	return app
}

// refuseOAuth is the error answer of the OAuth endpoints.
func refuseOAuth(status int, code, description string) error {
	a := jsonAnswer(status, errorBody{Error: code, Description: description})
	a = a.with("Cache-Control", "no-store, no-cache").with("Content-Type", "application/json; charset=utf-8")
	if status == http.StatusUnauthorized {
		a = a.with("WWW-Authenticate", `Bearer realm="Doorkeeper", error="`+code+`", error_description="`+description+`"`)
	}
	return refusal{a}
}

func errInvalidClient() error {
	return refuseOAuth(http.StatusUnauthorized, "invalid_client", "Client authentication failed due to unknown "+
		"client, no client authentication included, or unsupported authentication method.")
}

// invalidGrantText is said for every reason why a code or a refresh token does not do.
const invalidGrantText = "The provided authorization grant is invalid, expired, revoked, does not match the " +
	"redirection URI used in the authorization request, or was issued to another client."

func errInvalidGrant() error {
	return refuseOAuth(http.StatusBadRequest, "invalid_grant", invalidGrantText)
}

func errMissingParameter(name string) error {
	return refuseOAuth(http.StatusBadRequest, "invalid_request", "Missing required parameter: "+name+".")
}

func errInvalidScope() error {
	return refuseOAuth(http.StatusBadRequest, "invalid_scope", "The requested scope is invalid, unknown, or malformed.")
}

// containsAll says whether all contains every one of wanted.
func containsAll(all, wanted []string) bool {
	return !slices.ContainsFunc(wanted, func(scope string) bool { return !slices.Contains(all, scope) })
}

func joinScopes(scopes []string) string { return strings.Join(scopes, " ") }
