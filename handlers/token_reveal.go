package handlers

import (
	"net/http"

	"gitlab-agent-portal/internal/agentread"
	"gitlab-agent-portal/internal/tokens"
	"gitlab-agent-portal/views"
)

// reveal shows a new token. Its secret is in this one response and nowhere else.
func (h *Handlers) reveal(w http.ResponseWriter, r *http.Request, s *session, result tokens.Result, registered bool) error {
	target, origin := agentread.ProjectAgent{Project: result.Project, Agent: result.Agent}, originOf(r)
	origin.Place = h.keptPlace(r, s, result.Agent)
	model := views.RevealModel{
		Project: h.projectView(result.Project), AgentID: result.Agent.ID, AgentName: result.Agent.Name,
		TokenID: result.Token.ID, TokenName: result.Token.Name,
		Secret: result.Secret.Reveal(), Registered: registered,
		Connect: h.loadConnect(r, s, target, origin.Place.Or(h.propose(s, result.Agent).place)), From: origin,
	}
	model.Nonce = h.nonces.issue(s.ID, model.Action(h.urls))
	p := h.projectPage(w, r, printer(r).T("titles.reveal", "Token", model.TokenName))
	return h.renderSecret(w, r, views.RevealPage(p, model), views.RevealDialog(p, model))
}
