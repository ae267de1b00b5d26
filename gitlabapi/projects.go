package gitlabapi

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxProjectPath is longer than any real path: GitLab allows 20 levels of groups
// and a project, each of 255 characters, with slashes between.
const maxProjectPath = 21 * 256

// ProjectRef names a project by number or by full path. The zero value names none.
type ProjectRef struct {
	segment string // escaped, exactly one path segment; "" when no project can have this name
}

// ProjectID names a project by its number, which survives renames and moves.
func ProjectID(id int64) ProjectRef {
	if id <= 0 {
		return ProjectRef{}
	}
	return ProjectRef{segment: number(id)}
}

// ProjectPath names a project by its full path, such as "group/sub/project".
// Whatever it holds becomes one escaped segment of the URL; a text that no
// project can be called by makes every call answer ErrNotFound without asking.
func ProjectPath(fullPath string) ProjectRef {
	switch {
	case fullPath == "." || fullPath == "..": // not escaped by anybody, and resolved by proxies
	case len(fullPath) > maxProjectPath:
	case !utf8.ValidString(fullPath) || strings.ContainsFunc(fullPath, unicode.IsControl):
	default:
		return ProjectRef{segment: url.PathEscape(fullPath)}
	}
	return ProjectRef{}
}

// path is the escaped path of something in the project, "" when there can be no
// such project.
func (p ProjectRef) path(rest string) string {
	if p.segment == "" {
		return ""
	}
	return "/api/v4/projects/" + p.segment + rest
}

// AccessLevel is a role in a project. GitLab adds levels over time: compare with
// >=, never with ==.
type AccessLevel int

// The roles that matter here: a Developer may read agents and tokens, a
// Maintainer may register, delete, create and revoke.
const (
	Developer  AccessLevel = 30
	Maintainer AccessLevel = 40
)

// Project is a project as the portal needs it (https://docs.gitlab.com/api/projects/).
type Project struct {
	ID                int64
	Name              string
	PathWithNamespace string
	Description       string
	// Archived is the project's own flag: agents can be read but not changed.
	Archived bool
	// DefaultBranch is "" for those who may not read the repository.
	DefaultBranch string
	// ScheduledForDeletion, RepositoryOff and InfrastructureOff are ways in which agents cannot be
	// changed either. GitLab's short form of a project tells of none.
	ScheduledForDeletion, RepositoryOff, InfrastructureOff bool
	// Role is what GitLab says of the person's role, which may be less than it is: of groups that
	// the project is shared with it knows nothing.
	Role AccessLevel
}

// ProjectQuery selects a page of the projects that the person is a member of.
type ProjectQuery struct {
	Search         string      // in names, paths and group paths; "": all
	MinAccessLevel AccessLevel // effective role; 0: any
	Page           int         // counted from 1
	PerPage        int         // at most 100; GitLab's project entities are long, 50 is wiser
}

// ProjectsPage returns one page of the person's projects, by name. The filter by
// role goes by effective access, inherited and shared groups included, which the
// entity's own permissions field understates. ErrUnavailable beyond offset 50,000.
func (c *Client) ProjectsPage(ctx context.Context, q ProjectQuery) (Page[Project], error) {
	// By name: GitLab breaks ties by id, so that pages neither skip nor repeat,
	// which the order of last activity would.
	query := url.Values{"membership": {"true"}, "order_by": {"name"}, "sort": {"asc"}}
	if q.MinAccessLevel > 0 {
		query.Set("min_access_level", strconv.Itoa(int(q.MinAccessLevel)))
	}
	if q.Search != "" {
		query.Set("search", q.Search)
		query.Set("search_namespaces", "true")
	}
	r := request{op: "list projects", path: "/api/v4/projects", query: paging(query, q.Page, q.PerPage)}
	return list(ctx, c, r, projectJSON.project)
}

// Project returns one project. ErrNotFound when it does not exist or the person
// may not see it. A path that moved is followed to the project's number.
func (c *Client) Project(ctx context.Context, project ProjectRef) (Project, error) {
	return one(ctx, c, request{op: "get project", path: project.path("")}, projectJSON.project)
}

// CanManage reports whether the person is effectively at least Maintainer, or an administrator with
// the rights of one, and the project takes changes: neither it nor a group above it is archived or
// scheduled for deletion, as far as the instance's version knows "active". It asks GitLab's list
// for this one project, since the permissions field leaves out shared groups.
func (c *Client) CanManage(ctx context.Context, projectID int64) (bool, error) {
	query := url.Values{
		"active":           {"true"},
		"min_access_level": {strconv.Itoa(int(Maintainer))},
		"id_after":         {number(projectID - 1)},
		"id_before":        {number(projectID + 1)},
		"simple":           {"true"},
	}
	r := request{op: "check role", path: "/api/v4/projects", query: paging(query, 1, defaultPerPage)}
	page, err := list(ctx, c, r, projectJSON.project)
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(page.Items, func(p Project) bool { return p.ID == projectID }), nil
}

type projectJSON struct {
	ID                int64  `json:"id"`
	Name              string `json:"name"`
	PathWithNamespace string `json:"path_with_namespace"`
	Description       string `json:"description"` // or null
	DefaultBranch     string `json:"default_branch"`

	// The rest is not there with simple=true.
	Archived bool `json:"archived"`
	// A day; the second is its older name, as EE has it.
	DeletionAt string `json:"marked_for_deletion_on"`
	MarkedAt   string `json:"marked_for_deletion_at"`
	// "disabled", "private" or "enabled".
	Repository     string `json:"repository_access_level"`
	Infrastructure string `json:"infrastructure_access_level"`
	Permissions    struct {
		Project roleJSON `json:"project_access"` // or null
		Group   roleJSON `json:"group_access"`
	} `json:"permissions"`
}

type roleJSON struct {
	AccessLevel AccessLevel `json:"access_level"`
}

const disabled = "disabled"

func (p projectJSON) project() (Project, bool) {
	return Project{
		ID: p.ID, Name: p.Name, PathWithNamespace: p.PathWithNamespace, Description: p.Description,
		Archived: p.Archived, DefaultBranch: p.DefaultBranch,
		ScheduledForDeletion: p.DeletionAt != "" || p.MarkedAt != "",
		RepositoryOff:        p.Repository == disabled,
		InfrastructureOff:    p.Infrastructure == disabled,
		Role:                 max(p.Permissions.Project.AccessLevel, p.Permissions.Group.AccessLevel),
	}, p.ID > 0 && p.PathWithNamespace != ""
}
