package session_test

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"gitlab-agent-portal/internal/session"
)

const (
	hexKey   = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
	otherKey = "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff000102030405060708090a0b0c0d0e0f"
)

func TestParseKeys(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, text string
		want       int
		wantErr    string
	}{
		{"one key", hexKey, 1, ""},
		{"upper case", strings.ToUpper(hexKey), 1, ""},
		{"two keys with a blank", hexKey + ", " + otherKey + "\n", 2, ""},
		{"nothing", "", 0, "key 1: has 0 characters"},
		{"a trailing comma", hexKey + ",", 0, "key 2: has 0 characters"},
		{"too short", hexKey[:62], 0, "key 1: has 62 characters, want 64"},
		{"too long", hexKey + "00", 0, "key 1: has 66 characters, want 64"},
		{"not hexadecimal", "x" + hexKey[1:], 0, "key 1: is not hexadecimal"},
		{"all zeros", strings.Repeat("0", 64), 0, "key 1 is all zeros"},
		{"the same key twice", hexKey + "," + hexKey, 0, "key 2 stands there twice"},
		{"the second is wrong", hexKey + ",abc", 0, "key 2: has 3 characters"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			keys, err := session.ParseKeys(tt.text)
			if len(keys) != tt.want {
				t.Errorf("ParseKeys gives %d keys, want %d", len(keys), tt.want)
			}
			switch {
			case tt.wantErr == "" && err != nil:
				t.Errorf("ParseKeys: %v", err)
			case tt.wantErr != "" && (err == nil || !strings.Contains(err.Error(), tt.wantErr)):
				t.Errorf("ParseKeys: %v, want %q", err, tt.wantErr)
			case err != nil && strings.Contains(err.Error(), hexKey[2:20]):
				t.Errorf("the error quotes a key: %v", err)
			}
		})
	}
}

func mustParseKeys(t *testing.T, text string) session.Keys {
	t.Helper()
	keys, err := session.ParseKeys(text)
	if err != nil {
		t.Fatalf("ParseKeys: %v", err)
	}
	return keys
}

func TestDerive(t *testing.T) {
	t.Parallel()
	keys := mustParseKeys(t, otherKey+","+hexKey)
	derived := keys.Derive("test")
	if len(derived) != 2 {
		t.Fatalf("Derive gives %d keys, want one for each of 2", len(derived))
	}
	// HKDF-SHA256 without salt over hexKey and the purpose "test". A change would sign
	// everybody out at the next update.
	const want = "ee2d74b5581380b94518efd1a6da0de5655d58b2f082dccc9f645e52e0ebfbdb"
	if got := hex.EncodeToString(derived[1]); got != want {
		t.Errorf("Derive = %s, want %s", got, want)
	}
	if again := keys.Derive("test"); string(again[0]) != string(derived[0]) {
		t.Error("Derive gives another key the second time")
	}
	if other := keys.Derive("tesu"); string(other[0]) == string(derived[0]) {
		t.Error("two purposes share a key")
	}
}

func TestKeyDoesNotPrintItself(t *testing.T) {
	t.Parallel()
	keys := mustParseKeys(t, hexKey)
	hidden := struct{ key session.Key }{keys[0]} // fmt calls no methods in here
	log := new(logBuffer)
	log.logger().Info("test", "key", keys[0], "keys", keys, "hidden", hidden)
	encoded, err := json.Marshal(keys)
	if err != nil {
		t.Fatal(err)
	}
	printed := []string{log.String(), string(encoded)}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%d", "%x", "%q", "%p"} {
		printed = append(printed, fmt.Sprintf(verb+verb+verb, keys, keys[0], hidden))
	}
	for _, text := range printed {
		if strings.Contains(text, hexKey[:16]) || strings.Contains(text, "1 2 3 4") || strings.Contains(text, "0x1, 0x2") {
			t.Errorf("a key printed itself as %s", text)
		}
	}
}

func TestSealer(t *testing.T) {
	t.Parallel()
	oldKeys := mustParseKeys(t, hexKey)
	bothKeys := mustParseKeys(t, otherKey+","+hexKey)
	newKeys := bothKeys[:1]
	sealed := oldKeys.Sealer("test").Seal([]byte("secret"), []byte("row 1"))
	changed := append([]byte(nil), sealed...)
	changed[len(changed)-1] ^= 1
	tests := []struct {
		name   string
		keys   session.Keys
		use    string
		sealed []byte
		aad    string
		want   string
	}{
		{"the key that sealed it", oldKeys, "test", sealed, "row 1", "secret"},
		{"the key that sealed it, behind a newer one", bothKeys, "test", sealed, "row 1", "secret"},
		{"only another key", newKeys, "test", sealed, "row 1", ""},
		{"another purpose", oldKeys, "tesu", sealed, "row 1", ""},
		{"other additional data", oldKeys, "test", sealed, "row 2", ""},
		{"one bit changed", oldKeys, "test", changed, "row 1", ""},
		{"cut short", oldKeys, "test", sealed[:20], "row 1", ""},
		{"nothing", oldKeys, "test", nil, "row 1", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := tt.keys.Sealer(tt.use).Open(tt.sealed, []byte(tt.aad))
			if string(got) != tt.want {
				t.Errorf("Open = %q, want %q", got, tt.want)
			}
			if tt.want == "" && !errors.Is(err, session.ErrNotSealed) {
				t.Errorf("Open: %v, want ErrNotSealed", err)
			}
		})
	}
	if again := oldKeys.Sealer("test").Seal([]byte("secret"), []byte("row 1")); string(again) == string(sealed) {
		t.Error("the same value sealed twice looks the same")
	}
	byNewest := bothKeys.Sealer("test").Seal([]byte("secret"), nil)
	if _, err := newKeys.Sealer("test").Open(byNewest, nil); err != nil {
		t.Errorf("what two keys sealed does not open with the newest: %v", err)
	}
}
