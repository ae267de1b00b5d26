package gitlabtest

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"
)

// Request is one request as the server saw it, without any credential.
type Request struct {
	// ID is what the answer's X-Request-Id said.
	ID string
	// CorrelationID, TraceParent and TraceState are what the request's X-Request-Id, traceparent and
	// tracestate said. Like a GitLab that was not told to trust its callers, the server goes by its own.
	CorrelationID, TraceParent, TraceState string

	Op     string
	Method string
	// Path is the escaped path below the server's address.
	Path string
	// Query is without the parameters that are credentials.
	Query url.Values
	// User is the name of the person who called, empty for anonymous and unknown callers.
	User string
	// Status is what was sent; zero while the request runs and where a fault broke the answer.
	Status int
	At     time.Time
}

// maxRecorded is how many requests are remembered, so that a demo can run for weeks.
const maxRecorded = 100_000

// recorder counts requests.
type recorder struct {
	mu       sync.Mutex
	requests []*Request
	inFlight int
	most     int
	serial   int
}

// begin takes note of a request that arrives.
func (rec *recorder) begin(r *http.Request, op, user string, at time.Time) *Request {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	rec.serial++
	entry := &Request{
		ID:            fmt.Sprintf("req-%06d", rec.serial),
		CorrelationID: r.Header.Get("X-Request-Id"),
		TraceParent:   r.Header.Get("Traceparent"),
		TraceState:    r.Header.Get("Tracestate"),
		Op:            op,
		Method:        r.Method,
		Path:          r.URL.EscapedPath(),
		Query:         withoutCredentials(r.URL.Query()),
		User:          user,
		At:            at,
	}
	if len(rec.requests) == maxRecorded {
		rec.requests = slices.Clone(rec.requests[maxRecorded/2:])
	}
	rec.requests = append(rec.requests, entry)
	if isAPI(r) {
		rec.inFlight++
		rec.most = max(rec.most, rec.inFlight)
	}
	return entry
}

// end takes note of what became of the request.
func (rec *recorder) end(r *http.Request, entry *Request, status int) {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	entry.Status = status
	if isAPI(r) {
		rec.inFlight--
	}
}

func withoutCredentials(query url.Values) url.Values {
	for _, name := range []string{"access_token", "private_token", "client_secret", "code", "code_verifier", "token"} {
		query.Del(name)
	}
	return query
}

// Requests are the requests so far, in the order of their arrival. Only a test of more than 50,000
// will miss the oldest.
func (s *Server) Requests() []Request {
	s.recorder.mu.Lock()
	defer s.recorder.mu.Unlock()
	out := make([]Request, len(s.recorder.requests))
	for i, entry := range s.recorder.requests {
		out[i] = *entry
	}
	return out
}

// Calls is the number of requests of an operation, or of all requests for "".
func (s *Server) Calls(op string) int {
	return s.countRequests(func(r *Request) bool { return op == "" || r.Op == op })
}

// Posts is the number of POST requests of an operation, or of all of them for "".
func (s *Server) Posts(op string) int {
	return s.countRequests(func(r *Request) bool { return r.Method == http.MethodPost && (op == "" || r.Op == op) })
}

func (s *Server) countRequests(match func(*Request) bool) int {
	s.recorder.mu.Lock()
	defer s.recorder.mu.Unlock()
	n := 0
	for _, entry := range s.recorder.requests {
		if match(entry) {
			n++
		}
	}
	return n
}

// MaxInFlight is the largest number of API requests that were in progress at the same time.
func (s *Server) MaxInFlight() int {
	s.recorder.mu.Lock()
	defer s.recorder.mu.Unlock()
	return s.recorder.most
}

// ResetCounters forgets the requests so far, so that the next step can be counted alone.
func (s *Server) ResetCounters() {
	s.recorder.mu.Lock()
	defer s.recorder.mu.Unlock()
	s.recorder.requests = nil
	s.recorder.most = s.recorder.inFlight
}

// Unexpected are the requests to addresses that the server does not have.
func (s *Server) Unexpected() []Request {
	return slices.DeleteFunc(s.Requests(), func(r Request) bool { return r.Op != OpUnexpected })
}
