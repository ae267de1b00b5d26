package gitlabtest

import (
	"maps"
	"net/http"
	"strconv"
	"strings"
)

// projectBody is a project as lists with simple=true show it.
type projectBody struct {
	ID                int64         `json:"id"`
	Description       *string       `json:"description"`
	Name              string        `json:"name"`
	NameWithNamespace string        `json:"name_with_namespace"`
	Path              string        `json:"path"`
	PathWithNamespace string        `json:"path_with_namespace"`
	CreatedAt         timestamp     `json:"created_at"`
	DefaultBranch     string        `json:"default_branch,omitempty"`
	WebURL            string        `json:"web_url"`
	AvatarURL         *string       `json:"avatar_url"`
	LastActivityAt    timestamp     `json:"last_activity_at"`
	Namespace         namespaceBody `json:"namespace"`
}

type namespaceBody struct {
	ID       int64  `json:"id"`
	Name     string `json:"name"`
	Path     string `json:"path"`
	Kind     string `json:"kind"`
	FullPath string `json:"full_path"`
}

// fullProjectBody adds what simple=true leaves out.
type fullProjectBody struct {
	projectBody
	Archived    bool            `json:"archived"`
	Visibility  Visibility      `json:"visibility"`
	Permissions permissionsBody `json:"permissions"`
	// MarkedForDeletionOn is a day, and null for a project that is not scheduled for deletion.
	MarkedForDeletionOn       *string `json:"marked_for_deletion_on"`
	RepositoryAccessLevel     string  `json:"repository_access_level"`
	InfrastructureAccessLevel string  `json:"infrastructure_access_level"`
}

// permissionsBody understates: direct membership of the project, and membership of its group.
type permissionsBody struct {
	ProjectAccess *accessBody `json:"project_access"`
	GroupAccess   *accessBody `json:"group_access"`
}

type accessBody struct {
	AccessLevel       AccessLevel `json:"access_level"`
	NotificationLevel int         `json:"notification_level"`
}

func (c *call) projectBody(p *Project) projectBody {
	branch := ""
	if c.canReadCode(c.user, p) {
		branch = defaultBranch
	}
	return projectBody{
		ID:                p.ID,
		Description:       &p.Description,
		Name:              p.Name,
		NameWithNamespace: c.fullName(p),
		Path:              p.Path,
		PathWithNamespace: c.fullPath(p),
		CreatedAt:         timestamp(p.CreatedAt),
		DefaultBranch:     branch,
		WebURL:            c.base() + "/" + c.fullPath(p),
		LastActivityAt:    timestamp(p.LastActivityAt),
		Namespace:         c.namespaceBody(p),
	}
}

func (c *call) namespaceBody(p *Project) namespaceBody {
	if g := c.groups[p.Group]; g != nil {
		return namespaceBody{g.ID, g.Name, g.Path, "group", c.groupPath(g.ID)}
	}
	path := c.namespacePath(p)
	return namespaceBody{p.Owner, path, path, "user", path}
}

// fullProjectBody shows a project with the caller's permissions, the group's as level finds it.
func (c *call) fullProjectBody(p *Project, groupLevel AccessLevel) fullProjectBody {
	return fullProjectBody{
		projectBody: c.projectBody(p),
		Archived:    p.Archived,
		Visibility:  p.Visibility,
		Permissions: permissionsBody{
			ProjectAccess: access(c.projectMembers[membership{p.ID, c.user.ID}]),
			GroupAccess:   access(groupLevel),
		},
		MarkedForDeletionOn:       c.deletionDay(p),
		RepositoryAccessLevel:     feature(!p.RepositoryDisabled),
		InfrastructureAccessLevel: feature(!p.InfrastructureDisabled),
	}
}

// deletionDay is when a project will be deleted that is scheduled for it: GitLab tells that of the
// project's own schedule, not of a group's.
func (c *call) deletionDay(p *Project) *string {
	if !p.DeletionScheduled {
		return nil
	}
	return new(c.now().AddDate(0, 0, 7).Format("2006-01-02"))
}

// feature is the access level of a feature of a project.
func feature(on bool) string {
	if on {
		return "enabled"
	}
	return "disabled"
}

func access(level AccessLevel) *accessBody {
	if level == NoAccess {
		return nil
	}
	return &accessBody{AccessLevel: level, NotificationLevel: 3}
}

// getProject looks the group's role up along all groups above the project, unlike the list.
func getProject(c *call) (Answer, error) {
	p, err := c.findProject()
	if err != nil {
		return Answer{}, err
	}
	return jsonAnswer(http.StatusOK, c.fullProjectBody(p, c.groupLevel(c.user, p.Group))), nil
}

// findProject is the project that the address names by number or full path, if the caller sees it.
// One that moved is found by its old path too, but only to say where it is now.
func (c *call) findProject() (*Project, error) {
	p, moved := c.lookUpProject(c.values.text("id"))
	switch {
	case p == nil || !c.canReadProject(c.user, p):
		return nil, errNotFound("Project")
	case moved && c.req.Method != http.MethodGet:
		return nil, refuse(http.StatusMethodNotAllowed, "Non GET methods are not allowed for moved projects")
	case moved:
		return nil, refusal{redirectAnswer(http.StatusMovedPermanently, c.numericAddress(p))}
	default:
		return p, nil
	}
}

// lookUpProject finds a project by what stands in the address. A path without a slash is no
// project's path.
func (st *store) lookUpProject(ref string) (p *Project, moved bool) {
	if id, err := strconv.ParseInt(ref, 10, 64); err == nil {
		return st.projects[id], false
	}
	if !strings.Contains(ref, "/") {
		return nil, false
	}
	if p := st.projectByPath(ref); p != nil {
		return p, false
	}
	return st.projects[st.moved[strings.ToLower(ref)]], true
}

// numericAddress is this request's address with the project's number in place of its path.
func (c *call) numericAddress(p *Project) string {
	segments := strings.Split(c.req.URL.EscapedPath(), "/")
	segments[4] = strconv.FormatInt(p.ID, 10) // "", "api", "v4", "projects", the project
	address := c.base() + strings.Join(segments, "/")
	if c.req.URL.RawQuery != "" {
		address += "?" + c.req.URL.RawQuery
	}
	return address
}

// ArchiveProject archives a project, or brings it back.
func (s *Server) ArchiveProject(project int64, archived bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	must(s.projects, project, "project").Archived = archived
}

// ChangeProject changes a project: what is switched on, or that it is to be deleted.
func (s *Server) ChangeProject(project int64, change func(*Project)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(must(s.projects, project, "project"))
}

// ChangeGroup changes a group, and with it what is below.
func (s *Server) ChangeGroup(group int64, change func(*Group)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(must(s.groups, group, "group"))
}

// MoveProject gives a project another group and path; its old path leads to it from then on.
func (s *Server) MoveProject(project, group int64, path string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := must(s.projects, project, "project")
	s.moved[strings.ToLower(s.fullPath(p))] = project
	p.Group, p.Path = group, path
}

// DeleteProject deletes a project with its agents and tokens.
func (s *Server) DeleteProject(project int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range s.projectAgents(project) {
		s.dropAgent(a.ID)
	}
	delete(s.projects, project)
	maps.DeleteFunc(s.environments, func(_ int64, e *Environment) bool { return e.Project == project })
}
