package gitlabtest

import (
	"net/http/httptest"
	"testing"
)

// Instance is a Server that listens on a free port of the loopback interface.
type Instance struct {
	*Server
	// URL is the address, without a slash at the end.
	URL string
	// HTTP is the listener, for tests that close connections or want its client.
	HTTP *httptest.Server
}

// Start serves a new Server until the test ends. A request to an address that the server does not
// have fails the test then, unless AllowUnexpected was given. Of WithURL only the path counts.
func Start(tb testing.TB, opts ...Option) *Instance {
	tb.Helper()
	s := New(opts...)
	listener := httptest.NewUnstartedServer(s)
	address := "http://" + listener.Listener.Addr().String() + s.externalPath()
	s.SetURL(address)
	listener.Start()
	tb.Cleanup(func() {
		s.Release()
		listener.Close()
		s.reportUnexpected(tb)
	})
	return &Instance{Server: s, URL: address, HTTP: listener}
}

// AllowUnexpected lets a test ask for addresses that the server does not have.
func AllowUnexpected() Option { return func(s *Server) { s.allowUnexpected = true } }

func (s *Server) reportUnexpected(tb testing.TB) {
	tb.Helper()
	if s.allowUnexpected {
		return
	}
	for _, r := range s.Unexpected() {
		tb.Errorf("gitlabtest: unexpected request %s %s", r.Method, r.Path)
	}
}
