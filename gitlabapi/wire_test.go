package gitlabapi_test

import (
	"bufio"
	"crypto/x509"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"gitlab-agent-portal/gitlabapi"
)

// canary stands for the person's token in all tests: it must not come out.
const canary = "glpat-canary-5f1e0c7b9d3a48e6"

// at is the time in all tests.
var at = time.Date(2026, 11, 24, 3, 7, 0, 0, time.UTC)

// quick are options that neither pause nor wait long.
func quick() gitlabapi.Options {
	return gitlabapi.Options{
		Now:     func() time.Time { return at },
		Backoff: func(int) time.Duration { return 0 },
	}
}

// recorder keeps what a fake GitLab was sent.
type recorder struct {
	mu       sync.Mutex
	requests []recorded
}

type recorded struct {
	Method, URI, Auth, Body string
	Header                  http.Header
}

func (r *recorder) add(req *http.Request) {
	body, _ := io.ReadAll(req.Body)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.requests = append(r.requests, recorded{
		req.Method, req.RequestURI, req.Header.Get("Authorization"), string(body), req.Header.Clone(),
	})
}

func (r *recorder) all() []recorded {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]recorded(nil), r.requests...)
}

// fake starts a GitLab that answers with handler, and a client for it.
func fake(t *testing.T, opts gitlabapi.Options, handler http.HandlerFunc) (*gitlabapi.Client, *recorder) {
	t.Helper()
	seen := &recorder{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen.add(r)
		handler(w, r)
	}))
	t.Cleanup(server.Close)
	return client(t, server.URL, opts), seen
}

func client(t *testing.T, baseURL string, opts gitlabapi.Options) *gitlabapi.Client {
	t.Helper()
	c, err := gitlabapi.New(baseURL, opts)
	if err != nil {
		t.Fatalf("New(%q) = %v", baseURL, err)
	}
	return c.WithToken(gitlabapi.NewSecret(canary))
}

// fakeBody starts a GitLab that answers by what it is sent.
func fakeBody(t *testing.T, answer func(w http.ResponseWriter, body []byte)) *gitlabapi.Client {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Errorf("request body: %v", err)
		}
		answer(w, body)
	}))
	t.Cleanup(server.Close)
	return client(t, server.URL, quick())
}

// reply answers every request with the same status, type and body.
func reply(status int, contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		if contentType != "" {
			w.Header().Set("Content-Type", contentType)
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func replyJSON(status int, body string) http.HandlerFunc {
	return reply(status, "application/json", body)
}

// rawServer is a GitLab below HTTP: script is given each connection's number,
// counted from 0, and does with it what it likes.
type rawServer struct {
	URL string
	mu  sync.Mutex
	got []string // "METHOD uri" of every request read in full
}

func startRaw(t *testing.T, script func(s *rawServer, number int, conn *net.TCPConn)) *rawServer {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &rawServer{URL: "http://" + listener.Addr().String()}
	var running sync.WaitGroup
	var open []net.Conn
	done := make(chan struct{})
	go func() {
		defer close(done)
		for number := 0; ; number++ {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			open = append(open, conn)
			running.Go(func() { script(s, number, conn.(*net.TCPConn)) })
		}
	}()
	t.Cleanup(func() {
		_ = listener.Close()
		<-done
		for _, conn := range open {
			_ = conn.Close()
		}
		running.Wait()
	})
	return s
}

// read reads one whole request from a connection and counts it; false at its end.
func (s *rawServer) read(r *bufio.Reader) bool {
	req, err := http.ReadRequest(r)
	if err != nil {
		return false
	}
	if _, err := io.Copy(io.Discard, req.Body); err != nil {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.got = append(s.got, req.Method+" "+req.RequestURI)
	return true
}

func (s *rawServer) requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.got...)
}

// reset closes a connection so that the other side sees a RST.
func reset(conn *net.TCPConn) {
	_ = conn.SetLinger(0)
	_ = conn.Close()
}

// startHTTP2 starts a GitLab that speaks HTTP/2, and the options to trust it.
func startHTTP2(t *testing.T, handler http.HandlerFunc) (string, gitlabapi.Options) {
	t.Helper()
	server := httptest.NewUnstartedServer(handler)
	server.EnableHTTP2 = true
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	opts := quick()
	opts.RootCAs = x509.NewCertPool()
	opts.RootCAs.AddCert(server.Certificate())
	return server.URL, opts
}

// app is the portal's OAuth application.
func app(c *gitlabapi.Client) *gitlabapi.OAuth {
	return c.OAuth(gitlabapi.OAuthConfig{
		ClientID: "the-client", ClientSecret: gitlabapi.NewSecret("client-secret-" + canary),
		RedirectURL: "https://portal.test/auth/callback", Scope: "api",
	})
}
