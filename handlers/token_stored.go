package handlers

import (
	"net/http"

	"gitlab-agent-portal/internal/activity"
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
	h.redirect(w, r, originOf(r).Stored(h.urls, ref.Project, ref.Agent))
	return nil
}

// createdHere reports whether the portal created the token of the address for this person, to whom
// GitLab showed it by that. Without that, "I have stored it" is a claim about any token.
func (h *Handlers) createdHere(r *http.Request, s *session) bool {
	created, found, err := h.Audit.CreatedBy(r.Context(), s.User.ID, named(r))
	if err != nil {
		h.Log.WarnContext(r.Context(), "looking for the create of a token", "request_id", stateOf(r).id, "error", err)
	}
	stateOf(r).shown = created.Target
	return found
}
