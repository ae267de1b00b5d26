// Package activity has the words for what was done and how it ended: the portal's own, which the
// audit keeps, and those that GitLab notes of an agent. It is pure.
package activity

// Action is what somebody did or tried to do. Its text is its name in the audit, in addresses and
// in catalogues.
type Action string

// The actions that the audit knows.
const (
	SignIn        Action = "sign_in"
	SignOut       Action = "sign_out"
	SessionsEnd   Action = "sessions_end" // from the list of one's sessions: one, all others, or all
	Refresh       Action = "refresh"      // of the session's GitLab tokens; noted when it fails
	AgentRegister Action = "agent_register"
	AgentDelete   Action = "agent_delete"
	// ReceiverCreate and ReceiverDelete say how GitLab reaches an agent, and that it no longer does.
	ReceiverCreate Action = "receiver_create"
	ReceiverDelete Action = "receiver_delete"
	TokenCreate    Action = "token_create"
	TokenRevoke    Action = "token_revoke"
	TokenStored    Action = "token_stored"  // somebody says that they stored a new token
	Reconciled     Action = "reconciled"    // the look that follows an unknown outcome
	ConfigCommit   Action = "config_commit" // of an agent's configuration file
	// MergeRequestOpen is of such a commit's branch.
	MergeRequestOpen Action = "merge_request_open"
	// AlertAcknowledge says that somebody looks after an alert, and AlertWithdraw that they do not.
	AlertAcknowledge Action = "alert_acknowledge"
	AlertWithdraw    Action = "alert_withdraw"
)

// What GitLab notes of an agent (app/models/agents/activity_event.rb). It adds kinds over time.
const (
	NotedTokenCreated Action = "token_created"
	NotedTokenRevoked Action = "token_revoked"
	NotedConnected    Action = "agent_connected"
	NotedDisconnected Action = "agent_disconnected"
)

// OfAgents lists the actions on agents and tokens, in the order in which they are offered.
func OfAgents() []Action {
	return []Action{AgentRegister, AgentDelete, TokenCreate, TokenStored, TokenRevoke, ConfigCommit, MergeRequestOpen, ReceiverCreate, ReceiverDelete, AlertAcknowledge, AlertWithdraw, Reconciled}
}

// Outcome is how an action ended. Its text is its name in the audit and in catalogues.
type Outcome string

// The outcomes. Of a reconciliation, ok means that the change was found to have happened,
// failed that it was not, and unknown that looking told nothing.
const (
	Pending Outcome = "pending" // under way
	OK      Outcome = "ok"
	Refused Outcome = "refused" // by GitLab or the portal; nothing was changed
	Failed  Outcome = "failed"  // nothing was changed
	Unknown Outcome = "unknown" // it may have happened
)

// Outcomes lists them in the order in which they are explained.
func Outcomes() []Outcome { return []Outcome{OK, Refused, Failed, Unknown, Pending} }
