package tokens

import (
	"cmp"
	"context"
	"slices"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/internal/activity"
	"gitlab-agent-portal/internal/agentread"
	"gitlab-agent-portal/internal/audit"
)

// CreateRequest asks for a token of one agent.
type CreateRequest struct {
	Form    Form
	Project int64
	Agent   int64
	Token   gitlabapi.NewToken
}

// Create creates a token at GitLab exactly once and returns it with its secret.
//
// It returns *LimitError, *UsedError or *NotAuditedError when nothing was sent,
// *UnknownTokenError when the outcome is not known, and the gitlabapi error when GitLab refused.
func (s *Service) Create(ctx context.Context, gitlab *gitlabapi.Client, req CreateRequest) (Result, error) {
	return s.once(ctx, req.Form, func(ctx context.Context) (Result, error) {
		agent, before, err := s.precheck(ctx, gitlab, req)
		if err != nil {
			s.refused(ctx, req.event(agent), err)
			return Result{}, err
		}
		row, err := s.begin(ctx, req.event(agent))
		if err != nil {
			return Result{}, err
		}
		if err := s.claim(ctx, req.Form); err != nil {
			row.finish(ctx, outcomeOf(err), audit.Target{})
			return Result{}, err
		}
		created, err := s.create(ctx, gitlab, req, row, agent, before)
		return resultOf(agent, created), err
	})
}

// event is the audit's row of a create; the agent is zero if GitLab does not show it.
func (req CreateRequest) event(agent gitlabapi.Agent) audit.Event {
	var shown audit.Target
	if agent.ID != 0 {
		shown = audit.Target{
			ProjectID: req.Project, ProjectPath: agent.ConfigProject.PathWithNamespace,
			AgentID: req.Agent, AgentName: agent.Name, TokenName: req.Token.Name,
		}
	}
	return req.Form.Actor.event(activity.TokenCreate, audit.Claim{ProjectID: req.Project, AgentID: req.Agent}, shown)
}

// precheck asks for everything that would make GitLab refuse, because its own refusals are
// told apart only by texts in the person's language. It returns the agent and its tokens.
func (s *Service) precheck(ctx context.Context, gitlab *gitlabapi.Client, req CreateRequest) (gitlabapi.Agent, []gitlabapi.Token, error) {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	project := gitlabapi.ProjectID(req.Project)
	agent, err := gitlab.Agent(ctx, project, req.Agent)
	if err != nil {
		return agent, nil, err
	}
	before, err := gitlab.Tokens(ctx, project, req.Agent)
	if err != nil {
		return agent, nil, err
	}
	// A second submit finds the token of the first, which may have filled the limit: what
	// it led to is the better answer then.
	if result, used, err := s.nonces.Result(ctx, req.Form.Nonce); err != nil {
		return agent, nil, err
	} else if used {
		return agent, nil, &UsedError{Result: result}
	}
	return agent, before, withinLimit(before)
}

// create sends the one POST. Whatever happens, it is not sent again.
func (s *Service) create(ctx context.Context, gitlab *gitlabapi.Client, req CreateRequest, row *row, agent gitlabapi.Agent, before []gitlabapi.Token) (gitlabapi.CreatedToken, error) {
	created, err := gitlab.CreateToken(ctx, gitlabapi.ProjectID(req.Project), agent.ID, req.Token)
	row.finish(ctx, outcomeOf(err), audit.Target{TokenID: created.ID, TokenName: created.Name})
	s.created(outcomeOf(err))
	if err == nil {
		s.remember(ctx, req.Form, NonceResult{
			ProjectID: req.Project, AgentID: agent.ID, TokenID: created.ID, TokenName: created.Name,
		})
		return created, nil
	}
	if !gitlabapi.OutcomeUnknown(err) {
		return created, err
	}
	unknown := s.reconcile(ctx, gitlab, req, agent, before, err)
	outcome, found := unknown.outcome()
	row.reconciled(ctx, outcome, found)
	return created, unknown
}

// reconcile looks for the token that a create of unknown outcome may have left behind. It
// compares ids, never clocks: GitLab's ids grow, its clock is not ours.
func (s *Service) reconcile(ctx context.Context, gitlab *gitlabapi.Client, req CreateRequest, agent gitlabapi.Agent, before []gitlabapi.Token, cause error) *UnknownTokenError {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lookTimeout)
	defer cancel()
	unknown := &UnknownTokenError{Cause: cause, Project: projectOf(agent), Agent: agentread.AgentOf(agent)}
	now, err := gitlab.Tokens(ctx, gitlabapi.ProjectID(req.Project), agent.ID)
	if err != nil {
		unknown.Lookup = err
		return unknown
	}
	unknown.Checked = true
	for _, token := range now {
		if !isCandidate(token, before, req) {
			continue
		}
		candidate := agentread.TokenOf(token)
		if detail, err := gitlab.Token(ctx, gitlabapi.ProjectID(req.Project), agent.ID, token.ID); err == nil {
			candidate = agentread.TokenWithUse(detail)
		}
		if candidate.LastUsedAt.IsZero() {
			unknown.Candidates = append(unknown.Candidates, candidate)
		}
	}
	if len(unknown.Candidates) == 1 {
		only := unknown.Candidates[0]
		s.remember(ctx, req.Form, NonceResult{
			ProjectID: req.Project, AgentID: agent.ID, TokenID: only.ID, TokenName: only.Name,
		})
	}
	return unknown
}

// isCandidate reports whether token can be the one that req asked for.
func isCandidate(token gitlabapi.Token, before []gitlabapi.Token, req CreateRequest) bool {
	newest := int64(0)
	if len(before) > 0 {
		newest = slices.MaxFunc(before, func(a, b gitlabapi.Token) int { return cmp.Compare(a.ID, b.ID) }).ID
	}
	return token.ID > newest && token.CreatedByUserID == req.Form.Actor.ID && token.Name == req.Token.Name
}
