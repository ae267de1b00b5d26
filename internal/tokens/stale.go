package tokens

import (
	"context"
	"errors"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/internal/activity"
	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/agentread"
	"gitlab-agent-portal/internal/audit"
	"gitlab-agent-portal/internal/parallel"
)

// What keeps DeleteStale from deleting. Nothing was changed.
var (
	ErrNotStale       = errors.New("the agent is not stale")
	ErrContactUnknown = errors.New("it is not known when the agent was last in contact")
	ErrNotManageable  = errors.New("the agent's project takes no changes from the person")
)

// StaleCheck decides, right before an agent would be deleted, whether it is stale.
type StaleCheck struct {
	// Look reads an agent anew, with all that is known of its last contact. An error keeps the agent.
	Look func(ctx context.Context, ref agentread.Ref) (agentread.ProjectAgent, error)
	// IsStale judges what was read.
	IsStale func(agent.Agent) bool
}

// StaleResult is how the deletion of one agent of a list ended. What could not be read of it has its
// number only.
type StaleResult struct {
	Project agent.Project
	Agent   agent.Agent
	// Err is nil for an agent that is gone.
	Err error
}

// DeleteStale deletes those of the agents that are still stale, a few at once, and says how each of
// them ended: what a list showed may be over, the person's rights included. An agent that is gone counts as deleted, so that a list
// can be worked off twice.
//
// It goes on without ctx, as RevokeUnused does. The errors in the results are ErrNotStale,
// ErrContactUnknown, ErrNotManageable, those of check.Look and those of Delete; *budget.SpentError when nothing was begun.
func (s *Service) DeleteStale(ctx context.Context, gitlab *gitlabapi.Client, actor Actor, refs []agentread.Ref, check StaleCheck) ([]StaleResult, error) {
	if err := s.changes.Take(ctx, actor.ID, len(refs)); err != nil {
		s.refused(ctx, actor.event(activity.AgentDelete, audit.Claim{}, audit.Target{}), err)
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), unusedTimeout)
	defer cancel()
	results := make([]StaleResult, len(refs))
	failed := parallel.Each(maxParallelRevokes, refs, func(i int, ref agentread.Ref) error {
		results[i].Project.ID, results[i].Agent.ID = ref.Project, ref.Agent
		return s.deleteStale(ctx, gitlab, actor, ref, check, &results[i])
	})
	for i, err := range failed {
		if results[i].Err = err; err != nil {
			s.log.WarnContext(ctx, "deleting a stale agent", "agent", refs[i].Agent, "error", err)
		}
	}
	return results, nil
}

// deleteStale deletes one agent of a list, if it is still what the list showed.
func (s *Service) deleteStale(ctx context.Context, gitlab *gitlabapi.Client, actor Actor, ref agentread.Ref, check StaleCheck, result *StaleResult) error {
	found, err := check.Look(ctx, ref)
	if err != nil {
		s.refused(ctx, actor.event(activity.AgentDelete, audit.Claim{ProjectID: ref.Project, AgentID: ref.Agent}, audit.Target{}), err)
		return goneAlready(ctx, gitlab, ref, err)
	}
	result.Project, result.Agent = found.Project, found.Agent
	req := DeleteRequest{
		Actor: actor, Project: ref.Project, ProjectPath: found.Project.Path, Agent: ref.Agent, AgentName: found.Agent.Name,
	}
	if err := stillStale(found, check.IsStale); err != nil {
		s.refused(ctx, req.event(), err)
		return err
	}
	return s.delete(ctx, gitlab, req)
}

// goneAlready is nil where GitLab shows the project of an agent that it does not show: somebody was
// faster.
func goneAlready(ctx context.Context, gitlab *gitlabapi.Client, ref agentread.Ref, err error) error {
	if !errors.Is(err, gitlabapi.ErrNotFound) {
		return err
	}
	_, lookup := gitlab.Project(ctx, gitlabapi.ProjectID(ref.Project))
	return lookup
}

// stillStale says why an agent is not, or no longer, one of those to delete.
func stillStale(found agentread.ProjectAgent, isStale func(agent.Agent) bool) error {
	switch {
	case !found.Project.Access.CanManage():
		return ErrNotManageable
	case !found.Agent.UseKnown():
		return ErrContactUnknown
	case !isStale(found.Agent):
		return ErrNotStale
	default:
		return nil
	}
}
