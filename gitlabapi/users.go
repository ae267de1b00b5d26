package gitlabapi

import "context"

// User is a GitLab account (https://docs.gitlab.com/api/users/).
type User struct {
	ID       int64
	Username string
	Name     string
	// State is "active" for who may use GitLab; see Restriction.
	State string
}

// CurrentUser returns the owner of the client's token.
func (c *Client) CurrentUser(ctx context.Context) (User, error) {
	return one(ctx, c, request{op: "get current user", path: "/api/v4/user"}, userJSON.user)
}

// User returns one account. ErrNotFound when it does not exist.
func (c *Client) User(ctx context.Context, id int64) (User, error) {
	return one(ctx, c, request{op: "get user", path: "/api/v4/users/" + number(id)}, userJSON.user)
}

type userJSON struct {
	ID       int64  `json:"id"`
	Username string `json:"username"`
	Name     string `json:"name"`
	State    string `json:"state"`
}

func (u userJSON) user() (User, bool) { return User(u), u.ID > 0 && u.Username != "" }
