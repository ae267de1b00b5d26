package gitlabtest

import (
	"html/template"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// Server is a GitLab in memory. Its methods and its handler may be used at the same time from
// several goroutines. Make one with New.
type Server struct {
	now func() time.Time
	mux *http.ServeMux
	// unexpected answers addresses that the server does not have.
	unexpected http.Handler
	pages      *template.Template
	// allowUnexpected keeps Start from failing the test for them.
	allowUnexpected bool
	// released is closed when the server stops, so that no request stays held.
	released    chan struct{}
	releaseOnce sync.Once

	faults   faultList
	recorder recorder

	// mu guards what is below. A request is evaluated as a whole under it, as if GitLab ran every
	// request in one transaction.
	mu       sync.Mutex
	url      *url.URL
	settings Settings
	graphql  graphqlEngine
	store
}

// Option changes how New makes a Server.
type Option func(*Server)

// WithNow makes the server take its time from now instead of the system's clock.
func WithNow(now func() time.Time) Option { return func(s *Server) { s.now = now } }

// WithURL tells the server the address by which browsers and clients reach it; it may have a path,
// below which everything is then served. Without it the address follows the Host of each request.
func WithURL(external string) Option {
	return func(s *Server) { s.url = mustURL(external) }
}

// WithSettings starts the server with other settings than the default ones.
func WithSettings(change func(*Settings)) Option {
	return func(s *Server) { change(&s.settings) }
}

// New makes a Server without any people, projects or applications.
func New(opts ...Option) *Server {
	s := &Server{
		now:      time.Now, //nolint:forbidigo // what WithNow replaces
		mux:      http.NewServeMux(),
		pages:    parsePages(),
		released: make(chan struct{}),
		settings: defaultSettings(),
		store:    newStore(),
	}
	for _, opt := range opts {
		opt(s)
	}
	for _, rt := range routes() {
		s.mux.Handle(rt.pattern, s.serve(rt))
	}
	s.unexpected = s.serve(unexpectedRoute())
	s.mux.Handle("/", s.unexpected)
	return s
}

// ServeHTTP answers one request as GitLab would.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	prefix := s.externalPath()
	if !strings.HasPrefix(r.URL.EscapedPath(), prefix+"/") {
		s.unexpected.ServeHTTP(w, r)
		return
	}
	http.StripPrefix(prefix, s.mux).ServeHTTP(w, r)
}

// Release lets every request go on that a Gate holds or a Fault delays, for good. Start calls it
// before it stops listening.
func (s *Server) Release() {
	s.releaseOnce.Do(func() { close(s.released) })
}

// SetURL changes the address by which the server is reached; see WithURL.
func (s *Server) SetURL(external string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.url = mustURL(external)
}

func (s *Server) externalPath() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.url == nil {
		return ""
	}
	return s.url.EscapedPath()
}

// mustURL parses an address that the author of a test or of the demo wrote.
func mustURL(address string) *url.URL {
	u, err := url.Parse(strings.TrimSuffix(address, "/"))
	if err != nil {
		panic("gitlabtest: not an address: " + err.Error())
	}
	return u
}
