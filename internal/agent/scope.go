package agent

import "strings"

// Scope is of which projects agents are looked at, as it stands in addresses. The zero value is
// ScopeMine.
type Scope string

// The scopes that name no group.
const (
	// ScopeMine are the projects that the person is a member of.
	ScopeMine Scope = ""
	// ScopeEverything are all projects that GitLab lists for the person, member or not.
	ScopeEverything Scope = "everything"
)

const groupScope = "group:"

// ScopeGroup is the projects of a group, by its full path, and of the groups below it.
func ScopeGroup(path string) Scope { return Scope(groupScope + path) }

// ParseScope reads a scope of an address. What makes no sense is ScopeMine.
func ParseScope(text string) Scope {
	if path, ok := strings.CutPrefix(text, groupScope); ok {
		if path = strings.Trim(path, "/ "); path != "" {
			return ScopeGroup(path)
		}
		return ScopeMine
	}
	if Scope(text) == ScopeEverything {
		return ScopeEverything
	}
	return ScopeMine
}

// Group is the full path of the group; empty for the other scopes.
func (s Scope) Group() string {
	path, ok := strings.CutPrefix(string(s), groupScope)
	if !ok {
		return ""
	}
	return path
}
