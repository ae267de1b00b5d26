package gitlabtest

import (
	"cmp"
	"net/http"
	"slices"
	"time"
	"unicode/utf8"
)

// tokenLimit is how many active tokens an agent may have since GitLab 16.1.
const tokenLimit = 2

// tokenBasicBody is lib/api/entities/clusters/agent_token_basic.rb, which lists are made of.
type tokenBasicBody struct {
	ID              int64     `json:"id"`
	Name            string    `json:"name"`
	Description     *string   `json:"description"`
	AgentID         int64     `json:"agent_id"`
	Status          string    `json:"status"`
	CreatedAt       timestamp `json:"created_at"`
	CreatedByUserID *int64    `json:"created_by_user_id"`
}

// tokenBody is a single token; with Token set it is the one answer that carries the secret.
type tokenBody struct {
	tokenBasicBody
	LastUsedAt timestamp `json:"last_used_at"`
	Token      string    `json:"token,omitempty"`
}

func (c *call) tokenBasicBody(t *Token) tokenBasicBody {
	return tokenBasicBody{
		ID:              t.ID,
		Name:            t.Name,
		Description:     t.Description,
		AgentID:         t.Agent,
		Status:          "active", // no answer ever shows a revoked token
		CreatedAt:       timestamp(t.CreatedAt),
		CreatedByUserID: c.knownUser(t.CreatedBy),
	}
}

func (c *call) tokenBody(t *Token) tokenBody {
	body := tokenBody{tokenBasicBody: c.tokenBasicBody(t), LastUsedAt: timestamp(t.lastUsed(c.now()))}
	if c.settings.ListsSecrets {
		body.Token = t.Secret
	}
	return body
}

// liveAge is how long ago a token in live use was used last.
const liveAge = 20 * time.Second

// lastUsed is when the token was used last, which follows the clock for a token in live use.
func (t *Token) lastUsed(now time.Time) time.Time {
	if recent := now.Add(-liveAge); t.Live && recent.After(t.LastUsedAt) {
		return recent
	}
	return t.LastUsedAt
}

// activeTokens are an agent's tokens in GitLab's order: last used first, never used at the end.
func (s *Server) activeTokens(agent int64) []*Token {
	now := s.now()
	active := slices.DeleteFunc(slices.Clone(s.tokensOf[agent]), func(t *Token) bool { return t.Revoked })
	slices.SortFunc(active, func(a, b *Token) int {
		return cmp.Or(b.lastUsed(now).Compare(a.lastUsed(now)), cmp.Compare(a.ID, b.ID))
	})
	return active
}

func listTokens(c *call) (Answer, error) {
	a, err := c.readableAgent()
	if err != nil {
		return Answer{}, err
	}
	active := c.activeTokens(a.ID)
	if c.settings.ListsLastUsed || c.settings.ListsSecrets {
		return offsetPage(c, active, c.tokenBody), nil
	}
	return offsetPage(c, active, c.tokenBasicBody), nil
}

func getToken(c *call) (Answer, error) {
	a, err := c.readableAgent()
	if err != nil {
		return Answer{}, err
	}
	t, err := c.findToken(a)
	if err != nil {
		return Answer{}, err
	}
	if t.Revoked {
		return Answer{}, errRecordNotFound()
	}
	return jsonAnswer(http.StatusOK, c.tokenBody(t)), nil
}

// findToken is the token that the address names, be it revoked or not.
func (c *call) findToken(a *Agent) (*Token, error) {
	t := c.tokens[c.values.integer("token_id", 0)]
	if t == nil || t.Agent != a.ID {
		return nil, errRecordNotFound()
	}
	return t, nil
}

func createToken(c *call) (Answer, error) {
	a, err := c.manageableAgent()
	if err != nil {
		return Answer{}, err
	}
	if c.tokenLimitReached(a) {
		return Answer{}, refuseRule(c.localised(limitText))
	}
	name, description := c.values.text("name"), c.values.textOrNull("description")
	if problems := tokenProblems(name, description); problems != nil {
		return Answer{}, refuseRecord(problems)
	}
	t := c.addToken(Token{Agent: a.ID, Name: name, Description: description, CreatedBy: c.user.ID})
	body := c.tokenBody(t)
	body.Token = t.Secret
	return jsonAnswer(http.StatusCreated, body), nil
}

// tokenLimitReached is checked before the name, and in GitLab not together with the insert: two
// requests at once can both pass it.
func (c *call) tokenLimitReached(a *Agent) bool {
	return !c.settings.NoTokenLimit && !c.raceLimit && len(c.activeTokens(a.ID)) >= tokenLimit
}

// tokenProblems are the sentences of app/models/clusters/agent_token.rb, nil for a good token.
func tokenProblems(name string, description *string) []string {
	var problems []string
	if blank(name) {
		problems = append(problems, "Name can't be blank")
	}
	if utf8.RuneCountInString(name) > 255 {
		problems = append(problems, "Name is too long (maximum is 255 characters)")
	}
	if description != nil && utf8.RuneCountInString(*description) > 1024 {
		problems = append(problems, "Description is too long (maximum is 1024 characters)")
	}
	return problems
}

// revokeToken answers 204 for a token that is revoked already.
func revokeToken(c *call) (Answer, error) {
	a, err := c.manageableAgent()
	if err != nil {
		return Answer{}, err
	}
	t, err := c.findToken(a)
	if err != nil {
		return Answer{}, err
	}
	c.revoke(t, c.user.ID)
	return emptyAnswer(http.StatusNoContent), nil
}

// RevokeToken revokes an agent's token as another maintainer would.
func (s *Server) RevokeToken(token int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.revoke(must(s.tokens, token, "token"), 0)
}

func (s *Server) revoke(t *Token, user int64) {
	if t.Revoked {
		return
	}
	t.LastUsedAt, t.Live, t.Revoked = t.lastUsed(s.now()), false, true
	s.note(t, user, "token_revoked", s.now())
}

// mapSlice applies f to every item; the result is never nil, so that it is never null in JSON.
func mapSlice[T, U any](items []T, f func(T) U) []U {
	out := make([]U, len(items))
	for i, item := range items {
		out[i] = f(item)
	}
	return out
}
