package handlers

import (
	"net/http"

	"gitlab-agent-portal/internal/i18n"
)

// preferences keeps the choice of language, theme, shortcuts and pictures in cookies, which the server reads, and
// returns to the page that the choice was made on.
func (h *Handlers) preferences(w http.ResponseWriter, r *http.Request) error {
	s, err := h.loadSession(w, r)
	if err != nil {
		return err
	}
	sessionID := ""
	if s != nil {
		sessionID = s.ID
	}
	if err := h.checkOwnForm(r, sessionID); err != nil {
		return err
	}
	switch lang := i18n.Lang(r.PostFormValue("lang")); lang {
	case i18n.English, i18n.Chinese:
		h.setCookie(w, h.Cookie.Name+languageCookie, string(lang), preferenceLifetime)
	}
	switch theme := r.PostFormValue("theme"); theme {
	case "light", "dark":
		h.setCookie(w, h.Cookie.Name+themeCookie, theme, preferenceLifetime)
	case "auto":
		h.clearCookie(w, h.Cookie.Name+themeCookie)
	}
	switch keys := r.PostFormValue("keys"); keys {
	case "off":
		h.setCookie(w, h.Cookie.Name+keysCookie, keys, preferenceLifetime)
	case "on":
		h.clearCookie(w, h.Cookie.Name+keysCookie)
	}
	switch charts := r.PostFormValue("charts"); charts {
	case "on":
		h.setCookie(w, h.Cookie.Name+chartsCookie, charts, preferenceLifetime)
	case "off":
		h.clearCookie(w, h.Cookie.Name+chartsCookie)
	}
	h.redirect(w, r, h.ownPath(r.PostFormValue("next")))
	return nil
}
