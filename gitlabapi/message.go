package gitlabapi

import (
	"cmp"
	"encoding/json"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	maxMessage = 512 // bytes of an Error's texts
	// shingle is the shortest piece of a secret that is worth removing.
	shingle = 8
)

// failure is what the body of a refusal says. GitLab has seven shapes of it, and
// proxies in front add HTML and empty ones.
type failure struct {
	foreign     bool   // it is not GitLab's, by its content type
	text        string // for people
	code        string // OAuth's "error", also of /api/v4 at 401 and 403
	description string // OAuth's "error_description"
}

// readFailure reads the body of a refusal. Of what is not GitLab's it takes nothing: a proxy's
// page is no message.
func readFailure(status int, contentType string, body []byte) failure {
	switch {
	case isJSON(contentType):
		return readJSONFailure(body)
	case isText(contentType) && status != http.StatusUnauthorized:
		// Rack::Attack's "Retry later", Workhorse's and, where a file was asked for, the API's own.
		// Its 401 is always JSON.
		return failure{text: string(body)}
	case status == http.StatusTooManyRequests:
		return failure{} // a wish to wait is heeded, whoever has it
	case contentType == "" && len(body) == 0 && status != http.StatusUnauthorized:
		return failure{} // nobody can tell
	default:
		return failure{foreign: true}
	}
}

func readJSONFailure(body []byte) failure {
	var fields struct {
		Message     any `json:"message"`
		Error       any `json:"error"`
		Description any `json:"error_description"`
		Errors      any `json:"errors"`
	}
	if json.Unmarshal(body, &fields) != nil {
		return failure{}
	}
	f := failure{code: flatten(fields.Error), description: flatten(fields.Description)}
	parts := []string{flatten(fields.Message), f.code, f.description, flatten(fields.Errors)}
	f.text = strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), ": ")
	return f
}

// flatten makes one line of whatever stands where a message belongs: a text, a
// list, {"error": text}, {"message": text}, or {"field": [text, …]}.
func flatten(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case []any:
		lines := make([]string, 0, len(v))
		for _, item := range v {
			lines = append(lines, flatten(item))
		}
		return strings.Join(lines, "; ")
	case map[string]any:
		if inner := cmp.Or(flatten(v["message"]), flatten(v["error"])); inner != "" {
			return inner
		}
		lines := make([]string, 0, len(v))
		for _, field := range slices.Sorted(maps.Keys(v)) {
			if text := flatten(v[field]); text != "" {
				lines = append(lines, field+" "+text)
			}
		}
		return strings.Join(lines, "; ")
	default:
		return ""
	}
}

// isJSON reports whether a content type is JSON.
func isJSON(contentType string) bool {
	media, _, err := mime.ParseMediaType(contentType)
	return err == nil && (media == "application/json" || strings.HasSuffix(media, "+json"))
}

// isText reports whether a content type is plain text.
func isText(contentType string) bool {
	media, _, err := mime.ParseMediaType(contentType)
	return err == nil && media == "text/plain"
}

// clean makes a text from outside fit for a log and a page: no control or
// formatting characters, none of the secrets, at most maxMessage bytes. The
// order matters: a secret cut by the bound, or with a character slipped into
// it, would not be recognised any more.
func clean(text string, secrets ...Secret) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r), r == utf8.RuneError:
			return -1
		}
		return r
	}, text)
	for _, secret := range secrets {
		text = redact(text, secret.Reveal())
	}
	return bound(strings.Join(strings.Fields(text), " "))
}

// redact removes every piece of secret, of shingle bytes or more, from text:
// servers echo what they were sent, and may cut it.
func redact(text, secret string) string {
	if len(secret) < shingle {
		if secret == "" {
			return text
		}
		return strings.ReplaceAll(text, secret, redacted)
	}
	pieces := make(map[string]bool, len(secret))
	for i := range len(secret) - shingle + 1 {
		pieces[secret[i:i+shingle]] = true
	}
	var b strings.Builder
	kept := 0 // text[:kept] is dealt with
	for i := 0; i+shingle <= len(text); i++ {
		if !pieces[text[i:i+shingle]] {
			continue
		}
		end := i + shingle
		for end < len(text) && pieces[text[end+1-shingle:end+1]] {
			end++
		}
		b.WriteString(text[kept:i] + redacted)
		kept, i = end, end-1
	}
	return b.String() + text[kept:]
}

// bound cuts text to maxMessage bytes, between characters.
func bound(text string) string {
	if len(text) <= maxMessage {
		return text
	}
	end := maxMessage - len("…")
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + "…"
}

// Reasons splits GitLab's message at ErrInvalid and ErrForbidden into sentences for people:
// without the "400 Bad request - " in front, and one by one where GitLab wrote a
// Ruby array into a string. A bare "403 Forbidden" is no reason.
func (e *Error) Reasons() []string {
	text := e.Message
	if strings.HasPrefix(text, strconv.Itoa(e.Status)+" ") {
		_, reason, ok := strings.Cut(text, " - ")
		if !ok && strings.EqualFold(text, strconv.Itoa(e.Status)+" "+http.StatusText(e.Status)) {
			return nil
		}
		text = cmp.Or(reason, text)
	}
	var list []string
	// Ruby's inspect is JSON but for an escaped '#'.
	if json.Unmarshal([]byte(strings.ReplaceAll(text, `\#`, `#`)), &list) == nil && len(list) > 0 {
		return list
	}
	if text == "" {
		return nil
	}
	return []string{text}
}
