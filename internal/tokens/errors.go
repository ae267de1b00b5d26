package tokens

import (
	"fmt"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/internal/store"
)

// ActiveLimit is how many active tokens GitLab allows an agent since 16.2
// (https://docs.gitlab.com/ee/api/cluster_agents.html#create-an-agent-token).
const ActiveLimit = 2

// LimitError says that the agent has as many active tokens as GitLab allows. Nothing was sent.
type LimitError struct {
	Active []gitlabapi.Token
}

func (e *LimitError) Error() string {
	return fmt.Sprintf("the agent has %d active tokens already", len(e.Active))
}

// NameTakenError says that the project has an agent of that name. Nothing was sent.
type NameTakenError struct {
	Agent gitlabapi.Agent
}

func (e *NameTakenError) Error() string {
	return fmt.Sprintf("the project has an agent named %q already", e.Agent.Name)
}

// UsedError says that the form was sent before and is done. Nothing was sent again.
type UsedError struct {
	// Result is what the first submit led to; zero when that is not known.
	Result store.NonceResult
}

func (e *UsedError) Error() string { return "the form was used before" }

// UnknownTokenError says that nobody knows whether GitLab created the token.
type UnknownTokenError struct {
	// Cause is the failure of the create.
	Cause error
	// Agent is the agent concerned.
	Agent gitlabapi.Agent
	// Candidates are the tokens that the create may have left behind: newer than all that
	// were there before, by the same person, of the same name, never used.
	Candidates []gitlabapi.Token
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
func (e *UnknownTokenError) outcome() (store.AuditOutcome, store.AuditTarget) {
	switch {
	case !e.Checked, len(e.Candidates) > 1:
		return store.AuditUnknown, store.AuditTarget{}
	case len(e.Candidates) == 1:
		return store.AuditOK, store.AuditTarget{TokenID: e.Candidates[0].ID}
	default:
		return store.AuditFailed, store.AuditTarget{}
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
