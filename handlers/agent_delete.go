package handlers

import (
	"net/http"

	"gitlab-agent-portal/internal/audit"
	"gitlab-agent-portal/internal/tokens"
	"gitlab-agent-portal/views"
)

// agentDeleteAsk asks whether an agent is to be deleted, and says what will stop.
func (h *Handlers) agentDeleteAsk(w http.ResponseWriter, r *http.Request, s *session) error {
	facts, err := h.manageableAgent(r, s)
	if err != nil {
		return err
	}
	return h.renderAgentDelete(w, r, s, http.StatusOK, h.agentDeleteModel(r, facts))
}

// manageableAgent reads the agent of the address and refuses people who may only read.
func (h *Handlers) manageableAgent(r *http.Request, s *session) (agentFacts, error) {
	project, agent, err := agentIDs(r)
	if err != nil {
		return agentFacts{}, err
	}
	facts, err := h.loadAgent(r.Context(), s, project, agent)
	if err != nil {
		return agentFacts{}, err
	}
	stateOf(r).about = audit.Target{ProjectPath: facts.project.Path, AgentName: facts.agent.Name}
	return facts, requireManage(facts.access)
}

func (h *Handlers) agentDeleteModel(r *http.Request, facts agentFacts) views.AgentDeleteModel {
	model := views.AgentDeleteModel{Project: facts.project, AgentID: facts.agent.ID, AgentName: facts.agent.Name}
	model.Status, model.LastContact = facts.known.status(facts.agent.ID, h.Now())
	rows, partial := facts.tokenRows(printer(r))
	model.Tokens, model.TokensKnown = rows, !partial
	return model
}

func (h *Handlers) renderAgentDelete(w http.ResponseWriter, r *http.Request, s *session, status int, model views.AgentDeleteModel) error {
	model.Nonce = h.nonces.issue(s.ID)
	if !isSafe(r.Method) {
		retargetForm(w)
	}
	p := h.projectPage(w, r, printer(r).T("titles.agent_delete", "Agent", model.AgentName))
	return h.render(w, r, status, views.AgentDeletePage(p, model), views.AgentDeleteDialog(p, model))
}

// agentDelete deletes an agent whose name was typed, and shows what is left in the cluster.
func (h *Handlers) agentDelete(w http.ResponseWriter, r *http.Request, s *session) error {
	facts, err := h.manageableAgent(r, s)
	if err != nil {
		return err
	}
	_, stale, err := h.formProof(r, s)
	if err != nil {
		return err
	}
	model := h.agentDeleteModel(r, facts)
	model.Confirm.Value = r.PostFormValue("confirm")
	if stale {
		model.Notice = staleNotice(printer(r))
	}
	if model.Confirm.Value != facts.agent.Name {
		model.Confirm.Error = printer(r).T("form.confirm.mismatch", "Name", facts.agent.Name)
	}
	if stale || model.Confirm.Error != "" {
		return h.renderAgentDelete(w, r, s, http.StatusUnprocessableEntity, model)
	}
	handOver(r)
	err = h.Tokens.Delete(r.Context(), s.gitlab, tokens.DeleteRequest{
		Actor: h.actor(r, s), Project: facts.project.ID, ProjectPath: facts.project.Path,
		Agent: facts.agent.ID, AgentName: facts.agent.Name,
	})
	h.changed(s)
	if err != nil {
		return err
	}
	return h.renderAgentDeleted(w, r, facts)
}

// renderAgentDeleted ends a deletion with the commands for what GitLab leaves in the cluster.
// It takes the place of the whole page, since the one that was open is about nothing now; its
// address becomes the list's, so that a reload leads on.
func (h *Handlers) renderAgentDeleted(w http.ResponseWriter, r *http.Request, facts agentFacts) error {
	l := printer(r)
	model := views.AgentDeletedModel{
		Project: facts.project, AgentName: facts.agent.Name,
		Steps: uninstallSteps(l, facts.agent.Name),
	}
	if isFragment(r) {
		w.Header().Set("HX-Retarget", "body")
		w.Header().Set("HX-Reswap", "innerHTML")
		w.Header().Set("HX-Replace-Url", h.urls.Agents(facts.project.ID, 1))
	}
	p := h.projectPage(w, r, l.T("titles.agent_deleted", "Agent", facts.agent.Name))
	p.Path = h.urls.Agents(facts.project.ID, 1)
	return h.render(w, r, http.StatusOK, views.AgentDeletedPage(p, model), nil)
}
