package tokens

import (
	"context"
	"errors"
	"time"

	"gitlab-agent-portal/gitlabapi"
)

// What keeps RevokeUnused from revoking. Nothing was changed.
var (
	ErrUsedMeanwhile = errors.New("the token was used")
	ErrTooYoung      = errors.New("the token is not old enough")
)

// RevokeUnused revokes a token if it was never used and was created before a point in time. It
// looks again right before: what a list showed may be over. A token that is gone counts as
// revoked, so that a list can be worked off twice.
//
// It returns the token's name, if it could be read, and ErrUsedMeanwhile or ErrTooYoung when it did not revoke, and the errors of Revoke.
func (s *Service) RevokeUnused(ctx context.Context, gitlab *gitlabapi.Client, req RevokeRequest, createdBefore time.Time) (name string, err error) {
	token, err := gitlab.Token(ctx, gitlabapi.ProjectID(req.Project), req.Agent, req.Token)
	req.TokenName = token.Name
	switch {
	case errors.Is(err, gitlabapi.ErrNotFound): // Revoke tells gone from not visible
	case err == nil && !token.LastUsedAt.IsZero():
		err = ErrUsedMeanwhile
	case err == nil && !token.CreatedAt.Before(createdBefore):
		err = ErrTooYoung
	}
	if err != nil && !errors.Is(err, gitlabapi.ErrNotFound) {
		s.refused(ctx, req.event(), err)
		return token.Name, err
	}
	return token.Name, s.Revoke(ctx, gitlab, req)
}
