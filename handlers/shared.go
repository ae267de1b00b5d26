package handlers

import (
	"errors"
	"net/http"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/internal/agentread"
	"gitlab-agent-portal/views"
)

// sharedAgents lists the agents of other projects that a project may use: on a page of its own, and as
// a part that the project's page asks for when it is there.
func (h *Handlers) sharedAgents(w http.ResponseWriter, r *http.Request, s *session) error {
	id, err := pathID(r, "project")
	if err != nil {
		return err
	}
	model := views.SharedModel{Project: views.Project{}}
	model.Project.ID = id
	if !isFragment(r) { // a part needs no more than the number, and no second look at the project
		project, err := s.read.Project(r.Context(), id)
		if err != nil {
			return err
		}
		model.Project = h.projectView(project)
	}
	found, err := s.read.SharedAgents(r.Context(), id)
	switch {
	case errors.Is(err, gitlabapi.ErrUnauthorized), errors.Is(err, gitlabapi.ErrNotFound):
		return err
	case err != nil:
		h.Log.WarnContext(r.Context(), "reading shared agents", "error", err)
		model.Unknown = whyUnshared(err)
	}
	model.More = found.More
	for _, one := range found.Agents {
		model.Agents = append(model.Agents, sharedView(one))
	}
	p := h.projectPage(w, r, printer(r).T("titles.shared", "Project", model.Project.Name))
	return h.render(w, r, http.StatusOK, views.SharedPage(p, model), views.SharedSection(p, model))
}

// whyUnshared says why GitLab told nothing.
func whyUnshared(err error) views.SharedGap {
	switch {
	case errors.Is(err, gitlabapi.ErrForbidden):
		return views.SharedForbidden
	case errors.Is(err, gitlabapi.ErrUnsupported):
		return views.SharedUnsupported
	default:
		return views.SharedUnanswered
	}
}

func sharedView(one agentread.Shared) views.SharedAgent {
	return views.SharedAgent{
		ID: one.ID, Name: one.Name, ProjectID: one.Project.ID, ProjectPath: one.Project.FullPath, Seen: one.Seen,
		CI: one.CI, User: one.User, Environments: one.Settings.Environments, ProtectedRefs: one.Settings.ProtectedRefs,
	}
}
