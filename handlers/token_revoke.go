package handlers

import (
	"context"
	"net/http"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/internal/agent"
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
		return h.tokenGone(w, r, s, model)
	}
	return h.renderForm(w, r, s, http.StatusOK, model)
}

// loadTokenRevoke reads the token of the address; found is false when it is no active token
// of the agent (any more).
func (h *Handlers) loadTokenRevoke(r *http.Request, s *session) (model *views.TokenRevokeModel, found bool, err error) {
	id, err := pathID(r, "token")
	if err != nil {
		return nil, false, err
	}
	one, err := h.manageableAgent(r, s)
	if err != nil {
		return nil, false, err
	}
	model = &views.TokenRevokeModel{
		Project: h.projectView(one.Project), AgentID: one.Agent.ID, AgentName: one.Agent.Name,
		LastToken: len(one.Agent.Tokens) == 1, From: originOf(r),
	}
	model.Token, found = one.Agent.Token(id)
	if !found {
		model.Token = agent.Token{ID: id}
		return model, false, nil
	}
	stateOf(r).shown.TokenID, stateOf(r).shown.TokenName = id, model.Token.Name
	facts := h.rotationFacts(r.Context(), s, one)[0]
	model.Guard = rotation.Guarded(id, facts)
	model.Silent, model.IsSilent = rotation.Silent(id, facts)
	h.noteReadings(r.Context(), one.Agent) // once it is revoked, GitLab tells of its use no more
	return model, true, nil
}

// tokenRevoke revokes a token. The guard is decided anew from what GitLab says now, not from
// what the form showed.
func (h *Handlers) tokenRevoke(w http.ResponseWriter, r *http.Request, s *session) error {
	model, found, err := h.loadTokenRevoke(r, s)
	if err != nil {
		return err
	}
	if _, err := h.checkForm(r, s, &model.Form); err != nil {
		return err
	}
	if !found {
		return h.alreadyRevoked(w, r, s, model)
	}
	if model.Guard {
		model.Confirm = confirmField(r, model.AgentName)
	}
	if model.Wrong() {
		return h.renderForm(w, r, s, http.StatusUnprocessableEntity, model)
	}
	err = h.change(r, s, func(ctx context.Context, gitlab *gitlabapi.Client) error {
		return h.Tokens.Revoke(ctx, gitlab, tokens.RevokeRequest{
			Actor: h.actor(r, s), Project: model.Project.ID, Agent: model.AgentID, Token: model.Token.ID, Shown: stateOf(r).shown,
		})
	})
	if err != nil {
		return err
	}
	if model.From.Rotation && model.IsSilent { // its page says how it ended
		h.redirect(w, r, model.From.Back(h.urls, model.Project.ID, model.AgentID))
		return nil
	}
	return h.revoked(w, r, model, revokedFlash(model))
}

// revokedFlash is what to say of a token that is revoked now. Only of one that may have been in use it
// warns of lost connections.
func revokedFlash(model *views.TokenRevokeModel) string {
	if model.IsSilent || model.Token.NeverUsed() {
		return "revoked_quietly"
	}
	return "revoked"
}

// revoked returns to the agent's page with the result.
func (h *Handlers) revoked(w http.ResponseWriter, r *http.Request, model *views.TokenRevokeModel, id string) error {
	h.setFlash(w, r, flash{Kind: views.NoticeSuccess, ID: id, Args: map[string]string{"Token": model.Token.Name}})
	h.redirect(w, r, model.From.Back(h.urls, model.Project.ID, model.AgentID))
	return nil
}
