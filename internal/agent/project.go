package agent

import "strings"

// Project is a project whose agents are shown, and what the person who asks may do with them.
type Project struct {
	ID int64
	// Name is the project's own, Path its full path with its groups: "shop/web/api".
	Name, Path string
	// DefaultBranch is empty for those who may not read the repository, and where nobody asked.
	DefaultBranch string
	// Archived is the project's own flag.
	Archived bool
	Access   Access
}

// Group is the path of the group, or of the person, that the project lies in.
func (p Project) Group() string { return p.Path[:max(strings.LastIndexByte(p.Path, '/'), 0)] }

// Access says whether a person may register, delete, create and revoke in a project, or why they
// may only read. It is for what is offered: GitLab decides about every change.
type Access string

// The kinds of access. The zero value is none.
const (
	// AccessManage allows every change: at least Maintainer, in a project that can be changed.
	AccessManage Access = "manage"
	// AccessRole: a Maintainer is needed.
	AccessRole Access = "role"
	// AccessArchived: the project is archived.
	AccessArchived Access = "archived"
	// AccessFrozen: GitLab takes no change from anybody, since a group above the project is
	// archived, the project is scheduled for deletion, or its repository is switched off.
	AccessFrozen Access = "frozen"
	// AccessPortal: the portal itself only reads.
	AccessPortal Access = "portal"
)

// CanManage reports whether changes are to be offered.
func (a Access) CanManage() bool { return a == AccessManage }

// Rights are what GitLab says of a person in a project.
type Rights struct {
	// Maintains says that the person is at least Maintainer, or may do what one may.
	Maintains bool
	// Frozen says that GitLab takes no change of the project from anybody.
	Frozen bool
}

// AccessOf is what rights come to in a project that may be archived.
func AccessOf(rights Rights, archived bool) Access {
	switch {
	case archived:
		return AccessArchived
	case !rights.Maintains:
		return AccessRole
	case rights.Frozen:
		return AccessFrozen
	default:
		return AccessManage
	}
}
