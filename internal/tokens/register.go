package tokens

import (
	"context"
	"errors"
	"fmt"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/internal/activity"
	"gitlab-agent-portal/internal/audit"
)

// RegisterRequest asks for a new agent.
type RegisterRequest struct {
	Form    Form
	Project int64
	// ProjectPath is the project's path as GitLab has shown it to the person, for the audit.
	ProjectPath string
	Name        string
	// FirstToken also creates a token named after the agent, as GitLab's own page does.
	FirstToken bool
}

// Register registers an agent and, if asked, creates its first token. An agent without its
// token is no failed registration: it returns the agent, with Result.TokenErr.
//
// It returns *NameTakenError, *UsedError or *NotAuditedError when nothing was sent,
// *UnknownAgentError when the outcome is not known, and the gitlabapi error when GitLab refused the registration.
func (s *Service) Register(ctx context.Context, gitlab *gitlabapi.Client, req RegisterRequest) (Result, error) {
	return s.once(ctx, req.Form, func(ctx context.Context) (Result, error) {
		if err := s.precheckName(ctx, gitlab, req); err != nil {
			s.refused(ctx, req.event(), err)
			return Result{}, err
		}
		row, err := s.begin(ctx, req.event())
		if err != nil {
			return Result{}, err
		}
		if err := s.claim(ctx, req.Form); err != nil {
			row.finish(ctx, outcomeOf(err), audit.Target{})
			return Result{}, err
		}
		agent, err := s.register(ctx, gitlab, req, row)
		if err != nil {
			return Result{}, err
		}
		s.remember(ctx, req.Form, NonceResult{ProjectID: req.Project, AgentID: agent.ID})
		if !req.FirstToken {
			return resultOf(agent, gitlabapi.CreatedToken{}), nil
		}
		token, err := s.firstToken(ctx, gitlab, req, agent)
		result := resultOf(agent, token)
		result.TokenErr = err
		return result, nil
	})
}

// event is the audit's row of a registration.
func (req RegisterRequest) event() audit.Event {
	return req.Form.Actor.event(activity.AgentRegister, audit.Claim{}, audit.Target{
		ProjectID: req.Project, ProjectPath: req.ProjectPath, AgentName: req.Name,
	})
}

// precheckName finds a duplicate before GitLab does: its refusal could be told apart only by a
// text in the person's language, and after a lost answer an agent that was there before must
// not be taken for the new one.
func (s *Service) precheckName(ctx context.Context, gitlab *gitlabapi.Client, req RegisterRequest) error {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	if result, used, err := s.nonces.Result(ctx, req.Form.Nonce); err != nil {
		return err
	} else if used {
		return &UsedError{Result: result}
	}
	agents, err := gitlab.Agents(ctx, gitlabapi.ProjectID(req.Project))
	if err != nil {
		return err
	}
	for _, agent := range agents {
		if agent.Name == req.Name {
			return &NameTakenError{Name: agent.Name}
		}
	}
	return nil
}

// register sends the one POST, and looks the name up when its outcome is not known. The name
// was free a moment ago, so an agent of that name by the same person is taken for ours.
func (s *Service) register(ctx context.Context, gitlab *gitlabapi.Client, req RegisterRequest, row *row) (gitlabapi.Agent, error) {
	project := gitlabapi.ProjectID(req.Project)
	agent, err := gitlab.RegisterAgent(ctx, project, req.Name)
	row.finish(ctx, outcomeOf(err), audit.Target{AgentID: agent.ID})
	if err == nil || !gitlabapi.OutcomeUnknown(err) {
		return agent, err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lookTimeout)
	defer cancel()
	agents, lookup := gitlab.Agents(ctx, project)
	if lookup != nil {
		row.reconciled(ctx, activity.Unknown, audit.Target{})
		cause := errors.Join(err, fmt.Errorf("looking for the agent afterwards: %w", lookup))
		return agent, &UnknownAgentError{Cause: cause}
	}
	for _, found := range agents {
		if found.Name == req.Name && found.CreatedByUserID == req.Form.Actor.ID {
			row.reconciled(ctx, activity.OK, audit.Target{AgentID: found.ID})
			return found, nil
		}
	}
	row.reconciled(ctx, activity.Failed, audit.Target{})
	return agent, &UnknownAgentError{Cause: err}
}

// firstToken creates the token of a new agent, which by its nature has none before. Should
// the registration have been found by its name, an earlier token counts as before.
func (s *Service) firstToken(ctx context.Context, gitlab *gitlabapi.Client, req RegisterRequest, agent gitlabapi.Agent) (gitlabapi.CreatedToken, error) {
	create := CreateRequest{
		Form: req.Form, Project: req.Project, Agent: agent.ID,
		Token: gitlabapi.NewToken{Name: agent.Name},
	}
	before, err := gitlab.Tokens(ctx, gitlabapi.ProjectID(req.Project), agent.ID)
	if err != nil {
		s.refused(ctx, create.event(agent), err)
		return gitlabapi.CreatedToken{}, err
	}
	row, err := s.begin(ctx, create.event(agent))
	if err != nil {
		return gitlabapi.CreatedToken{}, err
	}
	return s.create(ctx, gitlab, create, row, agent, before)
}
