package tokens

import (
	"bytes"
	"context"
	"strings"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/internal/activity"
	"gitlab-agent-portal/internal/audit"
)

// ConfigureRequest asks for a change of an agent's configuration file, which GitLab has shown to the
// person. The names are those of the moment, for the audit.
type ConfigureRequest struct {
	Form        Form
	Project     int64
	ProjectPath string
	Agent       int64
	AgentName   string
	Commit      gitlabapi.NewCommit
	// Target is the branch that a merge request is to bring the commit to; empty for none.
	Target string
}

func (req ConfigureRequest) event(action activity.Action) audit.Event {
	return req.Form.Actor.event(action, audit.Claim{}, audit.Target{
		ProjectID: req.Project, ProjectPath: req.ProjectPath, AgentID: req.Agent, AgentName: req.AgentName,
	})
}

// Configured is what a change of a configuration led to.
type Configured struct {
	Branch string
	// MergeRequest is its number in the project, 0 for none. MergeErr is why there is none although one
	// was asked for: the commit is there all the same.
	MergeRequest int64
	MergeErr     error
}

// UnknownCommitError says that nobody knows whether GitLab made the commit, also after a look.
type UnknownCommitError struct{ Cause error }

func (e *UnknownCommitError) Error() string {
	return "it is not known whether the commit was made: " + e.Cause.Error()
}

func (e *UnknownCommitError) Unwrap() error { return e.Cause }

// Configure commits a change of an agent's configuration file and, if asked, opens a merge request for
// it. Each is sent once, and after a lost answer it is looked at: the commit names what it changes, so
// that GitLab itself refuses a second one, and what is found on the branch then is the change.
//
// It returns *UsedError, *NotAuditedError or *budget.SpentError when nothing was sent,
// *UnknownCommitError when the outcome is not known, and the gitlabapi error when GitLab refused the
// commit: ErrInvalid where the file was changed meanwhile.
func (s *Service) Configure(ctx context.Context, gitlab *gitlabapi.Client, req ConfigureRequest) (Result, error) {
	return s.once(ctx, req.Form, func(ctx context.Context) (Result, error) {
		row, err := s.begin(ctx, req.event(activity.ConfigCommit))
		if err != nil {
			return Result{}, err
		}
		if err := s.claim(ctx, req.Form); err != nil {
			row.finish(ctx, outcomeOf(err), audit.Target{})
			return Result{}, err
		}
		if err := s.commit(ctx, gitlab, req, row); err != nil {
			return Result{}, err
		}
		s.remember(ctx, req.Form, NonceResult{ProjectID: req.Project, AgentID: req.Agent})
		made := Configured{Branch: req.Commit.Branch}
		if req.Target != "" {
			made.MergeRequest, made.MergeErr = s.propose(ctx, gitlab, req)
		}
		return Result{Configured: made}, nil
	})
}

// commit sends the one commit, and looks at the file when its outcome is not known.
func (s *Service) commit(ctx context.Context, gitlab *gitlabapi.Client, req ConfigureRequest, row *row) error {
	ref := gitlabapi.ProjectID(req.Project)
	_, err := gitlab.CreateCommit(ctx, ref, req.Commit)
	row.finish(ctx, outcomeOf(err), audit.Target{})
	if err == nil || !gitlabapi.OutcomeUnknown(err) {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lookTimeout)
	defer cancel()
	file, lookup := gitlab.File(ctx, ref, req.Commit.Path, req.Commit.Branch)
	switch {
	case lookup == nil && bytes.Equal(file.Content, req.Commit.Content):
		row.reconciled(ctx, activity.OK, audit.Target{})
		return nil
	case lookedUp(lookup) == activity.Unknown:
		row.reconciled(ctx, activity.Unknown, audit.Target{})
	default: // another file, or none
		row.reconciled(ctx, activity.Failed, audit.Target{})
	}
	return &UnknownCommitError{Cause: err}
}

// propose opens the one merge request, and looks for it when its outcome is not known.
func (s *Service) propose(ctx context.Context, gitlab *gitlabapi.Client, req ConfigureRequest) (int64, error) {
	row, err := s.begin(ctx, req.event(activity.MergeRequestOpen))
	if err != nil {
		return 0, err
	}
	ref := gitlabapi.ProjectID(req.Project)
	title, _, _ := strings.Cut(req.Commit.Message, "\n")
	made, err := gitlab.CreateMergeRequest(ctx, ref, gitlabapi.NewMergeRequest{Source: req.Commit.Branch, Target: req.Target, Title: title})
	row.finish(ctx, outcomeOf(err), audit.Target{})
	if err == nil || !gitlabapi.OutcomeUnknown(err) {
		return made.IID, err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lookTimeout)
	defer cancel()
	found, lookup := gitlab.MergeRequestOf(ctx, ref, req.Commit.Branch)
	switch {
	case lookup == nil:
		row.reconciled(ctx, activity.OK, audit.Target{})
		return found.IID, nil
	case lookedUp(lookup) == activity.OK: // it is not there
		row.reconciled(ctx, activity.Failed, audit.Target{})
	default:
		row.reconciled(ctx, activity.Unknown, audit.Target{})
	}
	return 0, err
}
