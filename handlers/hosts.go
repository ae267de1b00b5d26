package handlers

import (
	"net/http"
	"slices"
	"strings"

	"gitlab-agent-portal/views"
)

// checkHost answers for no other names than Hosts, if there are any: a site can have its own name lead
// to this machine, and its pages would then count as the portal's (DNS rebinding). Files are the same
// for everybody, and the page that says so needs them.
func (h *Handlers) checkHost(next http.Handler) http.Handler {
	return h.handle(func(w http.ResponseWriter, r *http.Request) error {
		isFile := strings.HasPrefix(r.URL.Path, h.urls.Base+views.PatternStatic)
		if len(h.Hosts) > 0 && !isFile && !slices.Contains(h.Hosts, strings.ToLower(r.Host)) {
			return errWrongHost
		}
		next.ServeHTTP(w, r)
		return nil
	})
}
