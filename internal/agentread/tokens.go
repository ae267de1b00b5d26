package agentread

import (
	"context"
	"errors"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/internal/agent"
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
