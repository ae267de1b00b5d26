package gitlabapi

import "time"

// ProjectAgents is a project with its agents as GraphQL tells of them. It is complete: a project
// of which GitLab left anything unanswered is missing where several are read, and an error where
// one is.
type ProjectAgents struct {
	ProjectDetail
	// Agents are in GitLab's order, by name.
	Agents []AgentDetail
}

// ProjectDetail is what GraphQL tells of a project, and of what the person may do there
// (https://docs.gitlab.com/api/graphql/reference/#project).
type ProjectDetail struct {
	ID             int64
	Name, FullPath string
	// Archived is the project's own flag, not that of a group above it.
	Archived bool
	// DefaultBranch is empty where nobody asked, and for those who may not read the repository.
	DefaultBranch string
	// AdminProject is the ability admin_project, which at least Maintainers have.
	AdminProject bool
	// PushCode is the ability push_code, which nobody has where the project or a group above it is
	// archived, where the project is scheduled for deletion, or where its repository is switched
	// off: there GitLab takes no change of agents either.
	PushCode bool
}

// AgentDetail is one agent and its active tokens.
type AgentDetail struct {
	ID        int64
	Name      string
	CreatedAt time.Time
	CreatedBy Person // zero: GitLab no longer knows
	// Receptive is that of Agent; false where the instance knows no receptive agents.
	Receptive bool
	Tokens    []TokenUse
	// TokenCount is the number of active tokens. It may exceed len(Tokens) on
	// instances older than 16.2: a query reads at most 20 of one agent.
	TokenCount int
}

// TokenUse is an active token and its last use.
type TokenUse struct {
	ID        GlobalID  `json:"id"`
	Name      string    `json:"name"`
	CreatedAt time.Time `json:"createdAt"`
	// LastUsedAt is zero for a token that was never used. GitLab may be up to an
	// hour behind.
	LastUsedAt time.Time `json:"lastUsedAt"`
	CreatedBy  Person    `json:"createdByUser"` // zero: GitLab no longer knows
}

// Person is an account as GraphQL shows it beside what it created.
type Person struct {
	ID       GlobalID `json:"id"` // 0 where it was not asked for
	Name     string   `json:"name"`
	Username string   `json:"username"`
	// State is "" where it was not asked for; see User.
	State string `json:"state"`
}
