package gitlabapi

import (
	"context"
	"time"
)

// OwnToken is what a personal access token, or that of a group, a project or a service account, is told
// of itself (https://docs.gitlab.com/api/personal_access_tokens/#self-inform).
type OwnToken struct {
	ID   int64
	Name string
	// UserID is whose it is: of a group's or a project's token an account that exists for it alone.
	UserID int64
	Scopes []string
	// ExpiresAt is when the token ends; zero for never.
	ExpiresAt time.Time
}

// OwnToken returns what GitLab says of the client's token, whatever its scope. ErrInvalid for a token of
// OAuth, and ErrNotFound from a GitLab before 15.5.
func (c *Client) OwnToken(ctx context.Context) (OwnToken, error) {
	return one(ctx, c, request{op: "get own token", path: "/api/v4/personal_access_tokens/self"}, ownTokenJSON.token)
}

type ownTokenJSON struct {
	ID        int64    `json:"id"`
	Name      string   `json:"name"`
	UserID    int64    `json:"user_id"`
	Scopes    []string `json:"scopes"`
	ExpiresAt string   `json:"expires_at"` // a day, or null
}

// token reads the day as its beginning in UTC, when GitLab ends the token.
func (t ownTokenJSON) token() (OwnToken, bool) {
	own := OwnToken{ID: t.ID, Name: t.Name, UserID: t.UserID, Scopes: t.Scopes}
	if t.ExpiresAt == "" {
		return own, t.ID > 0
	}
	var err error
	own.ExpiresAt, err = time.Parse(time.DateOnly, t.ExpiresAt)
	return own, t.ID > 0 && err == nil
}
