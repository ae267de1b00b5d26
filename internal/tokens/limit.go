package tokens

import (
	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/internal/agent"
)

// withinLimit refuses a token beyond those that GitLab allows an agent.
func withinLimit(active []gitlabapi.Token) error {
	if len(active) >= agent.MaxTokens {
		return &LimitError{Active: len(active)}
	}
	return nil
}
