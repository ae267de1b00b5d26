package handlers

import (
	"net/http"
	"slices"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/internal/activity"
	"gitlab-agent-portal/internal/agentread"
	"gitlab-agent-portal/internal/audit"
	"gitlab-agent-portal/views"
)

// revocationsRead is among how many of an agent's last revocations the portal looks for one.
const revocationsRead = 50

// tokenGone answers whoever wants to revoke a token that somebody revoked already: by whom and when,
// with the list as it is now. A number that never was a token of the agent's is not visible.
func (h *Handlers) tokenGone(w http.ResponseWriter, r *http.Request, s *session, model *views.TokenRevokeModel) error {
	gone, found, err := h.findRevocation(r, s, model)
	if err != nil {
		return err
	}
	if !found {
		return errNotVisible
	}
	return h.renderSheet(w, r, http.StatusOK, &gone)
}

// findRevocation looks for the revocation of a token in the portal's own rows, and in GitLab's.
func (h *Handlers) findRevocation(r *http.Request, s *session, model *views.TokenRevokeModel) (gone views.TokenGoneModel, found bool, err error) {
	filter := audit.Filter{Projects: []int64{model.Project.ID}, AgentID: model.AgentID, Action: activity.TokenRevoke}
	rows, err := h.Audit.Page(r.Context(), filter, 0, revocationsRead)
	if err != nil {
		return gone, false, err
	}
	one, around, err := s.read.AgentAround(r.Context(), model.Project.ID, model.AgentID, agentread.Want{Activity: true})
	if err != nil {
		return gone, false, err
	}
	gone = views.TokenGoneModel{
		Agent: views.AgentModel{Agent: one.Agent, Project: model.Project, Place: model.From.Place}, From: model.From,
	}
	for _, row := range rows {
		if row.Target.TokenID == model.Token.ID && row.Outcome == activity.OK {
			gone.Name, gone.By, gone.At = row.Target.TokenName, row.ActorName, row.At
			return gone, true, nil
		}
	}
	i := slices.IndexFunc(around.Activity.Events, func(event gitlabapi.ActivityEvent) bool {
		return event.Kind == gitlabapi.ActivityTokenRevoked && event.Token != nil && event.Token.ID == model.Token.ID
	})
	if i < 0 {
		return gone, false, nil
	}
	noted := notedRow(around.Activity.Events[i])
	gone.Name, gone.By, gone.At = noted.TokenName, noted.Actor, noted.At
	return gone, true, nil
}

// alreadyRevoked returns to where the form came from, and says who was faster.
func (h *Handlers) alreadyRevoked(w http.ResponseWriter, r *http.Request, s *session, model *views.TokenRevokeModel) error {
	gone, found, err := h.findRevocation(r, s, model)
	if err != nil || !found || gone.By == "" {
		return h.revoked(w, r, model, "already_revoked")
	}
	when := printer(r).Ago(h.Now(), gone.At)
	h.setFlash(w, r, flash{
		Kind: views.NoticeInfo, ID: "already_revoked_by", Args: map[string]string{"Token": gone.Name, "Person": "@" + gone.By, "When": when},
	})
	h.redirect(w, r, model.From.Back(h.urls, model.Project.ID, model.AgentID))
	return nil
}
