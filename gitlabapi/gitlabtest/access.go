package gitlabtest

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// AccessLevel is a role, by GitLab's numbers.
type AccessLevel int

// The roles of GitLab.
const (
	NoAccess      AccessLevel = 0
	MinimalAccess AccessLevel = 5
	Guest         AccessLevel = 10
	Planner       AccessLevel = 15
	Reporter      AccessLevel = 20
	// SecurityManager is above Reporter, but sees no agents.
	SecurityManager AccessLevel = 25
	Developer       AccessLevel = 30
	Maintainer      AccessLevel = 40
	Owner           AccessLevel = 50
)

// String is the role's name as GitLab shows it.
func (l AccessLevel) String() string {
	switch l {
	case NoAccess:
		return "No access"
	case MinimalAccess:
		return "Minimal Access"
	case Guest:
		return "Guest"
	case Planner:
		return "Planner"
	case Reporter:
		return "Reporter"
	case SecurityManager:
		return "Security Manager"
	case Developer:
		return "Developer"
	case Maintainer:
		return "Maintainer"
	case Owner:
		return "Owner"
	default:
		return "Level " + strconv.Itoa(int(l))
	}
}

// memberLevel is a person's effective role as a member: directly, by a group anywhere above the
// project, or as the owner of the personal namespace.
func (st *store) memberLevel(u *User, p *Project) AccessLevel {
	level := st.projectMembers[membership{p.ID, u.ID}]
	if p.Group == 0 && p.Owner == u.ID {
		level = Owner
	}
	return max(level, st.groupLevel(u, p.Group))
}

// groupLevel is a person's role in a group, inherited from the groups above it.
func (st *store) groupLevel(u *User, group int64) AccessLevel {
	level := NoAccess
	for g := st.groups[group]; g != nil; g = st.groups[g.Parent] {
		level = max(level, st.groupMembers[membership{g.ID, u.ID}])
	}
	return level
}

// canReadProject says whether u sees the project at all.
func (st *store) canReadProject(u *User, p *Project) bool {
	switch {
	case u.Admin, u.Auditor, p.Visibility == Public, p.Visibility == Internal && !u.External:
		return true
	default:
		return st.memberLevel(u, p) >= Guest
	}
}

// canReadAgents is the ability read_cluster_agent.
func (st *store) canReadAgents(u *User, p *Project) bool {
	return u.Admin || st.memberLevel(u, p) >= Developer
}

// canAdminCluster are the abilities create_cluster and admin_cluster, which nobody has in a
// project that is not active, or whose repository or infrastructure is switched off.
func (st *store) canAdminCluster(u *User, p *Project) bool {
	if !st.isActive(p) || p.RepositoryDisabled || p.InfrastructureDisabled {
		return false
	}
	return u.Admin || st.memberLevel(u, p) >= Maintainer
}

// canPush is the ability push_code. It goes where agents cannot be changed either, but for the
// feature Infrastructure.
func (st *store) canPush(u *User, p *Project) bool {
	if !st.isActive(p) || p.RepositoryDisabled {
		return false
	}
	return u.Admin || st.memberLevel(u, p) >= Developer
}

// isActive says whether neither the project nor a group above it is archived or scheduled for
// deletion.
func (st *store) isActive(p *Project) bool {
	for g := st.groups[p.Group]; g != nil; g = st.groups[g.Parent] {
		if g.Archived || g.DeletionScheduled {
			return false
		}
	}
	return !p.Archived && !p.DeletionScheduled
}

// fullPath is the project's address below the instance, such as "shop/backend/api".
func (st *store) fullPath(p *Project) string {
	return st.namespacePath(p) + "/" + p.Path
}

func (st *store) namespacePath(p *Project) string {
	if p.Group == 0 {
		if owner := st.users[p.Owner]; owner != nil {
			return owner.Username
		}
		return "root"
	}
	return st.groupPath(p.Group)
}

func (st *store) groupPath(group int64) string {
	return strings.Join(st.groupChain(group, func(g *Group) string { return g.Path }), "/")
}

// fullName is the project's name with those of the groups above it, such as "Shop / Backend / API".
func (st *store) fullName(p *Project) string {
	if p.Group == 0 {
		if owner := st.users[p.Owner]; owner != nil {
			return owner.Name + " / " + p.Name
		}
		return "Administrator / " + p.Name
	}
	names := st.groupChain(p.Group, func(g *Group) string { return g.Name })
	return strings.Join(append(names, p.Name), " / ")
}

// groupChain is a property of the group and of those above it, outermost first.
func (st *store) groupChain(group int64, property func(*Group) string) []string {
	var out []string
	for g := st.groups[group]; g != nil; g = st.groups[g.Parent] {
		out = append([]string{property(g)}, out...)
	}
	return out
}

// projectByPath finds a project by its full path, which GitLab compares without regard to case.
func (st *store) projectByPath(path string) *Project {
	for _, p := range st.projects {
		if strings.EqualFold(st.fullPath(p), path) {
			return p
		}
	}
	return nil
}

func (st *store) groupByPath(path string) *Group {
	for _, g := range st.groups {
		if strings.EqualFold(st.groupPath(g.ID), path) {
			return g
		}
	}
	return nil
}

// projectAgents are the agents of a project in GitLab's order, by name.
func (st *store) projectAgents(project int64) []*Agent {
	return slices.SortedFunc(slices.Values(st.agentsIn[project]), byName)
}

// byName is GitLab's order of agents.
func byName(a, b *Agent) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) }
