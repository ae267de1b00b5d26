package demo

import (
	"fmt"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// hosts are the names of this machine that lead to listener, as browsers write them into Host. Nobody
// signs in with a password here, so a page of any site could play with the demo if its own name, made
// to lead to this machine (DNS rebinding), were answered too.
func hosts(listener net.Listener) []string {
	port := strconv.Itoa(listener.Addr().(*net.TCPAddr).Port)
	return []string{net.JoinHostPort("localhost", port), net.JoinHostPort("127.0.0.1", port), net.JoinHostPort("::1", port)}
}

// Hosts are the only values of Host that the portal may answer.
func (d *Demo) Hosts() []string { return hosts(d.Portal) }

// ownHosts keeps every other Host from the GitLab.
func (d *Demo) ownHosts(next http.Handler) http.Handler {
	own := hosts(d.gitlab)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !slices.Contains(own, strings.ToLower(r.Host)) {
			w.Header().Set("Content-Type", "text/plain; charset=utf-8")
			w.Header().Set("X-Content-Type-Options", "nosniff")
			w.WriteHeader(http.StatusMisdirectedRequest)
			_, _ = fmt.Fprintf(w, "This is the demo's GitLab, which answers at %s only.\n", d.gitlabURL())
			return
		}
		next.ServeHTTP(w, r)
	})
}
