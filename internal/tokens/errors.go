package tokens

import (
	"fmt"

	"gitlab-agent-portal/internal/activity"
	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/audit"
)

// LimitError says that the agent has as many active tokens as GitLab allows. Nothing was sent.
type LimitError struct{ Active int }

func (e *LimitError) Error() string {
	return fmt.Sprintf("the agent has %d active tokens already", e.Active)
}

// NameTakenError says that the project has an agent of that name. Nothing was sent.
type NameTakenError struct{ Name string }

func (e *NameTakenError) Error() string {
	return fmt.Sprintf("the project has an agent named %q already", e.Name)
}

// UsedError says that the form was sent before and is done. Nothing was sent again.
type UsedError struct {
	// Result is what the first submit led to; zero when that is not known.
	Result NonceResult
}

func (e *UsedError) Error() string { return "the form was used before" }

// UnknownTokenError says that nobody knows whether GitLab created the token.
type UnknownTokenError struct {
	// Cause is the failure of the create.
	Cause error
	// Project and Agent are those concerned.
	Project agent.Project
	Agent   agent.Agent
	// Candidates are the tokens that the create may have left behind: newer than all that
	// were there before, by the same person, of the same name, never used.
	Candidates []agent.Token
	// Checked is false when GitLab could not be asked afterwards either; Lookup says why. It is
	// not what the create failed with, and so not among what Unwrap gives.
	Checked bool
	Lookup  error
}

func (e *UnknownTokenError) Error() string {
	text := "it is not known whether the token was created: " + e.Cause.Error()
	if e.Lookup != nil {
		text += "; looking for it afterwards: " + e.Lookup.Error()
	}
	return text
}

func (e *UnknownTokenError) Unwrap() error { return e.Cause }

// outcome is what looking for the token told, and which token was found.
func (e *UnknownTokenError) outcome() (activity.Outcome, audit.Target) {
	switch {
	case !e.Checked, len(e.Candidates) > 1:
		return activity.Unknown, audit.Target{}
	case len(e.Candidates) == 1:
		return activity.OK, audit.Target{TokenID: e.Candidates[0].ID}
	default:
		return activity.Failed, audit.Target{}
	}
}

// UnknownAgentError says that nobody knows whether GitLab registered the agent, also after
// its name was looked up.
type UnknownAgentError struct {
	Cause error
}

func (e *UnknownAgentError) Error() string {
	return "it is not known whether the agent was registered: " + e.Cause.Error()
}

func (e *UnknownAgentError) Unwrap() error { return e.Cause }
