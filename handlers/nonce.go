package handlers

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"net/http"
	"time"

	sessions "gitlab-agent-portal/internal/session"
	"gitlab-agent-portal/internal/tokens"
)

// nonceLifetime is how long a form may stay open before it has to be confirmed once more.
const nonceLifetime = 12 * time.Hour

const (
	nonceRandomBytes = 16
	nonceBytes       = nonceRandomBytes + 8 + sha256.Size
)

// nonceSigner issues and checks form nonces without a write: an HMAC over session, random
// and expiry. The newest key signs, the older ones are still accepted.
type nonceSigner struct {
	keys [][]byte
	now  func() time.Time
}

func newNonceSigner(keys sessions.Keys, now func() time.Time) nonceSigner {
	return nonceSigner{keys: keys.Derive("form nonce"), now: now}
}

// issue returns a nonce for one rendering of a form in the given session ("" for a visitor).
func (n nonceSigner) issue(sessionID string) string {
	body := make([]byte, nonceRandomBytes, nonceBytes)
	rand.Read(body) // never fails: crypto/rand ends the process instead
	body = binary.BigEndian.AppendUint64(body, uint64(n.now().Add(nonceLifetime).Unix()))
	return base64.RawURLEncoding.EncodeToString(append(body, mac(n.keys[0], sessionID, body)...))
}

// nonceVerdict is what a nonce proves.
type nonceVerdict int

const (
	nonceForeign nonceVerdict = iota // missing, garbled, or of another session
	nonceExpired                     // ours, but of a form that was open for too long
	nonceGood
)

// check returns what nonce proves for the session, and until when.
func (n nonceSigner) check(sessionID, nonce string) (nonceVerdict, time.Time) {
	raw, err := base64.RawURLEncoding.DecodeString(nonce)
	if err != nil || len(raw) != nonceBytes {
		return nonceForeign, time.Time{}
	}
	body, sum := raw[:nonceRandomBytes+8], raw[nonceRandomBytes+8:]
	expires := time.Unix(int64(binary.BigEndian.Uint64(body[nonceRandomBytes:])), 0)
	for _, key := range n.keys {
		if !hmac.Equal(sum, mac(key, sessionID, body)) {
			continue
		}
		if n.now().After(expires) {
			return nonceExpired, expires
		}
		return nonceGood, expires
	}
	return nonceForeign, time.Time{}
}

func mac(key []byte, sessionID string, body []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(sessionID))
	h.Write([]byte{0}) // session ids hold no zero byte, so the parts cannot be shifted
	h.Write(body)
	return h.Sum(nil)
}

// formProof checks the nonce of the form in r. stale asks for the form to be shown again with
// a fresh nonce and everything that was typed: it was open for too long, or the person signed
// in again in another tab, which the browser vouches for. Without such a voucher a wrong
// nonce is refused, because then nothing tells a form of ours from one of another site.
func (h *Handlers) formProof(r *http.Request, s *session) (form tokens.Form, stale bool, err error) {
	nonce := r.PostFormValue("nonce")
	verdict, expires := h.nonces.check(s.ID, nonce)
	switch {
	case verdict == nonceGood:
		return tokens.Form{Nonce: nonce, Expires: expires, Actor: h.actor(r, s)}, false, nil
	case verdict == nonceExpired, browserVouches(r):
		return tokens.Form{}, true, nil
	default:
		return tokens.Form{}, false, errForeignForm
	}
}

// isOwnForm reports whether the form in r comes from a page of the portal, for forms that may
// be sent any number of times.
func (h *Handlers) isOwnForm(r *http.Request, sessionID string) bool {
	verdict, _ := h.nonces.check(sessionID, r.PostFormValue("nonce"))
	return verdict == nonceGood || browserVouches(r)
}

// browserVouches reports whether the browser itself says that the request comes from a page
// of this site. That it does not come from elsewhere was checked before.
func browserVouches(r *http.Request) bool {
	return r.Header.Get("Sec-Fetch-Site") != "" || r.Header.Get("Origin") != ""
}
