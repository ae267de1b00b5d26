package agentread

import (
	"context"
	"errors"
	"sync"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/parallel"
)

// Tokens reads an agent's active tokens by REST, one by one, since its list does not tell when
// they were used.
func (r *Reader) Tokens(ctx context.Context, project, agentID int64) ([]agent.Token, error) {
	listed, err := r.gitlab.Tokens(ctx, gitlabapi.ProjectID(project), agentID)
	if err != nil {
		return nil, err
	}
	tokens := make([]agent.Token, 0, len(listed))
	for _, token := range listed {
		detail, err := r.gitlab.Token(ctx, gitlabapi.ProjectID(project), agentID, token.ID)
		switch {
		case errors.Is(err, gitlabapi.ErrNotFound): // revoked meanwhile
		case err != nil:
			return nil, err
		default:
			tokens = append(tokens, TokenWithUse(detail))
		}
	}
	return tokens, nil
}

// names looks up in group who created the agents, as far as that is worth it. The names, by the
// person's number, may be read once the group is done.
func (r *Reader) names(ctx context.Context, group *parallel.Group, agents []*agent.Agent) map[int64]string {
	var mu sync.Mutex
	names := map[int64]string{0: ""}
	for _, one := range agents {
		id := one.CreatedBy.ID
		mu.Lock()
		_, asked := names[id]
		if !asked {
			names[id] = ""
		}
		enough := len(names) > maxPeopleRead+1
		mu.Unlock()
		if asked || enough {
			continue
		}
		group.Go(func() error {
			if user, err := r.gitlab.User(ctx, id); err == nil {
				mu.Lock()
				defer mu.Unlock()
				names[id] = user.Name
			}
			return nil
		})
	}
	return names
}
