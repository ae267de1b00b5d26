package tokens

import (
	"context"
	"errors"
	"time"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/internal/activity"
	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/agentread"
	"gitlab-agent-portal/internal/audit"
	"gitlab-agent-portal/internal/parallel"
)

const (
	// unusedTimeout is how long all tokens of a list may take; what is left is told, and can be
	// repeated.
	unusedTimeout = 50 * time.Second
	// maxParallelRevokes keeps a long list from looking like an attack to GitLab.
	maxParallelRevokes = 4
)

// What keeps RevokeUnused from revoking. Nothing was changed.
var (
	ErrUsedMeanwhile = errors.New("the token was used")
	ErrTooYoung      = errors.New("the token is not old enough")
)

// UnusedResult is how the revocation of one token of a list ended. What could not be read of it
// has its number only.
type UnusedResult struct {
	Project agent.Project
	Agent   agent.Agent
	Token   agent.Token
	// Err is nil for a token that is gone.
	Err error
}

// RevokeUnused revokes those of the tokens that were never used and were created before a point in
// time, a few at once, and says how each of them ended. It looks at each right before: what a list
// showed may be over. A token that is gone counts as revoked, so that a list can be worked off
// twice. What of them GitLab shows is read here.
//
// It goes on without ctx: a browser that goes away must not leave the list half done and nobody
// the wiser. The errors in the results are ErrUsedMeanwhile, ErrTooYoung, and those of Revoke;
// *budget.SpentError when nothing was begun.
func (s *Service) RevokeUnused(ctx context.Context, gitlab *gitlabapi.Client, actor Actor, reqs []RevokeRequest, createdBefore time.Time) ([]UnusedResult, error) {
	if err := s.changes.Take(ctx, actor.ID, len(reqs)); err != nil {
		s.refused(ctx, actor.event(activity.TokenRevoke, audit.Claim{}, audit.Target{}), err)
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), unusedTimeout)
	defer cancel()
	results := make([]UnusedResult, len(reqs))
	failed := parallel.Each(maxParallelRevokes, reqs, func(i int, req RevokeRequest) error {
		results[i].Project.ID, results[i].Agent.ID, results[i].Token.ID = req.Project, req.Agent, req.Token
		return s.revokeUnused(ctx, gitlab, req, createdBefore, &results[i])
	})
	for i, err := range failed {
		if results[i].Err = err; err != nil {
			s.log.WarnContext(ctx, "revoking an unused token", "token", reqs[i].Token, "error", err)
		}
	}
	return results, nil
}

// revokeUnused revokes one token of a list. An agent that cannot be read for now is left out of
// the row; below one that GitLab does not show, nothing is to be seen either.
func (s *Service) revokeUnused(ctx context.Context, gitlab *gitlabapi.Client, req RevokeRequest, createdBefore time.Time, result *UnusedResult) error {
	one, err := gitlab.Agent(ctx, gitlabapi.ProjectID(req.Project), req.Agent)
	switch {
	case errors.Is(err, gitlabapi.ErrNotFound):
		s.refused(ctx, req.event(), err)
		return err
	case err != nil:
		s.log.WarnContext(ctx, "reading an agent whose unused token is to be revoked", "agent", req.Agent, "error", err)
	default:
		result.Project, result.Agent = projectOf(one), agentread.AgentOf(one)
		req.Shown = audit.Target{ProjectID: req.Project, ProjectPath: result.Project.Path, AgentID: req.Agent, AgentName: one.Name}
	}
	return s.revokeStillUnused(ctx, gitlab, req, createdBefore, result)
}

// revokeStillUnused revokes the token if it is still what its list showed.
func (s *Service) revokeStillUnused(ctx context.Context, gitlab *gitlabapi.Client, req RevokeRequest, createdBefore time.Time, result *UnusedResult) error {
	token, err := gitlab.Token(ctx, gitlabapi.ProjectID(req.Project), req.Agent, req.Token)
	if errors.Is(err, gitlabapi.ErrNotFound) { // Revoke tells gone from not visible
		return s.revoke(ctx, gitlab, req)
	}
	if err == nil {
		req.Shown.ProjectID, req.Shown.AgentID, req.Shown.TokenID, req.Shown.TokenName = req.Project, req.Agent, req.Token, token.Name
		err = stillUnused(token, createdBefore)
	}
	if err != nil {
		result.Token.Name = token.Name
		s.refused(ctx, req.event(), err)
		return err
	}
	result.Token = agentread.TokenWithUse(token)
	return s.revoke(ctx, gitlab, req)
}

// stillUnused says why a token is not, or no longer, one of those to revoke.
func stillUnused(token gitlabapi.TokenDetail, createdBefore time.Time) error {
	switch {
	case !token.LastUsedAt.IsZero():
		return ErrUsedMeanwhile
	case !token.CreatedAt.Before(createdBefore):
		return ErrTooYoung
	default:
		return nil
	}
}
