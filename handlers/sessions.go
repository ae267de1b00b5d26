package handlers

import (
	"errors"
	"fmt"
	"net/http"

	sessions "gitlab-agent-portal/internal/session"
	"gitlab-agent-portal/views"
)

// applicationsPage is GitLab's page of the applications that a person has authorised
// (https://docs.gitlab.com/integration/oauth_provider/#view-all-authorized-applications).
const applicationsPage = "-/user_settings/applications"

// sessionList shows where the person is signed in.
func (h *Handlers) sessionList(w http.ResponseWriter, r *http.Request, s *session) error {
	listed, err := h.Sessions.List(r.Context(), s.User.ID)
	if err != nil {
		return fmt.Errorf("listing the person's sessions: %w", err)
	}
	here := sessions.HandleOf(s.ID)
	model := views.SessionsModel{
		ApplicationsURL: h.GitLab.BaseURL().JoinPath(applicationsPage).String(), Nonce: h.nonces.issue(s.ID, h.urls.SessionsEnd()),
	}
	for _, one := range listed {
		model.Rows = append(model.Rows, views.SessionRow{
			Handle: one.Handle, Browser: one.Client.Browser, System: one.Client.System, Address: one.Client.Address,
			BegunAt: one.CreatedAt, SeenAt: one.LastSeenAt, Here: one.Handle == here,
		})
	}
	p := h.page(w, r, printer(r).T("titles.sessions"))
	return h.render(w, r, http.StatusOK, views.SessionsPage(p, model), nil)
}

// sessionsEnd signs out one of the person's sessions, all others, or all. The tokens of others are
// sealed with their cookies, so that their grants stay: the page says where to end these.
func (h *Handlers) sessionsEnd(w http.ResponseWriter, r *http.Request) error {
	current, err := h.sender(r)
	switch {
	case err != nil:
		return err
	case current == nil:
		return errNotSignedIn
	}
	switch which := r.PostFormValue("end"); which {
	case sessions.HandleOf(current.ID):
		return h.leave(w, r)
	case views.EndAll, views.EndOthers:
		if _, err := h.Sessions.EndOthers(r.Context(), current.User.ID, current.ID); err != nil {
			return fmt.Errorf("ending the person's other sessions: %w", err)
		}
		if which == views.EndAll {
			return h.leave(w, r)
		}
		h.setFlash(w, r, flash{Kind: views.NoticeSuccess, ID: "sessions_ended"})
	default:
		if err := h.endListed(r, current, which); err != nil {
			return err
		}
		h.setFlash(w, r, flash{Kind: views.NoticeSuccess, ID: "session_ended"}) // also if it had ended before
	}
	h.redirect(w, r, h.urls.Sessions())
	return nil
}

func (h *Handlers) endListed(r *http.Request, current *sessions.Session, handle string) error {
	_, err := h.Sessions.EndListed(r.Context(), current.User.ID, handle)
	switch {
	case errors.Is(err, sessions.ErrNoHandle):
		return errFormUnreadable.because(err)
	case err != nil:
		return fmt.Errorf("ending another session: %w", err)
	}
	return nil
}
