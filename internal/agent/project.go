package agent

import "strings"

// Project is a project whose agents are shown, and what the person who asks may do with them.
type Project struct {
	ID int64
	// Name is the project's own, Path its full path with its groups: "shop/web/api".
	Name, Path string
	// Description and DefaultBranch are empty where nobody asked; the branch also for those who
	// may not read the repository.
	Description, DefaultBranch string
	// Archived is the project's own flag.
	Archived bool
	// Frozen says that GitLab takes no change of the project from anybody, for another reason.
	Frozen bool
	// Maintains says that the person is at least Maintainer.
	Maintains bool
	Access    Access
}

// ShowsConnections reports whether GitLab tells the person of the connections and the activity of
// the project's agents: for everybody else their lists are empty, without an error.
func (p Project) ShowsConnections() bool { return p.Maintains && !p.Archived && !p.Frozen }

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

// SetAccess works out the access to a project from what else is known of it.
func (p *Project) SetAccess() {
	switch {
	case p.Archived:
		p.Access = AccessArchived
	case !p.Maintains:
		p.Access = AccessRole
	case p.Frozen:
		p.Access = AccessFrozen
	default:
		p.Access = AccessManage
	}
}
