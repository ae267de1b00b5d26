package views

import (
	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/i18n"
)

// SharedModel is the list of agents of other projects that a project may use.
type SharedModel struct {
	Project Project
	Agents  []SharedAgent
	// More says that there are more than are listed.
	More bool
	// Unknown is why GitLab told of none; empty where it told.
	Unknown SharedGap
}

// SharedGap is why it is not known which agents are shared. Its text is its name in the catalogue.
type SharedGap string

// The reasons.
const (
	SharedForbidden   SharedGap = "forbidden"   // for Developers only
	SharedUnsupported SharedGap = "unsupported" // no GraphQL, or one before 16.1
	SharedUnanswered  SharedGap = "unanswered"
)

// SharedAgent is one agent of another project.
type SharedAgent struct {
	ID   int64
	Name string
	// ProjectID is 0 where the person may not see the project.
	ProjectID   int64
	ProjectPath string
	// Seen is the agent where the person may open it; nil where they may not.
	Seen *agent.Agent
	// CI and User say by which keyword of the agent's configuration.
	CI, User bool
	// Environments and ProtectedRefs narrow the grant.
	Environments  []string
	ProtectedRefs bool
}

// gap says why nothing is listed.
func (m SharedModel) gap(l *i18n.Printer) Notice {
	return Notice{Kind: NoticeInfo, Title: l.T("shared.unknown.title"), Text: l.T("shared.unknown." + string(m.Unknown))}
}

// maxSharedEnvironments is how many environments are named.
const maxSharedEnvironments = 5

// narrowed says to what the grant is narrowed; empty for nothing.
func (a SharedAgent) narrowed(l *i18n.Printer) string {
	named := a.Environments[:min(len(a.Environments), maxSharedEnvironments)]
	var sentences []string
	if len(named) > 0 {
		sentences = append(sentences, l.N("shared.environments", len(a.Environments), "Names", l.List(named)))
	}
	if a.ProtectedRefs {
		sentences = append(sentences, l.T("shared.protected"))
	}
	return l.Sentences(sentences...)
}
