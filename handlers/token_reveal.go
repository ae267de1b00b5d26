package handlers

import (
	"net/http"

	"gitlab-agent-portal/internal/audit"
	"gitlab-agent-portal/internal/tokens"
	"gitlab-agent-portal/views"
)

// reveal shows a new token. Its secret is in this one response and nowhere else.
func (h *Handlers) reveal(w http.ResponseWriter, r *http.Request, s *session, project views.Project, result tokens.Result, registered bool) error {
	model := views.RevealModel{
		Project: project, AgentID: result.Agent.ID, AgentName: result.Agent.Name,
		TokenID: result.Token.ID, TokenName: result.Token.Name,
		Secret: result.Token.Secret.Reveal(), Nonce: h.nonces.issue(s.ID), Registered: registered,
		Connect: h.loadConnect(r, s, connectTarget{project, result.Agent}), From: originOf(r),
	}
	p := h.projectPage(w, r, printer(r).T("titles.reveal", "Token", model.TokenName))
	return h.renderSecret(w, r, views.RevealPage(p, model), views.RevealDialog(p, model))
}

// tokenStored receives the word that a revealed token was stored, and goes on to its agent.
func (h *Handlers) tokenStored(w http.ResponseWriter, r *http.Request, s *session) error {
	project, agent, err := agentIDs(r)
	if err != nil {
		return err
	}
	if _, err := pathID(r, "token"); err != nil {
		return err
	}
	if _, _, err := h.formProof(r, s); err != nil {
		return err
	}
	if !h.stored(r, s) {
		stateOf(r).outcome = audit.Unknown
	}
	h.redirect(w, r, originOf(r).Back(h.urls, project, agent))
	return nil
}
