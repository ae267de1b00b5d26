package session

import (
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"slices"

	"golang.org/x/crypto/chacha20poly1305"
)

// ErrNotSealed reports that a sealed value was not made by any of the keys for this purpose
// and this additional data, or was changed since.
var ErrNotSealed = errors.New("session: the sealed value does not open")

// Sealer encrypts and authenticates values for one purpose with XChaCha20-Poly1305, whose
// nonces are long enough to be drawn at random. It is safe for concurrent use.
type Sealer struct{ aeads []cipher.AEAD }

// Sealer returns the sealer of the named purpose. What one purpose sealed, no other opens.
func (k Keys) Sealer(purpose string) *Sealer { return newSealer(k.Derive("seal " + purpose)) }

func newSealer(keys [][]byte) *Sealer {
	s := &Sealer{}
	for _, key := range keys {
		aead, err := chacha20poly1305.NewX(key)
		if err != nil {
			panic("session: " + err.Error()) // only for a key of the wrong length
		}
		s.aeads = append(s.aeads, aead)
	}
	return s
}

// Seal encrypts plaintext with the newest key and binds it to aad, which the result does not
// contain and Open has to be given again.
func (s *Sealer) Seal(plaintext, aad []byte) []byte {
	aead := s.aeads[0]
	nonce := make([]byte, aead.NonceSize(), aead.NonceSize()+len(plaintext)+aead.Overhead())
	_, _ = rand.Read(nonce)
	return aead.Seal(nonce, nonce, plaintext, aad)
}

// Open returns what Seal was given, or ErrNotSealed. Every key is tried.
func (s *Sealer) Open(sealed, aad []byte) ([]byte, error) {
	for _, aead := range s.aeads {
		if len(sealed) < aead.NonceSize() {
			break
		}
		nonce, ciphertext := sealed[:aead.NonceSize()], sealed[aead.NonceSize():]
		if plaintext, err := aead.Open(nil, nonce, ciphertext, aad); err == nil {
			return plaintext, nil
		}
	}
	return nil, ErrNotSealed
}

// splitKeys are halves of keys. Each session's cookie has the other half: neither the server's keys
// nor the cookies alone open anything.
type splitKeys [][]byte

func (k Keys) split(purpose string) splitKeys { return k.Derive("split " + purpose) }

// with returns the sealer whose keys are made, by HKDF-SHA256, of both halves. secret has to be as
// hard to guess as a key.
func (k splitKeys) with(secret string) *Sealer {
	whole := make([][]byte, len(k))
	for i, half := range k {
		var err error
		if whole[i], err = hkdf.Key(sha256.New, slices.Concat(half, []byte(secret)), nil, "both halves", keySize); err != nil {
			panic("session: hkdf: " + err.Error()) // as in Derive
		}
	}
	return newSealer(whole)
}
