package session

import (
	"crypto/cipher"
	"crypto/rand"
	"errors"

	"golang.org/x/crypto/chacha20poly1305"
)

// ErrNotSealed reports that a sealed value was not made by any of the keys for this purpose
// and this additional data, or was changed since.
var ErrNotSealed = errors.New("session: the sealed value does not open")

// Sealer encrypts and authenticates values for one purpose with XChaCha20-Poly1305, whose
// nonces are long enough to be drawn at random. It is safe for concurrent use.
type Sealer struct{ aeads []cipher.AEAD }

// Sealer returns the sealer of the named purpose. What one purpose sealed, no other opens.
func (k Keys) Sealer(purpose string) *Sealer {
	s := &Sealer{}
	for _, key := range k.Derive("seal " + purpose) {
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
