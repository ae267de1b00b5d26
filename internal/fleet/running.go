package fleet

import (
	"cmp"
	"strings"

	"gitlab-agent-portal/internal/agent"
)

// Untold is why the versions of an agent are not known. Its text is its name in exports and
// catalogues.
type Untold string

// The reasons. The zero value is none: GitLab told, though there may be nothing connected.
const (
	// UntoldRole: GitLab tells them to Maintainers only.
	UntoldRole Untold = "role"
	// UntoldReadOnly: it tells nobody, since the project takes no changes.
	UntoldReadOnly Untold = "read_only"
	// UntoldUnanswered: it did not answer, as without GraphQL or its agent server.
	UntoldUnanswered Untold = "unanswered"
)

// Untold is why the agent's versions are not known.
func (a Agent) Untold() Untold {
	switch {
	case a.Running.Known:
		return ""
	case a.Project.ShowsConnections():
		return UntoldUnanswered
	case a.Project.Maintains:
		return UntoldReadOnly
	default:
		return UntoldRole
	}
}

// VersionList are the versions of what is connected, ready to print; empty for none and for unknown.
func (a Agent) VersionList() string { return strings.Join(a.Running.Versions, ", ") }

// byVersion puts the oldest version first, then what is not connected, and what is not known last.
func byVersion(a, b Row) int {
	order := cmp.Compare(versionRank(a.Running), versionRank(b.Running))
	if order == 0 && len(a.Running.Versions) > 0 {
		return agent.CompareVersions(a.Running.Versions[0], b.Running.Versions[0])
	}
	return order
}

func versionRank(r agent.Running) int {
	switch {
	case len(r.Versions) > 0:
		return 0
	case r.Known:
		return 1
	default:
		return 2
	}
}
