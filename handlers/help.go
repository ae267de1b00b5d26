package handlers

import (
	"net/http"

	"gitlab-agent-portal/views"
)

// statusHelp explains the status words and what needs attention.
func (h *Handlers) statusHelp(w http.ResponseWriter, r *http.Request, _ *session) error {
	p := h.page(w, r, printer(r).T("titles.status_help"))
	return h.render(w, r, http.StatusOK, views.StatusHelpPage(p, views.StatusHelpModel{Limits: h.Limits}), nil)
}

// keysHelp lists the keyboard shortcuts.
func (h *Handlers) keysHelp(w http.ResponseWriter, r *http.Request, _ *session) error {
	p := h.page(w, r, printer(r).T("titles.keys"))
	return h.render(w, r, http.StatusOK, views.KeysPage(p), views.Keys(p))
}
