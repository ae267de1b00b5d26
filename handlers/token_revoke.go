package handlers

import (
	"net/http"

	"gitlab-agent-portal/internal/rotation"
	"gitlab-agent-portal/internal/tokens"
	"gitlab-agent-portal/views"
)

// tokenRevokeAsk asks whether a token is to be revoked, and says what would stop.
func (h *Handlers) tokenRevokeAsk(w http.ResponseWriter, r *http.Request, s *session) error {
	model, found, err := h.loadTokenRevoke(r, s)
	if err != nil {
		return err
	}
	if !found {
		return errNotVisible
	}
	return h.renderTokenRevoke(w, r, s, http.StatusOK, model)
}

// loadTokenRevoke reads the token of the address; found is false when it is no active token
// of the agent (any more).
func (h *Handlers) loadTokenRevoke(r *http.Request, s *session) (model views.TokenRevokeModel, found bool, err error) {
	id, err := pathID(r, "token")
	if err != nil {
		return model, false, err
	}
	facts, err := h.manageableAgent(r, s)
	if err != nil {
		return model, false, err
	}
	model = views.TokenRevokeModel{
		Project: facts.project, AgentID: facts.agent.ID, AgentName: facts.agent.Name,
		Token: views.TokenRow{ID: id}, LastToken: len(facts.tokens) == 1, From: originOf(r),
	}
	rows, _ := facts.tokenRows(printer(r))
	for _, row := range rows {
		if row.ID == id {
			model.Token, found = row, true
			stateOf(r).about.TokenName = row.Name
		}
	}
	model.Guard = rotation.Guarded(id, h.rotationFacts(r.Context(), s, facts, nil, 0))
	return model, found, nil
}

func (h *Handlers) renderTokenRevoke(w http.ResponseWriter, r *http.Request, s *session, status int, model views.TokenRevokeModel) error {
	model.Nonce = h.nonces.issue(s.ID)
	if !isSafe(r.Method) {
		retargetForm(w)
	}
	p := h.projectPage(w, r, printer(r).T("titles.token_revoke", "Token", model.Token.Name))
	return h.render(w, r, status, views.TokenRevokePage(p, model), views.TokenRevokeDialog(p, model))
}

// tokenRevoke revokes a token. The guard is decided anew from what GitLab says now, not from
// what the form showed.
func (h *Handlers) tokenRevoke(w http.ResponseWriter, r *http.Request, s *session) error {
	model, found, err := h.loadTokenRevoke(r, s)
	if err != nil {
		return err
	}
	_, stale, err := h.formProof(r, s)
	if err != nil {
		return err
	}
	if !found {
		return h.revoked(w, r, model, "already_revoked")
	}
	model.Confirm.Value = r.PostFormValue("confirm")
	if stale {
		model.Notice = staleNotice(printer(r))
	}
	if model.Guard && model.Confirm.Value != model.Token.Name {
		model.Confirm.Error = printer(r).T("form.confirm.mismatch", "Name", model.Token.Name)
	}
	if stale || model.Confirm.Error != "" {
		return h.renderTokenRevoke(w, r, s, http.StatusUnprocessableEntity, model)
	}
	handOver(r)
	err = h.Tokens.Revoke(r.Context(), s.gitlab, tokens.RevokeRequest{
		Actor: h.actor(r, s), Project: model.Project.ID, ProjectPath: model.Project.Path,
		Agent: model.AgentID, AgentName: model.AgentName, Token: model.Token.ID, TokenName: model.Token.Name,
	})
	h.changed(s)
	if err != nil {
		return err
	}
	return h.revoked(w, r, model, "revoked")
}

// revoked returns to the agent's page with the result.
func (h *Handlers) revoked(w http.ResponseWriter, r *http.Request, model views.TokenRevokeModel, id string) error {
	h.setFlash(w, r, flash{Kind: views.NoticeSuccess, ID: id, Args: map[string]string{"Token": model.Token.Name}})
	h.redirect(w, r, model.From.Back(h.urls, model.Project.ID, model.AgentID))
	return nil
}
