package session

import (
	"net/http"
	"slices"
	"strings"

	"github.com/gorilla/securecookie"
	"github.com/gorilla/sessions"
)

// CookieOptions describe the session cookie. It is always HttpOnly and SameSite=Lax (Strict
// would not be sent on the way back from GitLab's sign-in page), has no Domain, and ends with
// the browser; how long a session may last is the database's business.
type CookieOptions struct {
	// Name is the cookie's name, with the __Host- or __Secure- prefix where one applies.
	Name string
	// Path is the path of PUBLIC_URL, "/" at the root; empty means "/".
	Path string
	// Secure keeps the cookie off plain http.
	Secure bool
}

// cookieState says what a request's session cookie is worth before the database is asked.
type cookieState int

const (
	cookieAbsent  cookieState = iota
	cookieBad                 // not signed by any of the keys
	cookieOld                 // signed by a key that is on its way out
	cookieCurrent             // signed by the newest key
)

// cookies reads and writes the session cookie: an id signed with the newest key.
type cookies struct {
	name    string
	options sessions.Options
	codecs  []securecookie.Codec // newest first
}

func newCookies(keys Keys, o CookieOptions) *cookies {
	c := &cookies{name: o.Name, options: sessions.Options{
		Path: o.Path, Secure: o.Secure, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	}}
	if c.options.Path == "" {
		c.options.Path = "/"
	}
	for _, key := range keys.Derive("session cookie signature") {
		codec := securecookie.New(key, nil).
			SetSerializer(securecookie.NopEncoder{}).
			MaxAge(0) // the limits are checked against the row, by the Store's own clock
		c.codecs = append(c.codecs, codec)
	}
	return c
}

// read returns the session id that the request carries. Of several cookies with the name
// (another path of the host may have set one) the first that verifies counts.
func (c *cookies) read(r *http.Request) (string, cookieState) {
	state := cookieAbsent
	for _, cookie := range r.CookiesNamed(c.name) {
		state = cookieBad
		for i, codec := range c.codecs {
			var id []byte
			if codec.Decode(c.name, cookie.Value, &id) != nil {
				continue
			}
			if i == 0 {
				return string(id), cookieCurrent
			}
			return string(id), cookieOld
		}
	}
	return "", state
}

// write sets the cookie to id.
func (c *cookies) write(w http.ResponseWriter, id string) error {
	value, err := c.codecs[0].Encode(c.name, []byte(id))
	if err != nil {
		return err
	}
	c.set(w, value, 0)
	return nil
}

// expire makes the browser drop the cookie.
func (c *cookies) expire(w http.ResponseWriter) { c.set(w, "", -1) }

// set replaces what the response already says about this cookie: a browser would apply both.
func (c *cookies) set(w http.ResponseWriter, value string, maxAge int) {
	others := slices.DeleteFunc(w.Header()["Set-Cookie"], func(line string) bool {
		return strings.HasPrefix(line, c.name+"=")
	})
	w.Header()["Set-Cookie"] = others
	options := c.options
	options.MaxAge = maxAge
	http.SetCookie(w, sessions.NewCookie(c.name, value, &options))
}
