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
	// Frozen is why GitLab takes no change of agents from anybody although the project itself is not
	// archived: empty where it does, AccessFrozen where the reason is not known.
	Frozen Access
	// Maintains says that the person is at least Maintainer.
	Maintains bool
	Access    Access
}

// ShowsConnections reports whether GitLab tells the person of the connections and the activity of
// the project's agents: for everybody else their lists are empty, without an error.
func (p Project) ShowsConnections() bool { return p.Maintains && !p.Archived && p.Frozen == "" }

// MayPush reports whether changes of the repository are to be offered to somebody who may see the
// project's agents, and so is at least Developer: on a branch of their own, if not on the default one.
func (p Project) MayPush() bool {
	if p.Access == AccessPortal || p.Archived {
		return false
	}
	return p.Frozen == "" || p.Frozen == AccessInfrastructure
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
	// AccessFrozen: GitLab takes no change from anybody, for one of the reasons that follow.
	AccessFrozen Access = "frozen"
	// AccessAncestor: a group above the project is archived.
	AccessAncestor Access = "ancestor"
	// AccessDeletion: the project, or a group above it, is scheduled for deletion.
	AccessDeletion Access = "deletion"
	// AccessRepository: the project's repository is switched off.
	AccessRepository Access = "repository"
	// AccessInfrastructure: the project's feature Infrastructure is switched off.
	AccessInfrastructure Access = "infrastructure"
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
	case p.Frozen != "":
		p.Access = p.Frozen
	default:
		p.Access = AccessManage
	}
}

// deletionMark is what GitLab appends to the path of a project or group that is scheduled for
// deletion, with its number behind.
const deletionMark = "-deletion_scheduled-"

// ScheduledForDeletion reports whether the path says so: it often does, and never without reason.
func (p Project) ScheduledForDeletion() bool { return strings.Contains(p.Path, deletionMark) }
