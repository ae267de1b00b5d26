package handlers

import (
	"net/http"

	"gitlab-agent-portal/internal/activity"
	"gitlab-agent-portal/internal/audit"
	"gitlab-agent-portal/views"
)

// tokenStored receives the word that a revealed token was stored, and goes on to its agent.
func (h *Handlers) tokenStored(w http.ResponseWriter, r *http.Request, s *session) error {
	ref, err := pathAgent(r)
	if err != nil {
		return err
	}
	if _, err := pathID(r, "token"); err != nil {
		return err
	}
	if _, err := h.checkForm(r, s, new(views.Form)); err != nil {
		return err
	}
	if !h.createdHere(r, s) {
		stateOf(r).outcome = activity.Unknown
	}
	h.redirect(w, r, originOf(r).Back(h.urls, ref.Project, ref.Agent))
	return nil
}

// createdHere reports whether the portal created the token of the address for this person, and
// notes the names of the time. Without that, "I have stored it" is a claim about any token.
func (h *Handlers) createdHere(r *http.Request, s *session) bool {
	about := target(r)
	rows, err := h.Audit.Page(r.Context(), audit.Filter{
		Projects: []int64{about.ProjectID}, AgentID: about.AgentID, TokenID: about.TokenID, Action: activity.TokenCreate,
	}, 0, 1)
	if err != nil || len(rows) == 0 || rows[0].ActorID != s.User.ID {
		return false
	}
	stateOf(r).about = rows[0].Target
	return true
}
