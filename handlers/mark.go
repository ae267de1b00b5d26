package handlers

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/netip"
	"net/url"
)

// markCookie is the only one of the portal's cookies that its script can read. It tells one session
// from another, and opens none: a page that the browser brings back by itself (Back) compares it with
// the session that it was made for, and is made anew if that is over.
const markCookie = "-mark"

// markOf is a session's mark, from which nothing leads back to its id.
func markOf(sessionID string) string {
	sum := sha256.Sum256([]byte("mark of " + sessionID))
	return hex.EncodeToString(sum[:8])
}

// keepMark has the browser know the mark of the session; an empty one is none.
func (h *Handlers) keepMark(w http.ResponseWriter, r *http.Request, mark string) {
	name := h.Cookie.Name + markCookie
	switch {
	case cookieValue(r, name) == mark:
	case mark == "":
		h.clearCookie(w, name)
	default:
		http.SetCookie(w, &http.Cookie{ //nolint:gosec // read by the script, and no secret; Secure follows the scheme of PUBLIC_URL
			Name: name, Value: mark, Path: h.Cookie.Path, Secure: h.Cookie.Secure, SameSite: http.SameSiteLaxMode,
		})
	}
}

// cacheControl lets the browser keep a signed-in person's page for Back, and for nothing else; no
// answer with a secret is rendered here. What a visitor reads, and what went wrong, is kept nowhere, nor is
// anything where signing out would leave it behind.
func (h *Handlers) cacheControl(r *http.Request, status int) string {
	if stateOf(r).session == nil || status != http.StatusOK || !wipes(h.PublicURL, h.Cookie.Path) {
		return "no-store"
	}
	return "private, no-cache"
}

// wipes reports whether browsers wipe what they keep of the portal when they are told to: they do so for
// https and their own machine, and are not told where others live beside the portal's path.
func wipes(public *url.URL, cookiePath string) bool {
	address, err := netip.ParseAddr(public.Hostname())
	isHere := public.Hostname() == "localhost" || err == nil && address.IsLoopback()
	return cookiePath == "/" && (isHere || public.Scheme == "https")
}
