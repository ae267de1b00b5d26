package handlers

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// clientIP is the address that a request comes from: the peer's, or, where the peer is a
// trusted proxy, the last address of X-Forwarded-For that no trusted proxy has added. Every
// entry left of it was written by somebody who is not trusted. No trusted proxy is the default.
func (h *Handlers) clientIP(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	client, err := netip.ParseAddr(host)
	if err != nil {
		return ""
	}
	forwarded := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(forwarded) - 1; i >= 0 && h.trusts(client); i-- {
		before, err := netip.ParseAddr(strings.TrimSpace(forwarded[i]))
		if err != nil {
			break
		}
		client = before
	}
	return client.Unmap().String()
}

// trusts reports whether what address says about others is believed.
func (h *Handlers) trusts(address netip.Addr) bool {
	for _, proxy := range h.TrustedProxies {
		if proxy.Contains(address.Unmap()) {
			return true
		}
	}
	return false
}
