package handlers

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
)

// ClientIP is the address that a request comes from in its usual form, empty for none, if the peers
// in trusted are believed about others.
func ClientIP(r *http.Request, trusted []netip.Prefix) string {
	if client := clientAddress(r, trusted); client.IsValid() {
		return client.String()
	}
	return ""
}

// clientIP is the client's address in its usual form; empty for none.
func (h *Handlers) clientIP(r *http.Request) string { return ClientIP(r, h.TrustedProxies) }

// clientAddress is the client's address.
func (h *Handlers) clientAddress(r *http.Request) netip.Addr {
	return clientAddress(r, h.TrustedProxies)
}

// clientAddress is the address that a request comes from: the peer's, or, where the peer is a
// trusted proxy, the last address of X-Forwarded-For that no trusted proxy has added. Every
// entry left of it was written by somebody who is not trusted. No trusted proxy is the default.
func clientAddress(r *http.Request, trusted []netip.Prefix) netip.Addr {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	client, err := netip.ParseAddr(host)
	if err != nil {
		return netip.Addr{}
	}
	forwarded := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(forwarded) - 1; i >= 0 && trusts(trusted, client); i-- {
		before, err := netip.ParseAddr(strings.TrimSpace(forwarded[i]))
		if err != nil {
			break
		}
		client = before
	}
	return client.Unmap()
}

// trusts reports whether what address says about others is believed.
func trusts(trusted []netip.Prefix, address netip.Addr) bool {
	for _, proxy := range trusted {
		if proxy.Contains(address.Unmap()) {
			return true
		}
	}
	return false
}

// manyForwarded is after how many requests that were forwarded by one untrusted peer the log says
// so: by then it is a proxy, and not somebody who tries out headers.
const manyForwarded = 100

// forwardedHint notices a proxy that TRUSTED_PROXIES does not name: everybody behind it seems to
// have its address.
type forwardedHint struct {
	mu    sync.Mutex
	peer  netip.Addr
	count int
}

// note counts a request of an untrusted peer's with forwarded headers, and reports whether it is
// time to say so.
func (f *forwardedHint) note(peer netip.Addr) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.count == 0 {
		f.peer = peer
	}
	if f.count > manyForwarded || peer != f.peer {
		return false // said, or not all of them have one address
	}
	f.count++
	return f.count == manyForwarded
}

// noteForwarded says once that all clients seem to have one address.
func (h *Handlers) noteForwarded(r *http.Request) {
	if len(h.TrustedProxies) > 0 || r.Header.Get("X-Forwarded-For") == "" {
		return
	}
	if peer := h.clientAddress(r); h.forwarded.note(peer) {
		h.Log.WarnContext(r.Context(), "all clients seem to have one address, while forwarded headers arrive: does TRUSTED_PROXIES lack a proxy?", "peer", peer.String())
	}
}
