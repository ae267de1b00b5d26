package handlers

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"time"

	sessions "gitlab-agent-portal/internal/session"
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
