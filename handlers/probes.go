package handlers

import (
	"fmt"
	"io"
	"net/http"
	"time"

	"gitlab-agent-portal/views"
)

// health says that the process answers, and which it is; it depends on nothing.
func (h *Handlers) health(w http.ResponseWriter, _ *http.Request) error {
	return plain(w, "ok\nversion "+h.Version+"\n")
}

// ready says that traffic may be sent here: the database answers and no stop is under way.
// GitLab being down is no reason to take the portal away, which then says so itself.
func (h *Handlers) ready(w http.ResponseWriter, r *http.Request) error {
	if err := h.Ready(r.Context()); err != nil {
		return errNotReady.because(err)
	}
	return plain(w, "ok\n")
}

// plain answers with a text for programs.
func plain(w http.ResponseWriter, text string) error {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	_, err := io.WriteString(w, text)
	return err
}

// securityTxtLasts is for how long somebody may rely on what security.txt says.
const securityTxtLasts = 90 * 24 * time.Hour

// securityTxt says where to report a vulnerability (RFC 9116).
func (h *Handlers) securityTxt(w http.ResponseWriter, _ *http.Request) error {
	return plain(w, fmt.Sprintf("Contact: %s\nExpires: %s\nPreferred-Languages: en, zh\nCanonical: %s\n",
		h.SecurityContact, h.Now().UTC().Add(securityTxtLasts).Format(time.RFC3339), h.PublicURL.JoinPath(views.PatternSecurityTxt)))
}

// asset serves a built file; an unknown one gets our page like any other unknown address.
func (h *Handlers) asset(w http.ResponseWriter, r *http.Request) error {
	if !h.Assets.Has(r.URL.Path) {
		return errNoSuchPage
	}
	h.Assets.Handler().ServeHTTP(w, r)
	return nil
}
