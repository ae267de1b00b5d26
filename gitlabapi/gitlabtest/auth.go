package gitlabtest

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// PersonalToken is a personal access token, also of a group, a project or a service account: these are
// people of their own.
type PersonalToken struct {
	// ID is the next free one when zero.
	ID     int64
	Name   string
	User   int64
	Scopes []string
	// CreatedAt is now when zero.
	CreatedAt time.Time
	// ExpiresAt is zero for a token without an end. GitLab tells of the day alone, at whose beginning in
	// UTC its tokens end.
	ExpiresAt time.Time
	Revoked   bool
	// Secret is made up when empty.
	Secret string
}

// AddPersonalToken adds a personal access token and returns its secret. Without scopes it has api.
func (s *Server) AddPersonalToken(t PersonalToken) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	must(s.users, t.User, "user")
	t.ID = s.nextID("personal token", t.ID)
	t.CreatedAt = orElse(t.CreatedAt, s.now())
	if t.Secret == "" {
		t.Secret = "glpat-" + urlSafe(derive("personal token", t.ID))[:20]
	}
	if t.Scopes == nil {
		t.Scopes = []string{"api"}
	}
	s.issue("personal token", t.Secret)
	s.personalTokens[t.Secret] = &t
	return t.Secret
}

// credential is what a secret stands for.
type credential struct {
	user      int64
	scopes    []string
	expiresAt time.Time
	revoked   bool
}

// findCredential looks a presented secret up. OAuth tokens are known in the Bearer form only.
func (s *Server) findCredential(r *http.Request) (cred credential, presented, found bool) {
	if secret := r.Header.Get("PRIVATE-TOKEN"); secret != "" {
		cred, found = s.personalCredential(secret)
		return cred, true, found
	}
	secret := bearer(r)
	if secret == "" {
		return credential{}, false, false
	}
	if t := s.byAccess[secret]; t != nil {
		return credential{t.user, t.scopes, t.expiresAt(), t.revoked}, true, true
	}
	cred, found = s.personalCredential(secret)
	return cred, true, found
}

func (s *Server) personalCredential(secret string) (credential, bool) {
	t := s.personalTokens[secret]
	if t == nil {
		return credential{}, false
	}
	return credential{t.User, t.Scopes, t.ExpiresAt, t.Revoked}, true
}

func bearer(r *http.Request) string {
	scheme, secret, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if strings.EqualFold(scheme, "Bearer") {
		return secret
	}
	return r.URL.Query().Get("access_token")
}

// authenticate establishes who calls and refuses as the token check of GitLab does: missing and
// unknown credentials in one shape, expired and revoked ones in another, a small scope in a third.
func (c *call) authenticate(known string) error {
	cred, presented, found := c.findCredential(c.req)
	switch {
	case !presented || !found:
		return refuseStatus(http.StatusUnauthorized)
	case cred.revoked:
		return errTokenRevoked()
	case !cred.expiresAt.IsZero() && !c.now().Before(cred.expiresAt):
		return errTokenExpired()
	case !c.sufficient(cred.scopes, strings.Fields(known)):
		return errScope(known)
	}
	c.user = c.acting(c.users[cred.user])
	return c.refuseState()
}

// sufficient says whether one of the scopes permits the request: api everything, the others only
// reading, and read_user only where the route knows it.
func (c *call) sufficient(scopes, known []string) bool {
	reading := c.req.Method == http.MethodGet || c.req.Method == http.MethodHead
	return slices.ContainsFunc(scopes, func(scope string) bool {
		return scope == "api" || reading && slices.Contains(known, scope)
	})
}

// refuseState is the 403 for people who may not use the API at present, or nil.
func (c *call) refuseState() error {
	switch c.user.State {
	case "blocked":
		return refuse(http.StatusForbidden, "403 Forbidden - Your account has been blocked.")
	case "deactivated":
		return refuse(http.StatusForbidden, "403 Forbidden - Your account has been deactivated by your "+
			"administrator. Please log back in from a web browser to reactivate your account at "+c.base()+"/")
	default:
		return nil
	}
}
