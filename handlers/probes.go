package handlers

import "net/http"

// health says that the process answers; it depends on nothing.
func (h *Handlers) health(w http.ResponseWriter, _ *http.Request) error {
	return plainOK(w)
}

// ready says that traffic may be sent here: the database answers and no stop is under way.
// GitLab being down is no reason to take the portal away, which then says so itself.
func (h *Handlers) ready(w http.ResponseWriter, r *http.Request) error {
	if err := h.Ready(r.Context()); err != nil {
		return errNotReady.because(err)
	}
	return plainOK(w)
}

func plainOK(w http.ResponseWriter) error {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	_, err := w.Write([]byte("ok\n"))
	return err
}

// asset serves a built file; an unknown one gets our page like any other unknown address.
func (h *Handlers) asset(w http.ResponseWriter, r *http.Request) error {
	if !h.Assets.Has(r.URL.Path) {
		return errNoSuchPage
	}
	h.Assets.Handler().ServeHTTP(w, r)
	return nil
}
