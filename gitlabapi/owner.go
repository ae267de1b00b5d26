package gitlabapi

import "context"

// TokenOwner is CurrentUser for a token that somebody has sent of whom nothing is known yet: anybody can make
// one up, so that the call is one of visitors.
func (c *Client) TokenOwner(ctx context.Context) (User, error) {
	return one(ctx, c, request{op: "get token owner", path: "/api/v4/user", signIn: true}, userJSON.user)
}
