package fleet

import (
	"slices"
	"strings"
	"time"

	"gitlab-agent-portal/internal/agentstatus"
)

// Snapshot is the fleet of one person at one time. It is shared between readers
// and never changes: whoever gets one reads it only.
type Snapshot struct {
	Projects []*Project // every project in which the person is at least Developer, by path
	Agents   []Agent    // by project path, then by name
	// Warnings say what is missing and why, by project path. Ordinary views ask
	// again for these projects; see Service.Look.
	Warnings []Warning
	// Fallback is why the tokens of some agents are unknown; FallbackNone when
	// GraphQL told everything.
	Fallback Fallback
	// ReadAt is when the reading began: nothing here is older.
	ReadAt time.Time
	// RetryAt is until when GitLab wants to be left alone; zero: it did not say.
	RetryAt time.Time
}

// Project is a project of the fleet, with agents or without.
type Project struct {
	ID   int64
	Name string
	Path string // with its groups: "shop/web/api"
	// CanManage says that the person may register, delete, create and revoke here:
	// at least Maintainer or an administrator, in a project that is not archived. It
	// is for what is offered; GitLab decides about every change.
	CanManage bool
	Archived  bool
}

// Group is the path of the group, or of the person, that the project lies in.
func (p *Project) Group() string {
	return p.Path[:max(strings.LastIndexByte(p.Path, '/'), 0)]
}

// Agent is a row of the fleet.
type Agent struct {
	Project   *Project
	ID        int64
	Name      string
	CreatedAt time.Time
	// TokensKnown is false where nobody could be asked about the tokens: that is
	// not the same as having none.
	TokensKnown bool
	Tokens      []Token // the active ones
	// TokenCount is the number of active tokens. It may exceed len(Tokens) on
	// instances older than 16.2.
	TokenCount int
}

// Token is an active token of an agent.
type Token struct {
	ID        int64
	Name      string
	CreatedAt time.Time
	// LastUsedAt is zero for a token that was never used.
	LastUsedAt time.Time
	// CreatorUsername is what GraphQL tells of who created it, and CreatorID what REST does; the
	// other one is empty, and both are where GitLab no longer knows.
	CreatorUsername string
	CreatorID       int64
}

// StatusTokens are the tokens as the rules of agentstatus want them; only to be
// asked when TokensKnown.
func (a Agent) StatusTokens() []agentstatus.Token {
	tokens := make([]agentstatus.Token, 0, len(a.Tokens))
	for _, t := range a.Tokens {
		tokens = append(tokens, agentstatus.Token{CreatedAt: t.CreatedAt, LastUsedAt: t.LastUsedAt})
	}
	return tokens
}

// Status is the agent's status and last contact; Unknown unless TokensKnown.
func (a Agent) Status(now time.Time) (agentstatus.Status, time.Time) {
	if !a.TokensKnown {
		return agentstatus.Unknown, time.Time{}
	}
	return agentstatus.Of(a.StatusTokens(), now)
}

// Warning says that something is missing from the fleet.
type Warning struct {
	// Project is whose agents are missing; nil where it is not about one project.
	Project *Project
	Kind    WarningKind
	// lasting says that asking again would not help.
	lasting bool
}

// failures are the warnings of what may be there the next time.
func (s *Snapshot) failures() []Warning {
	return slices.DeleteFunc(slices.Clone(s.Warnings), func(w Warning) bool { return w.lasting })
}

// WarningKind is why something is missing.
type WarningKind int

// The kinds. The first four have a Project.
const (
	Unavailable WarningKind = iota // GitLab failed: 5xx, a broken connection, nonsense
	Slow                           // GitLab did not answer in time
	NotVisible                     // GitLab says that it does not exist or is not the person's to see
	RateLimited                    // GitLab wants to be left alone until Snapshot.RetryAt

	// ListIncomplete: the list of projects broke off, or is longer than Config.MaxProjects.
	ListIncomplete
	// RolesUnknown: what may be managed could not be asked; CanManage is false, or
	// Archived is, where it should be true.
	RolesUnknown
)

// Fallback is why agents were read without GraphQL, so without their tokens.
type Fallback int

// The reasons, from good to bad.
const (
	FallbackNone        Fallback = iota
	FallbackPartial              // GraphQL left some projects out
	FallbackSlow                 // GraphQL did not answer in time
	FallbackUnavailable          // GraphQL failed: 5xx, a broken connection, nonsense, a limit of rate
	FallbackTooComplex           // the instance refuses even the smallest query
	FallbackRefused              // GraphQL is forbidden to the person
	FallbackUnsupported          // no answer: the instance does not know the query, or has no GraphQL
)

// String names the reason in logs, metrics and catalogues.
func (f Fallback) String() string {
	return [...]string{"none", "partial", "slow", "unavailable", "too_complex", "refused", "unsupported"}[f]
}

// String names the kind in logs, exports and catalogues.
func (k WarningKind) String() string {
	return [...]string{"unavailable", "slow", "not_visible", "rate_limited", "list_incomplete", "roles_unknown"}[k]
}

// Progress is how far a scan is.
type Progress struct {
	Done int // projects
	// Total is 0 while the projects are still being listed.
	Total int
}
