package agentconfig

import "strings"

// Verdict is what GitLab makes of a grant, as far as the file tells: it also drops, without a word,
// groups and projects that do not exist.
type Verdict string

// The verdicts.
const (
	// VerdictInEffect: nothing in the file is against it.
	VerdictInEffect Verdict = "in_effect"
	// VerdictAdministrator: an administrator has to allow grants to the instance (InstanceSince).
	VerdictAdministrator Verdict = "administrator"
	// VerdictOutside: dropped, since it is outside the project's top-level group or personal
	// namespace, unless an administrator allows that.
	VerdictOutside Verdict = "outside"
	// VerdictPersonal: dropped, since a personal namespace has no groups.
	VerdictPersonal Verdict = "personal"
	// VerdictPath: dropped, since no project has a path without a group or person.
	VerdictPath Verdict = "path"
	// VerdictLimit: dropped, since only the first MaxGrants of a list count.
	VerdictLimit Verdict = "limit"
	// VerdictRepeated: dropped, since the same path comes again, and the last one counts.
	VerdictRepeated Verdict = "repeated"
	// VerdictIdentity: refused before IdentityOptionalSince, as user_access has no access_as; in
	// effect from then on, with the agent's own identity.
	VerdictIdentity Verdict = "identity"
)

// Dropped reports whether the grant counts nowhere, or only where an administrator allows it.
func (v Verdict) Dropped() bool {
	switch v {
	case VerdictOutside, VerdictPersonal, VerdictPath, VerdictLimit, VerdictRepeated:
		return true
	default:
		return false
	}
}

// The versions of GitLab from which something holds.
const (
	// InstanceSince: an administrator can allow "instance-level authorization", and with it grants
	// to the instance.
	InstanceSince = "17.11"
	// CIOutsideSince: that setting also allows groups and projects outside the top-level group, in
	// ci_access.
	CIOutsideSince = "18.1"
	// UserOutsideSince: the same, in user_access.
	UserOutsideSince = "18.4"
	// IdentityOptionalSince: user_access without access_as means the agent's own identity.
	IdentityOptionalSince = "18.3"
)

// MaxGrants is how many groups and how many projects of one list GitLab looks at.
const MaxGrants = 500

// Home is the project in which an agent is configured.
type Home struct {
	Project string // full path
	// Personal says that it is known to be in a person's namespace.
	Personal bool
}

// Root is the top-level group, or the personal namespace, of the project.
func (h Home) Root() string { return root(h.Project) }

// holds reports whether a path lies in the root, or is it. GitLab looks paths up without regard to
// case.
func (h Home) holds(path string) bool { return strings.EqualFold(root(path), h.Root()) }

// Judge is the configuration with GitLab's verdict on each grant. It follows GitLab's services
// Clusters::Agents::Authorizations::{CiAccess,UserAccess}::RefreshService, and
// https://docs.gitlab.com/user/clusters/agent/ci_cd_workflow/#authorize-agent-access.
func Judge(config Config, home Home) Config {
	in := VerdictInEffect
	config.CI = judgeAccess(config.CI, home, in)
	if !config.User.Identity {
		in = VerdictIdentity
	}
	config.User = judgeAccess(config.User, home, in)
	return config
}

// judgeAccess judges one list; in is the verdict on what nothing else is against.
func judgeAccess(access Access, home Home, in Verdict) Access {
	if access.Instance != nil {
		everybody := *access.Instance
		everybody.Verdict = VerdictAdministrator
		access.Instance = &everybody
	}
	access.Groups = judgeList(access.Groups, func(path string) Verdict { return judgeGroup(path, home, in) })
	access.Projects = judgeList(access.Projects, func(path string) Verdict { return judgeProject(path, home, in) })
	return access
}

func judgeGroup(path string, home Home, in Verdict) Verdict {
	switch {
	case !home.holds(path):
		return VerdictOutside
	case home.Personal:
		return VerdictPersonal
	default:
		return in
	}
}

func judgeProject(path string, home Home, in Verdict) Verdict {
	switch {
	case !strings.Contains(path, "/"):
		return VerdictPath
	case !home.holds(path):
		return VerdictOutside
	default:
		return in
	}
}

// judgeList judges each grant by its path, its place in the list, and what comes after it.
func judgeList(grants []Grant, judge func(path string) Verdict) []Grant {
	last := map[string]int{}
	for i, grant := range grants[:min(len(grants), MaxGrants)] {
		last[strings.ToLower(grant.Path)] = i
	}
	var judged []Grant
	for i, grant := range grants {
		switch {
		case i >= MaxGrants:
			grant.Verdict = VerdictLimit
		case last[strings.ToLower(grant.Path)] != i:
			grant.Verdict = VerdictRepeated
		default:
			grant.Verdict = judge(grant.Path)
		}
		judged = append(judged, grant)
	}
	return judged
}

// root is the first part of a path.
func root(path string) string {
	first, _, _ := strings.Cut(path, "/")
	return first
}
