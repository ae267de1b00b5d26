package gitlabtest

import (
	"io"
	"net/http"
	"net/url"
	"strings"
)

// maxRequestBody is more than any request needs.
const maxRequestBody = 1 << 20

// exchange is one request with what faults and counters want to know of it.
type exchange struct {
	server   *Server
	req      *http.Request
	body     []byte
	op       string
	username string
	project  int64
	entry    *Request
	faults   []Fault
}

// serve makes the handler of a route: it counts the request, lets it meet its faults, evaluates it
// under the server's lock and sends the answer.
func (s *Server) serve(rt route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		x := s.newExchange(rt, w, r)
		status := 0 // stays so when the connection is cut
		defer func() { s.recorder.end(r, x.entry, status) }()
		x.faults = s.faults.take(x)

		x.wait(false)
		a := x.answer(rt)
		x.wait(true)
		a.Header.Set("X-Request-Id", x.entry.ID)
		if _, edited := a.Header["Date"]; !edited {
			a.Header.Set("Date", s.now().UTC().Format(http.TimeFormat))
		}
		if deliver := x.delivery(); deliver != nil {
			deliver(x, w, a)
			return
		}
		status = a.Status
		a.send(w)
	})
}

func (s *Server) newExchange(rt route, w http.ResponseWriter, r *http.Request) *exchange {
	x := &exchange{server: s, req: r, op: rt.op}
	// A body that breaks off is judged like any other malformed one.
	x.body, _ = io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequestBody))
	if rt.op == OpOAuthToken {
		x.op = grantOperation(x.body)
	}
	x.identify()
	x.entry = s.recorder.begin(r, x.op, x.username, s.now())
	return x
}

// grantOperation tells the two uses of POST /oauth/token apart.
func grantOperation(body []byte) string {
	form, _ := url.ParseQuery(string(body))
	switch form.Get("grant_type") {
	case "authorization_code":
		return OpExchangeCode
	case "refresh_token":
		return OpRefreshToken
	default:
		return OpOAuthToken
	}
}

// identify finds out who calls and which project is meant, without judging either.
func (x *exchange) identify() {
	s := x.server
	s.mu.Lock()
	defer s.mu.Unlock()
	if cred, _, found := s.findCredential(x.req); found {
		x.username = s.users[cred.user].Username
	}
	if p, _ := s.lookUpProject(x.req.PathValue("id")); p != nil && strings.HasPrefix(x.req.URL.Path, "/api/v4/projects/") {
		x.project = p.ID
	}
	if title, _ := s.siteTitle(x.req.PathValue("path")); x.op == OpPage && title == "" {
		x.op = OpUnexpected
	}
}

// wait passes the time of the faults before or after the operation.
func (x *exchange) wait(late bool) {
	for _, f := range x.faults {
		if f.wait != nil && f.late == late {
			f.wait(x)
		}
	}
}

// answer evaluates the request, unless a fault is in its place, and applies what faults change.
func (x *exchange) answer(rt route) Answer {
	a := emptyAnswer(http.StatusInternalServerError)
	if !x.replaced() {
		a = x.evaluate(rt)
	}
	for _, f := range x.faults {
		if f.edit != nil {
			f.edit(x, &a)
		}
		if f.answer != nil {
			a = f.answer(x)
		}
	}
	return a.clone()
}

func (x *exchange) evaluate(rt route) Answer {
	c := &call{Server: x.server, req: x.req, body: x.body}
	for _, f := range x.faults {
		c.raceLimit = c.raceLimit || f.raceLimit
	}
	x.server.mu.Lock()
	defer x.server.mu.Unlock()
	return c.answer(rt)
}

// replaced says whether a fault keeps the operation from taking place.
func (x *exchange) replaced() bool {
	for _, f := range x.faults {
		if f.replaces() {
			return true
		}
	}
	return false
}

// delivery is the fault's way to send the answer, nil for the usual one.
func (x *exchange) delivery() func(*exchange, http.ResponseWriter, Answer) {
	for _, f := range x.faults {
		if f.deliver != nil {
			return f.deliver
		}
	}
	return nil
}
