package gitlabtest

import (
	"net/http"
	"time"
)

// allScopes are those with which a token may ask about itself.
const allScopes = "api read_api read_user read_repository write_repository read_registry write_registry self_rotate"

// ownTokenBody is what a personal access token is told of itself; those of groups, of projects and of
// service accounts are such tokens of accounts of their own.
type ownTokenBody struct {
	ID          int64     `json:"id"`
	Name        string    `json:"name"`
	Revoked     bool      `json:"revoked"`
	CreatedAt   timestamp `json:"created_at"`
	Description *string   `json:"description"`
	Scopes      []string  `json:"scopes"`
	UserID      int64     `json:"user_id"`
	LastUsedAt  timestamp `json:"last_used_at"`
	Active      bool      `json:"active"`
	// ExpiresAt is a day, at whose beginning in UTC the token ends; null for none.
	ExpiresAt *string `json:"expires_at"`
}

// getOwnToken is GET /personal_access_tokens/self (lib/api/personal_access_tokens/self_information.rb).
func getOwnToken(c *call) (Answer, error) {
	secret := orElse(c.req.Header.Get("PRIVATE-TOKEN"), bearer(c.req))
	t := c.personalTokens[secret]
	if t == nil {
		return Answer{}, refuseRule("This endpoint requires token type to be a personal access token")
	}
	body := ownTokenBody{
		ID: t.ID, Name: t.Name, CreatedAt: timestamp(t.CreatedAt), Scopes: t.Scopes, UserID: t.User, LastUsedAt: timestamp(c.now()), Active: true,
	}
	if !t.ExpiresAt.IsZero() {
		body.ExpiresAt = new(t.ExpiresAt.UTC().Format(time.DateOnly))
	}
	return jsonAnswer(http.StatusOK, body), nil
}
