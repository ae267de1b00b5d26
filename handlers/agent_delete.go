package handlers

import (
	"context"
	"net/http"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/internal/tokens"
	"gitlab-agent-portal/views"
)

// agentDeleteAsk asks whether an agent is to be deleted, and says what will stop.
func (h *Handlers) agentDeleteAsk(w http.ResponseWriter, r *http.Request, s *session) error {
	found, err := h.manageableAgent(r, s)
	if err != nil {
		return err
	}
	return h.renderForm(w, r, s, http.StatusOK, &views.AgentDeleteModel{Agent: found.Agent, Project: h.projectView(found.Project), From: originOf(r)})
}

// agentDelete deletes an agent whose name was typed, and shows what is left in the cluster.
func (h *Handlers) agentDelete(w http.ResponseWriter, r *http.Request, s *session) error {
	found, err := h.manageableAgent(r, s)
	if err != nil {
		return err
	}
	model := &views.AgentDeleteModel{Agent: found.Agent, Project: h.projectView(found.Project), Confirm: confirmField(r, found.Agent.Name), From: originOf(r)}
	if _, err := h.checkForm(r, s, &model.Form); err != nil {
		return err
	}
	if model.Wrong() {
		return h.renderForm(w, r, s, http.StatusUnprocessableEntity, model)
	}
	lost := h.aboutToLose(r.Context(), s, found)
	err = h.change(r, s, func(ctx context.Context, gitlab *gitlabapi.Client) error {
		return h.Tokens.Delete(ctx, gitlab, tokens.DeleteRequest{
			Actor: h.actor(r, s), Project: found.Project.ID, ProjectPath: found.Project.Path,
			Agent: found.Agent.ID, AgentName: found.Agent.Name,
		})
	})
	if err != nil {
		return err
	}
	return h.renderAgentDeleted(w, r, s, model, lost)
}

// renderAgentDeleted ends a deletion with the commands for what GitLab leaves in the cluster.
// It takes the place of the whole page, since the one that was open is about nothing now; its
// address becomes the list's, so that a reload leads on.
func (h *Handlers) renderAgentDeleted(w http.ResponseWriter, r *http.Request, s *session, deleted *views.AgentDeleteModel, lost views.DependentsModel) error {
	l, list := printer(r), h.urls.Agents(deleted.Project.ID, 1)
	model := views.AgentDeletedModel{Project: deleted.Project, AgentName: deleted.Name, Lost: lost, Steps: uninstallSteps(l, deleted.From.Place.Or(h.propose(s, deleted.Agent).place))}
	if isFragment(r) {
		w.Header().Set("HX-Retarget", "body")
		w.Header().Set("HX-Reswap", "innerHTML")
		w.Header().Set("HX-Replace-Url", list)
	}
	p := h.projectPage(w, r, l.T("titles.agent_deleted", "Agent", model.AgentName))
	p.Path = list
	return h.render(w, r, http.StatusOK, views.AgentDeletedPage(p, model), nil)
}
