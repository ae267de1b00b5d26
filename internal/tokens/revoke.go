package tokens

import (
	"context"
	"errors"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/internal/activity"
	"gitlab-agent-portal/internal/audit"
)

// RevokeRequest names a token to revoke.
type RevokeRequest struct {
	Actor   Actor
	Project int64
	Agent   int64
	Token   int64
	// Shown is what GitLab has shown the person of these, with the names of the moment, for the audit.
	Shown audit.Target
}

// event is the audit's row of a revocation.
func (req RevokeRequest) event() audit.Event {
	return req.Actor.event(activity.TokenRevoke, audit.Claim{ProjectID: req.Project, AgentID: req.Agent, TokenID: req.Token}, req.Shown)
}

// Revoke revokes a token. A token that is gone already counts as revoked: another maintainer
// may have been faster, and after a lost answer a second try must not read as a failure.
// GitLab's 404 also stands for a project or agent that is not the person's to see any more,
// so the agent has to be visible for that. *NotAuditedError and *budget.SpentError when GitLab was
// not asked.
func (s *Service) Revoke(ctx context.Context, gitlab *gitlabapi.Client, req RevokeRequest) error {
	if err := s.take(ctx, req.event()); err != nil {
		return err
	}
	return s.revoke(ctx, gitlab, req)
}

// take takes a change that event is about from the person's allowance.
func (s *Service) take(ctx context.Context, event audit.Event) error {
	err := s.changes.Take(ctx, event.ActorID, 1)
	if err != nil {
		s.refused(ctx, event, err)
	}
	return err
}

// revoke is Revoke for what was taken from the allowance before.
func (s *Service) revoke(ctx context.Context, gitlab *gitlabapi.Client, req RevokeRequest) error {
	row, err := s.begin(ctx, req.event())
	if err != nil {
		return err
	}
	ref := gitlabapi.ProjectID(req.Project)
	learnt := audit.Target{ProjectID: req.Project, AgentID: req.Agent, TokenID: req.Token}
	err = gitlab.RevokeToken(ctx, ref, req.Agent, req.Token)
	ctx = context.WithoutCancel(ctx)
	if errors.Is(err, gitlabapi.ErrNotFound) {
		learnt.TokenID = 0 // which GitLab has not shown now
		_, err = gitlab.Agent(ctx, ref, req.Agent)
	}
	if err != nil {
		learnt = audit.Target{}
	}
	row.finish(ctx, outcomeOf(err), learnt)
	if !gitlabapi.OutcomeUnknown(err) {
		return err
	}
	_, lookup := gitlab.Token(ctx, ref, req.Agent, req.Token)
	return row.look(ctx, lookup, err)
}

// look notes what a look-up tells about a removal that failed with err, and passes err on
// unless what was to be removed is gone.
func (r *row) look(ctx context.Context, lookup, err error) error {
	outcome := lookedUp(lookup)
	r.reconciled(ctx, outcome, audit.Target{})
	if outcome == activity.OK {
		return nil
	}
	return err
}

// DeleteRequest names an agent to delete, which GitLab has shown to the person. The names are those
// of the moment, for the audit.
type DeleteRequest struct {
	Actor       Actor
	Project     int64
	ProjectPath string
	Agent       int64
	AgentName   string
}

// Delete deletes an agent's registration with all its tokens. GitLab answers 204 also when
// the deletion failed inside, so it is confirmed by looking. An agent that is gone already
// counts as deleted, as long as its project can still be seen. *NotAuditedError when GitLab was
// not asked, *budget.SpentError likewise.
func (s *Service) Delete(ctx context.Context, gitlab *gitlabapi.Client, req DeleteRequest) error {
	if err := s.take(ctx, req.event()); err != nil {
		return err
	}
	return s.delete(ctx, gitlab, req)
}

// event is the audit's row of a deletion.
func (req DeleteRequest) event() audit.Event {
	return req.Actor.event(activity.AgentDelete, audit.Claim{}, audit.Target{
		ProjectID: req.Project, ProjectPath: req.ProjectPath, AgentID: req.Agent, AgentName: req.AgentName,
	})
}

// delete is Delete for what was taken from the allowance before.
func (s *Service) delete(ctx context.Context, gitlab *gitlabapi.Client, req DeleteRequest) error {
	row, err := s.begin(ctx, req.event())
	if err != nil {
		return err
	}
	ref := gitlabapi.ProjectID(req.Project)
	err = gitlab.DeleteAgent(ctx, ref, req.Agent)
	ctx = context.WithoutCancel(ctx)
	if gitlabapi.OutcomeUnknown(err) {
		row.finish(ctx, activity.Unknown, audit.Target{})
		_, lookup := gitlab.Agent(ctx, ref, req.Agent)
		return row.look(ctx, lookup, err)
	}
	err = confirmDeletion(ctx, gitlab, req, err)
	row.finish(ctx, outcomeOf(err), audit.Target{})
	return err
}

// confirmDeletion looks whether GitLab's answer to a deletion says what happened.
func confirmDeletion(ctx context.Context, gitlab *gitlabapi.Client, req DeleteRequest, answer error) error {
	ref := gitlabapi.ProjectID(req.Project)
	switch {
	case errors.Is(answer, gitlabapi.ErrNotFound):
		_, lookup := gitlab.Project(ctx, ref)
		return lookup
	case answer != nil:
		return answer
	}
	// Without an answer to the look-up, GitLab's own word stands.
	if _, lookup := gitlab.Agent(ctx, ref, req.Agent); lookup == nil {
		return ErrStillThere
	}
	return nil
}

// ErrStillThere says that GitLab accepted the deletion of an agent that is still there.
var ErrStillThere = errors.New("GitLab accepted the deletion but the agent is still there")
