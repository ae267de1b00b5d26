package gitlabtest

import (
	"errors"
	"net/http"
	"strings"
	"time"
)

// call is one request on its way through the server.
type call struct {
	*Server
	req    *http.Request
	body   []byte
	values values
	// user is who calls, once that is established.
	user *User
	// raceLimit makes the token limit see no tokens, as if another request were between its count
	// and its insert.
	raceLimit bool
}

// answer evaluates the request in GitLab's order: body, authentication and scope, parameters, and
// then what the route's own handler does. The server's lock is held.
func (c *call) answer(rt route) Answer {
	a, err := c.evaluate(rt)
	if err == nil {
		return a
	}
	var refused refusal
	if !errors.As(err, &refused) {
		panic("gitlabtest: a handler returned an error that is not an answer: " + err.Error())
	}
	return c.echo(refused.Answer)
}

func (c *call) evaluate(rt route) (Answer, error) {
	var err error
	if c.values, err = readValues(c.req, c.body); err != nil && rt.scopes != "" {
		return Answer{}, err
	}
	if rt.scopes != "" {
		if err := c.authenticate(rt.scopes); err != nil {
			return Answer{}, err
		}
	}
	if err := c.values.check(rt.params); err != nil {
		return Answer{}, err
	}
	return rt.handle(c)
}

// base is the address by which the caller knows the server, without a slash at the end.
func (c *call) base() string {
	if c.url != nil {
		return c.url.String()
	}
	if c.req.TLS != nil {
		return "https://" + c.req.Host
	}
	return "http://" + c.req.Host
}

func isAPI(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, "/api/") }

// timestamp is how GitLab writes times: ISO 8601 with milliseconds.
type timestamp time.Time

// MarshalJSON writes the time, or null for the zero time.
func (t timestamp) MarshalJSON() ([]byte, error) {
	if time.Time(t).IsZero() {
		return []byte("null"), nil
	}
	return []byte(`"` + t.String() + `"`), nil
}

// String is the time as GitLab writes it.
func (t timestamp) String() string {
	return time.Time(t).UTC().Format("2006-01-02T15:04:05.000Z07:00")
}
