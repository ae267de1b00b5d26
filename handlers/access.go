package handlers

import (
	"context"
	"net/http"
	"strconv"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/internal/parallel"
	"gitlab-agent-portal/views"
)

// pathID returns an id of the address. Anything that is no positive number names nothing.
func pathID(r *http.Request, name string) (int64, error) {
	id, err := strconv.ParseInt(r.PathValue(name), 10, 64)
	if err != nil || id <= 0 {
		return 0, errNotVisible
	}
	return id, nil
}

// agentIDs returns the project and the agent of the address.
func agentIDs(r *http.Request) (project, agent int64, err error) {
	if project, err = pathID(r, "project"); err != nil {
		return 0, 0, err
	}
	agent, err = pathID(r, "agent")
	return project, agent, err
}

// projectFacts is a project and what the person may do in it.
type projectFacts struct {
	project views.Project
	access  views.Access
	// branch is the default branch, empty for those who may not read the repository.
	branch string
}

// loadProject reads a project and the person's rights in it, in parallel.
func (h *Handlers) loadProject(ctx context.Context, s *session, id int64) (projectFacts, error) {
	var project gitlabapi.Project
	canManage := s.User.IsAdmin
	group, ctx := parallel.WithContext(ctx)
	group.Go(func() (err error) {
		project, err = s.gitlab.Project(ctx, gitlabapi.ProjectID(id))
		return err
	})
	if !canManage {
		group.Go(func() (err error) {
			canManage, err = s.gitlab.CanManage(ctx, id)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return projectFacts{}, err
	}
	return h.projectFacts(project, canManage), nil
}

// projectFacts builds what pages say of a project. Addresses are built from the configured
// instance: behind a proxy GitLab may not know its own.
func (h *Handlers) projectFacts(project gitlabapi.Project, canManage bool) projectFacts {
	page := h.GitLab.BaseURL().JoinPath(project.PathWithNamespace)
	facts := projectFacts{
		project: views.Project{ID: project.ID, Name: project.Name, Path: project.PathWithNamespace, URL: page.String()},
		access:  views.Access{CanManage: true, MembersURL: page.JoinPath("-", "project_members").String()},
		branch:  project.DefaultBranch,
	}
	switch {
	case h.ReadOnly:
		facts.access.Reason = views.ReasonPortal
	case project.Archived:
		facts.access.Reason = views.ReasonArchived
	case !canManage:
		facts.access.Reason = views.ReasonRole
	}
	facts.access.CanManage = facts.access.Reason == ""
	return facts
}

// requireManage refuses people who may only read, with the reason.
func requireManage(access views.Access) error {
	switch access.Reason {
	case views.ReasonPortal:
		return errReadOnlyPortal
	case views.ReasonArchived:
		return errProjectArchived
	case views.ReasonRole:
		return errMaintainerNeeded
	default:
		return nil
	}
}
