package tokens

import (
	"context"
	"errors"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/internal/activity"
	"gitlab-agent-portal/internal/audit"
)

// ReceiverRequest says how GitLab is to reach an agent, which GitLab has shown to the person. The names
// are those of the moment, for the audit.
type ReceiverRequest struct {
	Form          Form
	Project       int64
	ProjectPath   string
	Agent         int64
	AgentName     string
	Configuration gitlabapi.NewURLConfiguration
}

// CreateReceiver gives an agent its URL configuration: one POST, never repeated. After a lost answer it
// is looked for, and counts as created if it is the one that was asked for: an agent has one at most.
//
// *UsedError, *NotAuditedError or *budget.SpentError when nothing was sent; otherwise the error is
// gitlabapi's.
func (s *Service) CreateReceiver(ctx context.Context, gitlab *gitlabapi.Client, req ReceiverRequest) error {
	_, err := s.once(ctx, req.Form, func(ctx context.Context) (Result, error) {
		row, err := s.begin(ctx, req.Form.Actor.event(activity.ReceiverCreate, audit.Claim{}, audit.Target{
			ProjectID: req.Project, ProjectPath: req.ProjectPath, AgentID: req.Agent, AgentName: req.AgentName,
		}))
		if err != nil {
			return Result{}, err
		}
		if err := s.claim(ctx, req.Form); err != nil {
			row.finish(ctx, outcomeOf(err), audit.Target{})
			return Result{}, err
		}
		_, err = gitlab.CreateURLConfiguration(ctx, gitlabapi.ProjectID(req.Project), req.Agent, req.Configuration)
		row.finish(ctx, outcomeOf(err), audit.Target{})
		if !gitlabapi.OutcomeUnknown(err) {
			return Result{}, err
		}
		return Result{}, row.lookForReceiver(ctx, gitlab, req, err)
	})
	return err
}

// lookForReceiver notes what a look tells about a create whose outcome is not known, and passes err on
// unless the configuration is there.
func (r *row) lookForReceiver(ctx context.Context, gitlab *gitlabapi.Client, req ReceiverRequest, err error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lookTimeout)
	defer cancel()
	all, lookup := gitlab.URLConfigurations(ctx, gitlabapi.ProjectID(req.Project), req.Agent)
	switch {
	case lookup != nil:
		r.reconciled(ctx, activity.Unknown, audit.Target{})
	case len(all) == 1 && all[0].URL == req.Configuration.URL:
		r.reconciled(ctx, activity.OK, audit.Target{})
		return nil
	default:
		r.reconciled(ctx, activity.Failed, audit.Target{})
	}
	return err
}

// ReceiverDeleteRequest names an agent's URL configuration, which GitLab has shown to the person, to be
// deleted. The names are those of the moment, for the audit.
type ReceiverDeleteRequest struct {
	Actor         Actor
	Project       int64
	ProjectPath   string
	Agent         int64
	AgentName     string
	Configuration int64
}

// DeleteReceiver deletes an agent's URL configuration. One that is gone already counts as deleted, as
// long as the agent can still be seen. *NotAuditedError and *budget.SpentError when GitLab was not
// asked.
func (s *Service) DeleteReceiver(ctx context.Context, gitlab *gitlabapi.Client, req ReceiverDeleteRequest) error {
	event := req.Actor.event(activity.ReceiverDelete, audit.Claim{}, audit.Target{
		ProjectID: req.Project, ProjectPath: req.ProjectPath, AgentID: req.Agent, AgentName: req.AgentName,
	})
	if err := s.take(ctx, event); err != nil {
		return err
	}
	row, err := s.begin(ctx, event)
	if err != nil {
		return err
	}
	ref := gitlabapi.ProjectID(req.Project)
	err = gitlab.DeleteURLConfiguration(ctx, ref, req.Agent, req.Configuration)
	ctx = context.WithoutCancel(ctx)
	if errors.Is(err, gitlabapi.ErrNotFound) {
		_, err = gitlab.Agent(ctx, ref, req.Agent)
	}
	row.finish(ctx, outcomeOf(err), audit.Target{})
	if !gitlabapi.OutcomeUnknown(err) {
		return err
	}
	all, lookup := gitlab.URLConfigurations(ctx, ref, req.Agent)
	if lookup == nil && len(all) == 0 {
		lookup = gitlabapi.ErrNotFound
	}
	return row.look(ctx, lookup, err)
}
