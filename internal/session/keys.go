package session

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"unique"
)

// keySize is the length in bytes of a Key and of everything derived from one.
const keySize = 32

// redacted stands wherever a key or a session id would be printed.
const redacted = "[redacted]"

// Key is one secret from which the portal's signing and encryption keys are derived. It does
// not print itself, whichever way it is printed: fmt calls no methods on unexported fields, so
// the bytes sit behind a handle to a string, which fmt does not follow as it would an array.
//
// Two keys are == exactly when their bytes are.
type Key struct{ handle unique.Handle[string] }

// NewKey returns a random key.
func NewKey() Key {
	bytes := make([]byte, keySize)
	_, _ = rand.Read(bytes) // crypto/rand.Read ends the program rather than fail
	return Key{unique.Make(string(bytes))}
}

// Format writes a placeholder for every verb.
func (Key) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// LogValue logs a placeholder.
func (Key) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText encodes a placeholder.
func (Key) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// Keys are the keys in use, newest first: the first one signs and seals, all of them verify
// and open. To replace a key, put the new one in front, and drop the old one when the sessions
// that it signed have ended.
type Keys []Key

// ParseKeys reads comma-separated keys of 32 bytes each in hexadecimal, newest first. Its
// errors count the keys instead of quoting them.
func ParseKeys(text string) (Keys, error) {
	var keys Keys
	var problems []error
	for i, field := range strings.Split(text, ",") {
		key, err := parseKey(strings.TrimSpace(field))
		if err != nil {
			problems = append(problems, fmt.Errorf("key %d: %w", i+1, err))
			continue
		}
		keys = append(keys, key)
	}
	if err := errors.Join(append(problems, keys.check())...); err != nil {
		return nil, err
	}
	return keys, nil
}

func parseKey(text string) (Key, error) {
	if len(text) != hex.EncodedLen(keySize) {
		return Key{}, fmt.Errorf("has %d characters, want %d hexadecimal digits (%d bytes)",
			len(text), hex.EncodedLen(keySize), keySize)
	}
	bytes, err := hex.DecodeString(text)
	if err != nil {
		return Key{}, errors.New("is not hexadecimal")
	}
	return Key{unique.Make(string(bytes))}, nil
}

// check refuses what is well-formed and still no key: a placeholder, or the same key twice,
// which would make a rotation look done that was not.
func (k Keys) check() error {
	seen := make(map[Key]bool, len(k))
	for i, key := range k {
		switch {
		case key.handle.Value() == string(make([]byte, keySize)):
			return fmt.Errorf("key %d is all zeros", i+1)
		case seen[key]:
			return fmt.Errorf("key %d stands there twice", i+1)
		}
		seen[key] = true
	}
	return nil
}

// Derive returns one key of 32 bytes per Key for the named purpose, newest first, by
// HKDF-SHA256. Keys of different purposes tell nothing about each other.
func (k Keys) Derive(purpose string) [][]byte {
	derived := make([][]byte, len(k))
	for i, key := range k {
		out, err := hkdf.Key(sha256.New, []byte(key.handle.Value()), nil, purpose, keySize)
		if err != nil {
			// Only a length beyond HKDF's limit or a FIPS build that refuses the hash gets here.
			panic("session: hkdf: " + err.Error())
		}
		derived[i] = out
	}
	return derived
}
