package handlers

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"gitlab-agent-portal/internal/i18n"
	"gitlab-agent-portal/views"
)

const (
	languageCookie = "-lang"
	themeCookie    = "-theme"
	keysCookie     = "-keys"
	chartsCookie   = "-charts"
	flashCookie    = "-flash"

	// preferenceLifetime is Chromium's upper limit for any cookie.
	preferenceLifetime = 400 * 24 * time.Hour
	// flashLifetime bounds how late the result of an action may still be shown.
	flashLifetime = time.Minute
	// maxCookie is what every browser keeps of a cookie's name and value; it drops larger ones
	// without a word.
	maxCookie = 4096
)

// setCookie sets one of the portal's own cookies. All share the prefix, path and flags of the
// session cookie, since the prefix (__Host- or __Secure-) makes demands on them.
func (h *Handlers) setCookie(w http.ResponseWriter, name, value string, lifetime time.Duration) {
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // Secure follows the scheme of PUBLIC_URL
		Name: name, Value: value, Path: h.Cookie.Path, MaxAge: int(lifetime / time.Second),
		Secure: h.Cookie.Secure, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
}

func (h *Handlers) clearCookie(w http.ResponseWriter, name string) {
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // Secure follows the scheme of PUBLIC_URL
		Name: name, Path: h.Cookie.Path, MaxAge: -1,
		Secure: h.Cookie.Secure, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
}

func cookieValue(r *http.Request, name string) string {
	cookie, err := r.Cookie(name)
	if err != nil {
		return ""
	}
	return cookie.Value
}

// language is the person's choice, or what the browser asks for.
func (h *Handlers) language(r *http.Request) i18n.Lang {
	return i18n.Match(cookieValue(r, h.Cookie.Name+languageCookie), r.Header.Get("Accept-Language"))
}

// theme is the person's choice, or empty for the system's.
func (h *Handlers) theme(r *http.Request) string {
	switch theme := cookieValue(r, h.Cookie.Name+themeCookie); theme {
	case "light", "dark":
		return theme
	default:
		return ""
	}
}

// setSealed keeps value in a cookie that only the portal can read, bound to the cookie's name.
func (h *Handlers) setSealed(w http.ResponseWriter, name string, value any, lifetime time.Duration) error {
	plain, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("encoding a cookie: %w", err)
	}
	value64 := base64.RawURLEncoding.EncodeToString(h.sealer.Seal(plain, []byte(name)))
	if size := len(name) + len(value64); size > maxCookie {
		return fmt.Errorf("the cookie %s would have %d bytes, and browsers keep %d", name, size, maxCookie)
	}
	h.setCookie(w, name, value64, lifetime)
	return nil
}

// takeSealed is readSealed that clears the cookie, if there is one.
func (h *Handlers) takeSealed(w http.ResponseWriter, r *http.Request, name string, value any) bool {
	if cookieValue(r, name) == "" {
		return false
	}
	h.clearCookie(w, name)
	return h.readSealed(r, name, value)
}

// readSealed reads a cookie of setSealed into value. It reports false for a cookie that is missing,
// garbled or not ours.
func (h *Handlers) readSealed(r *http.Request, name string, value any) bool {
	sealed, err := base64.RawURLEncoding.DecodeString(cookieValue(r, name))
	if err != nil {
		return false
	}
	plain, err := h.sealer.Open(sealed, []byte(name))
	return err == nil && json.Unmarshal(plain, value) == nil
}

// flash is the result of an action, shown on the page that follows it.
type flash struct {
	Kind views.NoticeKind `json:"k"`
	// ID names the text in the catalogue: flash.<id>.
	ID   string            `json:"i"`
	Args map[string]string `json:"a,omitempty"`
}

// setFlash keeps f for the next page. It holds names, never a secret. A name that does not
// fit into a cookie is no reason to fail after the action was done.
func (h *Handlers) setFlash(w http.ResponseWriter, r *http.Request, f flash) {
	if err := h.setSealed(w, h.Cookie.Name+flashCookie, f, flashLifetime); err != nil {
		h.Log.ErrorContext(r.Context(), "keeping a notice for the next page", "error", err)
	}
}

// takeFlash returns what the last action led to, once.
func (h *Handlers) takeFlash(w http.ResponseWriter, r *http.Request) *views.Notice {
	var f flash
	if !h.takeSealed(w, r, h.Cookie.Name+flashCookie, &f) {
		return nil
	}
	args := make([]any, 0, 2*len(f.Args))
	for key, value := range f.Args {
		args = append(args, key, value)
	}
	return &views.Notice{Kind: f.Kind, Text: printer(r).T("flash."+f.ID, args...)}
}
