package gitlabapi_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"gitlab-agent-portal/gitlabapi"
)

// holder has a secret where fmt cannot call its methods.
type holder struct {
	name   string
	secret gitlabapi.Secret
	inner  struct{ secret *gitlabapi.Secret }
}

func holderOf(secret gitlabapi.Secret) holder {
	h := holder{name: "holder", secret: secret}
	h.inner.secret = &secret
	return h
}

func TestSecretNeverPrintsItself(t *testing.T) {
	t.Parallel()
	secret := gitlabapi.NewSecret(canary)
	pair := gitlabapi.TokenPair{Access: secret, Refresh: secret}
	values := map[string]any{
		"value":                   secret,
		"pointer":                 &secret,
		"exported field":          pair,
		"pointer to struct":       &pair,
		"unexported field":        holderOf(secret),
		"slice":                   []gitlabapi.Secret{secret},
		"map":                     map[string]gitlabapi.Secret{"k": secret},
		"map key":                 map[gitlabapi.Secret]int{secret: 1},
		"array of interfaces":     [1]any{secret},
		"created token":           gitlabapi.CreatedToken{Secret: secret},
		"OAuth configuration":     gitlabapi.OAuthConfig{ClientSecret: secret},
		"client bound to a token": client(t, "https://gitlab.test", quick()),
		"OAuth":                   client(t, "https://gitlab.test", quick()).OAuth(gitlabapi.OAuthConfig{ClientSecret: secret}),
	}
	for name, value := range values {
		for _, flag := range []string{"", "+", "#", "-", " ", "0", "20", ".3"} {
			for verb := 'A'; verb <= 'z'; verb++ {
				format := "%" + flag + string(verb)
				if text := fmt.Sprintf(format, value); leaks(text) {
					t.Errorf("%s by %s shows the secret: %s", name, format, text)
				}
			}
		}
	}
}

func TestSecretIsNotEncoded(t *testing.T) {
	t.Parallel()
	secret := gitlabapi.NewSecret(canary)
	pair := gitlabapi.TokenPair{Access: secret, Refresh: secret}
	var out bytes.Buffer
	for _, handler := range []slog.Handler{slog.NewJSONHandler(&out, nil), slog.NewTextHandler(&out, nil)} {
		log := slog.New(handler)
		log.Info("m", "secret", secret, "pointer", &secret, "pair", pair, "holder", holderOf(secret))
		log.With("secret", secret).WithGroup("g").Info("m", slog.Any("s", []gitlabapi.Secret{secret}))
	}
	for _, value := range []any{secret, &secret, pair, map[gitlabapi.Secret]gitlabapi.Secret{secret: secret}} {
		text, err := json.Marshal(value)
		if err != nil {
			t.Errorf("json.Marshal(%T) = %v", value, err)
		}
		out.Write(text)
	}
	if err := xml.NewEncoder(&out).Encode(pair); err != nil {
		t.Errorf("xml: %v", err)
	}
	if leaks(out.String()) {
		t.Errorf("an encoder shows the secret:\n%s", out.String())
	}
	if n := strings.Count(out.String(), "[redacted]"); n < 10 {
		t.Errorf("[redacted] appears %d times, want it in place of every secret:\n%s", n, out.String())
	}
}

// leaks looks for the canary in plain, quoted and hexadecimal form.
func leaks(text string) bool {
	lower := strings.ToLower(text)
	return strings.Contains(lower, "canary") ||
		strings.Contains(lower, fmt.Sprintf("%x", "canary")) ||
		strings.Contains(lower, fmt.Sprintf("% x", "canary")) ||
		strings.Contains(lower, strings.ToLower(fmt.Sprintf("%v", []byte("canary"))[1:18]))
}

func TestSecretKeepsItsValue(t *testing.T) {
	t.Parallel()
	var read gitlabapi.Secret
	if err := json.Unmarshal([]byte(`"`+canary+`"`), &read); err != nil {
		t.Fatal(err)
	}
	if read.Reveal() != canary || read.IsZero() {
		t.Errorf("read from JSON: %q, want the canary", read.Reveal())
	}
	if read != gitlabapi.NewSecret(canary) || !read.Equal(gitlabapi.NewSecret(canary)) {
		t.Error("secrets of the same value differ")
	}
	if read == gitlabapi.NewSecret(canary+"x") || read.Equal(gitlabapi.Secret{}) {
		t.Error("secrets of different values are equal")
	}
}

func TestZeroSecretIsEmpty(t *testing.T) {
	t.Parallel()
	read := gitlabapi.NewSecret(canary)
	if err := json.Unmarshal([]byte(`null`), &read); err != nil {
		t.Fatal(err)
	}
	for name, secret := range map[string]gitlabapi.Secret{"zero": {}, "of nothing": gitlabapi.NewSecret(""), "null": read} {
		if secret.Reveal() != "" || !secret.IsZero() {
			t.Errorf("the %s secret reveals %q", name, secret.Reveal())
		}
	}
}

func TestSecretOfTheWrongTypeIsNotQuoted(t *testing.T) {
	t.Parallel()
	var secret gitlabapi.Secret
	err := json.Unmarshal([]byte(`12345678901`), &secret)
	if err == nil || strings.Contains(err.Error(), "12345") {
		t.Errorf("error = %v, want one without the input", err)
	}
}
