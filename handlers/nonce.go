package handlers

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"strings"
	"time"

	sessions "gitlab-agent-portal/internal/session"
)

// nonceLifetime is how long a form may stay open before it has to be confirmed once more.
const nonceLifetime = 12 * time.Hour

const (
	nonceRandomBytes = 16
	nonceActionBytes = 16
	nonceBodyBytes   = nonceRandomBytes + 8 + nonceActionBytes
	nonceBytes       = nonceBodyBytes + sha256.Size
)

// nonceSigner issues and checks form nonces without a write: an HMAC over session, random, expiry
// and the form's action. The action is the path that the form is sent to: by the route table it
// stands for what is to be done, and by its ids for what it is to be done to. The newest key signs,
// the older ones are still accepted.
type nonceSigner struct {
	keys [][]byte
	now  func() time.Time
}

func newNonceSigner(keys sessions.Keys, now func() time.Time) nonceSigner {
	return nonceSigner{keys: keys.Derive("form nonce"), now: now}
}

// issue returns a nonce for one rendering of a form in the given session ("" for a visitor). The
// query of action does not count.
func (n nonceSigner) issue(sessionID, action string) string {
	path, _, _ := strings.Cut(action, "?")
	body := make([]byte, nonceRandomBytes, nonceBytes)
	rand.Read(body) // never fails: crypto/rand ends the process instead
	body = binary.BigEndian.AppendUint64(body, uint64(n.now().Add(nonceLifetime).Unix()))
	body = append(body, actionSum(path)...)
	return base64.RawURLEncoding.EncodeToString(append(body, mac(n.keys[0], sessionID, body)...))
}

// nonceVerdict is what a nonce proves.
type nonceVerdict int

const (
	nonceForeign   nonceVerdict = iota // missing, garbled, or of another session
	nonceMisplaced                     // ours, but of a form for another address
	nonceExpired                       // ours, but of a form that was open for too long
	nonceGood
)

// check returns what nonce proves for the session and the path that it was sent to, and until when.
func (n nonceSigner) check(sessionID, path, nonce string) (nonceVerdict, time.Time) {
	raw, err := base64.RawURLEncoding.DecodeString(nonce)
	if err != nil || len(raw) != nonceBytes {
		return nonceForeign, time.Time{}
	}
	body, sum := raw[:nonceBodyBytes], raw[nonceBodyBytes:]
	expires := time.Unix(int64(binary.BigEndian.Uint64(body[nonceRandomBytes:])), 0)
	for _, key := range n.keys {
		switch {
		case !hmac.Equal(sum, mac(key, sessionID, body)):
			continue
		case !bytes.Equal(body[nonceRandomBytes+8:], actionSum(path)):
			return nonceMisplaced, expires
		case n.now().After(expires):
			return nonceExpired, expires
		}
		return nonceGood, expires
	}
	return nonceForeign, time.Time{}
}

// actionSum stands for a path in a nonce, which has one length for all of them.
func actionSum(path string) []byte {
	sum := sha256.Sum256([]byte(path))
	return sum[:nonceActionBytes]
}

func mac(key []byte, sessionID string, body []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(sessionID))
	h.Write([]byte{0}) // session ids hold no zero byte, so the parts cannot be shifted
	h.Write(body)
	return h.Sum(nil)
}
