package gitlabapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"unique"
)

// redacted stands wherever a secret would have been printed.
const redacted = "[redacted]"

// Secret is a credential that cannot print itself: every fmt verb, slog, JSON
// and text encoding show "[redacted]". Reading the value takes Reveal.
//
// Two secrets are == exactly when their values are. The value sits behind a
// pointer (a unique.Handle): fmt calls no methods on unexported fields or under
// a bad verb such as %p, and would print a plain string field as it is.
type Secret struct {
	handle unique.Handle[string]
}

// NewSecret wraps value. An empty value gives the zero Secret.
func NewSecret(value string) Secret {
	if value == "" {
		return Secret{}
	}
	return Secret{handle: unique.Make(value)}
}

// Reveal returns the value itself; the zero Secret gives "".
func (s Secret) Reveal() string {
	if s.IsZero() {
		return ""
	}
	return s.handle.Value()
}

// IsZero reports whether there is no value.
func (s Secret) IsZero() bool { return s == Secret{} }

// Equal reports whether both hold the same value; go-cmp uses it.
func (s Secret) Equal(other Secret) bool { return s == other }

// String returns "[redacted]".
func (s Secret) String() string { return redacted }

// GoString returns "[redacted]".
func (s Secret) GoString() string { return redacted }

// Format writes "[redacted]" for every verb and flag.
func (s Secret) Format(state fmt.State, _ rune) { _, _ = io.WriteString(state, redacted) }

// LogValue gives slog "[redacted]".
func (s Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalJSON writes "[redacted]": a secret does not survive encoding.
func (s Secret) MarshalJSON() ([]byte, error) { return json.Marshal(redacted) }

// MarshalText writes [redacted], for XML, YAML and map keys.
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// UnmarshalJSON reads a string; null leaves the zero Secret. Its error never
// holds the input.
func (s *Secret) UnmarshalJSON(data []byte) error {
	var value string
	if err := json.Unmarshal(data, &value); err != nil {
		return errors.New("secret is not a JSON string")
	}
	*s = NewSecret(value)
	return nil
}
