package handlers

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/internal/budget"
	sessions "gitlab-agent-portal/internal/session"
)

const (
	// ownerFresh is how long the portal takes GitLab's word for whose a token is: one that was revoked is
	// of no use after that.
	ownerFresh = time.Minute
	// maxCallers bounds whose tokens are remembered.
	maxCallers = 10_000
	// maxToken is longer than any token of GitLab's, in bytes.
	maxToken = 1024
)

// callers remember whose tokens were, by a hash under a key that dies with the process: no token can be
// looked for in what is kept.
type callers struct {
	key []byte
	now func() time.Time

	mu     sync.Mutex
	byHash *simplelru.LRU[string, caller]
}

// caller is the owner of a token, as GitLab said at a time.
type caller struct {
	user  sessions.User
	until time.Time
}

func newCallers(now func() time.Time) *callers {
	byHash, err := simplelru.NewLRU[string, caller](maxCallers, nil)
	if err != nil {
		panic(err) // only for a size that is not positive
	}
	return &callers{key: []byte(rand.Text()), now: now, byHash: byHash}
}

// grantOf names what is kept for a token and for no other, also not of the same person: it may have other
// rights.
func (c *callers) grantOf(token gitlabapi.Secret) string {
	mac := hmac.New(sha256.New, c.key)
	mac.Write([]byte(token.Reveal()))
	return "token:" + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// find returns whose the token was when GitLab was asked last, and whether that still counts. known is
// false for one that is new, or was refused.
func (c *callers) find(grant string) (user sessions.User, fresh, known bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	found, known := c.byHash.Get(grant)
	return found.user, known && c.now().Before(found.until), known
}

func (c *callers) remember(grant string, user sessions.User) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.byHash.Add(grant, caller{user, c.now().Add(ownerFresh)})
}

func (c *callers) forget(grant string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.byHash.Remove(grant)
}

// tokenOf is the token that a request brings, in one of the two headers in which GitLab takes them. It is
// not taken from an address, which stands in logs. What is of another scheme is not for the portal.
func tokenOf(r *http.Request) (gitlabapi.Secret, error) {
	sent := r.Header.Values("PRIVATE-TOKEN")
	for _, value := range r.Header.Values("Authorization") {
		if scheme, token, _ := strings.Cut(value, " "); strings.EqualFold(scheme, "Bearer") {
			sent = append(sent, strings.TrimSpace(token))
		}
	}
	switch {
	case len(sent) == 0:
		return gitlabapi.Secret{}, errTokenMissing
	case len(sent) > 1 || !isToken(sent[0]):
		return gitlabapi.Secret{}, errTokenMalformed
	}
	return gitlabapi.NewSecret(sent[0]), nil
}

// isToken reports whether text can be a token of GitLab's; nothing else is sent there.
func isToken(text string) bool {
	isOdd := func(c rune) bool { return c <= ' ' || c > '~' }
	return text != "" && len(text) <= maxToken && !strings.ContainsFunc(text, isOdd)
}

// callerOf returns the request's token as a session that lasts for this request, and cannot be renewed.
func (h *Handlers) callerOf(r *http.Request) (*session, error) {
	token, err := tokenOf(r)
	if err != nil {
		return nil, err
	}
	grant := h.callers.grantOf(token)
	user, fresh, known := h.callers.find(grant)
	if !known {
		// Anybody can make a token up. Who has come with one that is good does not pay for their address.
		if err := h.Requests.Tokens.Take(budget.Network(h.clientAddress(r))); err != nil {
			return nil, errTooManyTokens.because(err)
		}
	}
	if !fresh {
		if user, err = h.ownerOf(r.Context(), token, user.ID); err != nil {
			return nil, err
		}
	}
	s := h.bind(&sessions.Session{ID: grant, User: user, Tokens: gitlabapi.TokenPair{Access: token}})
	s.byToken = true
	return s, nil
}

// ownerOf asks GitLab whose the token is. before is whose it was; 0 for a token that is new. What was
// kept for a token that GitLab refuses is dropped.
func (h *Handlers) ownerOf(ctx context.Context, token gitlabapi.Secret, before int64) (sessions.User, error) {
	grant, gitlab := h.callers.grantOf(token), h.GitLab.WithToken(token)
	ask := gitlab.TokenOwner
	if before != 0 {
		ask = gitlab.For(before).CurrentUser
	}
	owner, err := ask(ctx)
	if gitlabapi.Refused(err) && !errors.Is(err, gitlabapi.ErrRateLimited) {
		h.callers.forget(grant)
		h.Fleet.DropSession(grant)
	}
	switch {
	case errors.Is(err, gitlabapi.ErrUnauthorized):
		return sessions.User{}, errTokenRefused.because(err)
	case errors.Is(err, gitlabapi.ErrInsufficientScope):
		return sessions.User{}, errTokenScope.because(err)
	case err != nil:
		return sessions.User{}, fmt.Errorf("asking whose a token is: %w", err)
	}
	if why := owner.Restriction(); why != gitlabapi.RestrictionNone {
		return sessions.User{}, &signInRestrictedError{why: why, cause: fmt.Errorf("the account is %.64q", owner.State)}
	}
	user := sessions.User{ID: owner.ID, Username: owner.Username, Name: owner.Name}
	h.callers.remember(grant, user)
	return user, nil
}
