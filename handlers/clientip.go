package handlers

import (
	"net"
	"net/http"
	"net/netip"
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
// trusted proxy, the last address of its headers that no trusted proxy has added. Every
// entry left of it was written by somebody who is not trusted. No trusted proxy is the default.
func clientAddress(r *http.Request, trusted []netip.Prefix) netip.Addr {
	client, _, _ := origin(r, trusted)
	return client
}

// origin is the client's address, and what a trusted proxy said in its place that cannot be read:
// the header and the entry; empty if everything could be.
func origin(r *http.Request, trusted []netip.Prefix) (client netip.Addr, header, unread string) {
	client = peerOf(r)
	header, nodes := forwardedBy(r.Header)
	for i := len(nodes) - 1; i >= 0 && trusts(trusted, client); i-- {
		before, ok := parseNode(nodes[i])
		if !ok {
			return client, header, nodes[i]
		}
		client = before
	}
	return client, "", ""
}

// peerOf is the address at the other end of the connection; invalid where there is none.
func peerOf(r *http.Request) netip.Addr {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	peer, err := netip.ParseAddr(host)
	if err != nil {
		return netip.Addr{}
	}
	return peer.Unmap()
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

// noteForwarded says once that all clients seem to have one address, and once that a trusted proxy
// writes what cannot be read.
func (h *Handlers) noteForwarded(r *http.Request) {
	client, header, unread := origin(r, h.TrustedProxies)
	if unread != "" {
		h.unreadable.Do(func() {
			h.Log.WarnContext(r.Context(), "a trusted proxy forwards what is no address: its own stands in the audit instead of the client's",
				"proxy", client.String(), "header", header, "entry", unread[:min(len(unread), maxEntryShown)])
		})
	}
	peer := peerOf(r)
	if _, nodes := forwardedBy(r.Header); len(nodes) > 0 && !trusts(h.TrustedProxies, peer) && h.forwarded.note(peer) {
		h.Log.WarnContext(r.Context(), "all clients seem to have one address, while forwarded headers arrive: does TRUSTED_PROXIES lack a proxy?", "peer", peer.String())
	}
}

// maxEntryShown is how many bytes of an unreadable entry the log shows.
const maxEntryShown = 100
