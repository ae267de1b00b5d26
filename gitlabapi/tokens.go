package gitlabapi

import (
	"context"
	"net/http"
	"time"
)

// Token is an active agent token as lists show it; revoked ones are hidden
// (https://docs.gitlab.com/api/cluster_agents/#list-tokens-for-an-agent).
type Token struct {
	ID          int64
	Name        string
	Description string // "" also for null
	CreatedAt   time.Time
	// CreatedByUserID is 0 when GitLab no longer knows who it was.
	CreatedByUserID int64
}

// TokenDetail is an agent token as a single read shows it.
type TokenDetail struct {
	Token
	// LastUsedAt is zero for a token that was never used. GitLab may be up to an
	// hour behind.
	LastUsedAt time.Time
}

// CreatedToken is the answer to CreateToken, the only one that holds the secret.
type CreatedToken struct {
	TokenDetail
	Secret Secret // of any form: instances choose their own prefix and length
}

// NewToken is what a person says about a token to be.
type NewToken struct {
	Name        string // required, at most 255 characters, not unique
	Description string // at most 1024 characters
}

// Tokens returns all active tokens of an agent, by last use, newest first and
// never used ones last. The time itself is only in Token and Usage. ErrNotFound
// when the agent does not exist or the person is less than Developer.
func (c *Client) Tokens(ctx context.Context, project ProjectRef, agent int64) ([]Token, error) {
	ctx, cancel := c.core.readDeadline(ctx)
	defer cancel()
	return allPages(ctx, "list agent tokens", func(t Token) int64 { return t.ID },
		func(ctx context.Context, page int) (Page[Token], error) {
			r := request{op: "list agent tokens", path: project.path(tokensOf(agent)), query: paging(nil, page, maxPerPage)}
			return list(ctx, c, r, tokenJSON.token)
		})
}

// Token returns one active token. ErrNotFound also when it was revoked.
func (c *Client) Token(ctx context.Context, project ProjectRef, agent, token int64) (TokenDetail, error) {
	r := request{op: "get agent token", path: project.path(tokensOf(agent) + "/" + number(token))}
	return one(ctx, c, r, tokenJSON.detail)
}

// CreateToken creates a token; one POST, never repeated, because a second one
// would make a second token whose secret nobody sees. ErrInvalid when the agent
// has two active tokens already or GitLab refuses the name, ErrForbidden below
// Maintainer, ErrNotFound without the agent. Ask OutcomeUnknown of every other
// error.
func (c *Client) CreateToken(ctx context.Context, project ProjectRef, agent int64, in NewToken) (CreatedToken, error) {
	r := request{op: "create agent token", method: http.MethodPost, path: project.path(tokensOf(agent))}
	r.json = struct {
		Name        string `json:"name"`
		Description string `json:"description,omitempty"`
	}(in)
	return one(ctx, c, r, tokenJSON.created)
}

// RevokeToken revokes a token; revoking it twice is no error. ErrForbidden below
// Maintainer, ErrNotFound when the agent or the token never existed.
func (c *Client) RevokeToken(ctx context.Context, project ProjectRef, agent, token int64) error {
	r := request{op: "revoke agent token", method: http.MethodDelete, path: project.path(tokensOf(agent) + "/" + number(token))}
	_, err := c.do(ctx, r, nil)
	return err
}

func tokensOf(agent int64) string { return "/cluster_agents/" + number(agent) + "/tokens" }

// tokenJSON is any of GitLab's three token entities on the wire.
type tokenJSON struct {
	ID          int64     `json:"id"`
	Name        string    `json:"name"`
	Description string    `json:"description"` // or null
	CreatedAt   time.Time `json:"created_at"`
	CreatedBy   looseID   `json:"created_by_user_id"`
	LastUsedAt  time.Time `json:"last_used_at"` // or null; not in lists
	Token       Secret    `json:"token"`        // in the answer to a POST only
}

func (t tokenJSON) token() (Token, bool) {
	return Token{
		ID:              t.ID,
		Name:            t.Name,
		Description:     t.Description,
		CreatedAt:       t.CreatedAt,
		CreatedByUserID: int64(t.CreatedBy),
	}, t.ID > 0
}

func (t tokenJSON) detail() (TokenDetail, bool) {
	token, ok := t.token()
	return TokenDetail{Token: token, LastUsedAt: t.LastUsedAt}, ok
}

// created insists on the secret: a token without one is of no use to anybody.
func (t tokenJSON) created() (CreatedToken, bool) {
	detail, ok := t.detail()
	return CreatedToken{TokenDetail: detail, Secret: t.Token}, ok && !t.Token.IsZero()
}
