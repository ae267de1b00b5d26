package handlers

import (
	"net/http"
	"strings"

	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/audit"
	"gitlab-agent-portal/internal/fleet"
	"gitlab-agent-portal/views"
)

// paramFor is what a project is chosen for.
const paramFor = "for"

// projectList lists the projects whose agents the person may see.
func (h *Handlers) projectList(w http.ResponseWriter, r *http.Request, s *session) error {
	query := textParam(r, "q")
	found, err := s.read.Projects(r.Context(), query, pageParam(r))
	if err != nil {
		return err
	}
	address := h.urls.Projects
	model := views.ProjectsModel{Query: query, Projects: found.Items, Agents: h.agentsByProject(s)}
	if model.Register = r.URL.Query().Get(paramFor) == "register"; model.Register {
		address = h.urls.ProjectsToRegister
	}
	model.Pager = pagerOf(found, func(page int) string { return address(query, page) })
	p := h.projectPage(w, r, printer(r).T("titles.projects"))
	return h.render(w, r, http.StatusOK, views.ProjectsPage(p, model), views.ProjectsTable(p, model))
}

// agentsByProject counts the agents of each project as the fleet was read last; nil where it was not.
func (h *Handlers) agentsByProject(s *session) map[int64]views.ProjectAgents {
	known := h.Fleet.Known(viewerOf(s))
	if known == nil {
		return nil
	}
	counts := make(map[int64]views.ProjectAgents, len(known.Projects))
	for _, row := range fleet.Rows(known.Agents, func(int64) bool { return false }, nil, h.Limits, h.Now()) {
		count := counts[row.Project.ID]
		count.All++
		count.Down += fleet.CountDown([]fleet.Row{row})
		counts[row.Project.ID] = count
	}
	return counts
}

// projectGo leads from a full path, as runbooks know it, to the numeric page, which survives
// a move of the project.
func (h *Handlers) projectGo(w http.ResponseWriter, r *http.Request, s *session) error {
	path := strings.Trim(r.PathValue("path"), "/")
	if !strings.Contains(path, "/") || len(path) > maxTextParam {
		return errNotVisible
	}
	project, err := s.read.ProjectByPath(r.Context(), path)
	if err != nil {
		return err
	}
	http.Redirect(w, r, h.urls.Agents(project.ID, 1), http.StatusSeeOther)
	return nil
}

// projectView is what pages say of a project. Its address is built from the configured instance:
// behind a proxy GitLab may not know its own.
func (h *Handlers) projectView(project agent.Project) views.Project {
	return views.Project{Project: project, URL: h.GitLab.BaseURL().JoinPath(project.Path).String()}
}

// manageableProject reads the project of the address and refuses people who may only read.
func (h *Handlers) manageableProject(r *http.Request, s *session) (views.Project, error) {
	id, err := pathID(r, "project")
	if err != nil {
		return views.Project{}, err
	}
	project, err := s.read.Project(r.Context(), id)
	if err != nil {
		return views.Project{}, err
	}
	stateOf(r).shown = audit.Target{ProjectID: project.ID, ProjectPath: project.Path}
	return h.projectView(project), requireManage(project.Access)
}

// requireManage refuses people who may only read, with the reason.
func requireManage(access agent.Access) error {
	switch access {
	case agent.AccessManage:
		return nil
	case agent.AccessPortal:
		return errReadOnlyPortal
	case agent.AccessArchived:
		return errProjectArchived
	case agent.AccessFrozen:
		return errProjectFrozen
	case agent.AccessAncestor:
		return errAncestorArchived
	case agent.AccessDeletion:
		return errDeletionDue
	case agent.AccessRepository:
		return errRepositoryOff
	case agent.AccessInfrastructure:
		return errInfrastructure
	default:
		return errMaintainerNeeded
	}
}
