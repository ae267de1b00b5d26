package handlers

import (
	"net/http"

	"gitlab-agent-portal/internal/tokens"
)

// actor is who acts in this request, for the audit.
func (h *Handlers) actor(r *http.Request, s *session) tokens.Actor {
	return tokens.Actor{ID: s.User.ID, Name: s.User.Username, IP: h.clientIP(r), RequestID: stateOf(r).id}
}

// handOver leaves the request's row of the audit to internal/tokens, which knows the outcome.
func handOver(r *http.Request) { stateOf(r).audited = true }
