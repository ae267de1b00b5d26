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
	// VerdictPersonal: dropped, since a project in a personal namespace can grant to itself only.
	VerdictPersonal Verdict = "personal"
	// VerdictPath: dropped, since no project has a path without a group or person.
	VerdictPath Verdict = "path"
	// VerdictLimit: dropped, since only the first MaxGrants of a list count.
	VerdictLimit Verdict = "limit"
	// VerdictRepeated: dropped, since the same path comes again, and the last one counts.
	VerdictRepeated Verdict = "repeated"
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
	config.CI, config.User = judgeAccess(config.CI, home), judgeAccess(config.User, home)
	return config
}

// judgeAccess judges one list.
func judgeAccess(access Access, home Home) Access {
	if access.Instance != nil {
		everybody := *access.Instance
		everybody.Verdict = VerdictAdministrator
		access.Instance = &everybody
	}
	access.Groups = judgeList(access.Groups, func(path string) Verdict { return judgeGroup(path, home) })
	access.Projects = judgeList(access.Projects, func(path string) Verdict { return judgeProject(path, home) })
	return access
}

func judgeGroup(path string, home Home) Verdict {
	switch {
	case !home.holds(path):
		return VerdictOutside
	case home.Personal:
		return VerdictPersonal
	default:
		return VerdictInEffect
	}
}

func judgeProject(path string, home Home) Verdict {
	switch {
	case !strings.Contains(path, "/"):
		return VerdictPath
	case !home.holds(path):
		return VerdictOutside
	case home.Personal && !strings.EqualFold(path, home.Project):
		return VerdictPersonal
	default:
		return VerdictInEffect
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
