package gitlabapi_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gitlab-agent-portal/gitlabapi"
)

// oncers are all calls that must not be repeated.
func oncers() map[string]call {
	all := map[string]call{
		"exchange a code": func(ctx context.Context, c *gitlabapi.Client) (any, error) {
			return app(c).Exchange(ctx, "the-code", "the-verifier")
		},
		"refresh a token": func(ctx context.Context, c *gitlabapi.Client) (any, error) {
			return app(c).Refresh(ctx, gitlabapi.NewSecret("the-refresh-token"))
		},
		"revoke a sign-in": func(ctx context.Context, c *gitlabapi.Client) (any, error) {
			return none(app(c).Revoke(ctx, gitlabapi.NewSecret("the-refresh-token")))
		},
	}
	for _, name := range writes {
		all[name] = calls[name].call
	}
	return all
}

func TestH1WritesAreSentOnceWhateverTheAnswer(t *testing.T) {
	t.Parallel()
	text := func(text string) func(*net.TCPConn) {
		return func(conn *net.TCPConn) { _, _ = io.WriteString(conn, text); _ = conn.Close() }
	}
	for name, tc := range map[string]struct {
		answer  func(*net.TCPConn)
		unknown bool
	}{
		"closed before the header":  {func(conn *net.TCPConn) { _ = conn.Close() }, true},
		"reset before the header":   {reset, true},
		"closed in the header":      {text("HTTP/1.1 201 Created\r\nContent-Ty"), true},
		"closed after the header":   {text("HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: 300\r\n\r\n"), true},
		"closed in the body":        {text("HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: 300\r\n\r\n{\"id\":1"), true},
		"a 201 that is HTML":        {text("HTTP/1.1 201 Created\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>"), true},
		"a 500":                     {text("HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n"), true},
		"a 502":                     {text("HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>"), true},
		"a 503 that invites again":  {text("HTTP/1.1 503 Busy\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n"), true},
		"a 504":                     {text("HTTP/1.1 504 Gateway Timeout\r\nContent-Length: 0\r\n\r\n"), true},
		"not HTTP":                  {text("hello\r\n\r\n"), true},
		"a 408":                     {text("HTTP/1.1 408 Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"), false},
		"a 429 that invites again":  {text("HTTP/1.1 429 Slow\r\nRetry-After: 0\r\nContent-Type: text/plain\r\nContent-Length: 11\r\n\r\nRetry later"), false},
		"a 401":                     {text("HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n"), false},
		"a 400":                     {text("HTTP/1.1 400 No\r\nContent-Length: 0\r\n\r\n"), false},
		"a redirect of the request": {text("HTTP/1.1 307 Elsewhere\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n"), false},
		"no answer in time":         {func(conn *net.TCPConn) { _, _ = io.Copy(io.Discard, conn) }, true},
	} {
		for write, call := range oncers() {
			t.Run(write+", "+name, func(t *testing.T) {
				t.Parallel()
				s := startRaw(t, func(s *rawServer, _ int, conn *net.TCPConn) {
					if s.read(bufio.NewReader(conn)) {
						tc.answer(conn)
					}
				})
				opts := quick()
				if name == "no answer in time" {
					opts.Timeouts.Write = 300 * time.Millisecond
				}
				_, err := call(t.Context(), client(t, s.URL, opts))
				if err == nil || gitlabapi.OutcomeUnknown(err) != tc.unknown {
					t.Errorf("error = %v, unknown outcome = %v, want %v", err, gitlabapi.OutcomeUnknown(err), tc.unknown)
				}
				if got := s.requests(); len(got) != 1 {
					t.Errorf("sent %v, want one request", got)
				}
			})
		}
	}
}

// net/http repeats a request by itself when a connection that it used before
// turns out dead. That must not happen to a write that may have arrived.
func TestH1WritesAreNotRepeatedOnAConnectionThatDies(t *testing.T) {
	t.Parallel()
	for death, kill := range map[string]func(*net.TCPConn){
		"reset":  reset,
		"closed": func(conn *net.TCPConn) { _ = conn.Close() },
	} {
		for write, call := range oncers() {
			t.Run(write+", "+death, func(t *testing.T) {
				t.Parallel()
				s := startRaw(t, func(s *rawServer, _ int, conn *net.TCPConn) {
					r := bufio.NewReader(conn)
					if s.read(r) { // a read, to make the connection a used one
						_, _ = io.WriteString(conn, "HTTP/1.1 404 No\r\nContent-Type: application/json\r\nContent-Length: 0\r\n\r\n")
					}
					if s.read(r) {
						kill(conn)
					}
				})
				c := client(t, s.URL, quick())
				if err := getAgent(t, c); !errors.Is(err, gitlabapi.ErrNotFound) {
					t.Fatalf("read: error = %v", err)
				}
				_, err := call(t.Context(), c)
				if !errors.Is(err, gitlabapi.ErrUnavailable) || !gitlabapi.OutcomeUnknown(err) {
					t.Errorf("error = %v, want ErrUnavailable of unknown outcome", err)
				}
				if got := s.requests(); len(got) != 2 {
					t.Errorf("sent %v, want the read and one write", got)
				}
			})
		}
	}
}

// The counterpart: a read on a connection that dies is repeated.
func TestReadsAreRepeatedOnAConnectionThatDies(t *testing.T) {
	t.Parallel()
	s := startRaw(t, func(s *rawServer, number int, conn *net.TCPConn) {
		for r := bufio.NewReader(conn); s.read(r); {
			if number == 0 && len(s.requests()) == 2 {
				reset(conn)
				return
			}
			_, _ = io.WriteString(conn, "HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n")
		}
	})
	c := client(t, s.URL, quick())
	for range 2 {
		if err := getAgent(t, c); !errors.Is(err, gitlabapi.ErrNotFound) {
			t.Errorf("error = %v, want ErrNotFound", err)
		}
	}
	if got := s.requests(); len(got) != 3 {
		t.Errorf("sent %d requests, want 3", len(got))
	}
}

func TestH1NoWriteInvitesARepetition(t *testing.T) {
	t.Parallel()
	for write, call := range oncers() {
		t.Run(write, func(t *testing.T) {
			t.Parallel()
			c, seen := fake(t, quick(), replyJSON(500, ""))
			if _, err := call(t.Context(), c); err == nil {
				t.Fatal("no error, want one")
			}
			requests := seen.all()
			if len(requests) != 1 {
				t.Fatalf("%d requests, want 1", len(requests))
			}
			for name := range requests[0].Header {
				if strings.Contains(strings.ToLower(name), "idempotency") {
					t.Errorf("header %s lets net/http repeat the request", name)
				}
			}
		})
	}
}

// Over HTTP/2 a server may refuse a stream or go away; Go repeats only what has
// provably not been processed, and never a body that was written.
func TestWritesAreSentOnceOverHTTP2(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	got := map[string]int{}
	server, opts := startHTTP2(t, func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		got[r.Method+" "+r.URL.Path]++
		mu.Unlock()
		if r.ProtoMajor != 2 {
			t.Errorf("HTTP/%d, want 2", r.ProtoMajor)
		}
		panic(http.ErrAbortHandler) // RST_STREAM
	})
	c := client(t, server, opts)
	for write, call := range oncers() {
		_, err := call(t.Context(), c)
		if !errors.Is(err, gitlabapi.ErrUnavailable) || !gitlabapi.OutcomeUnknown(err) {
			t.Errorf("%s: error = %v, want ErrUnavailable of unknown outcome", write, err)
		}
	}
	const agents = "/api/v4/projects/20/cluster_agents"
	want := map[string]int{
		"POST " + agents:                   1,
		"DELETE " + agents + "/1":          1,
		"POST " + agents + "/5/tokens":     1,
		"DELETE " + agents + "/5/tokens/1": 1,
		"POST /oauth/token":                2,
		"POST /oauth/revoke":               1,
	}
	mu.Lock()
	defer mu.Unlock()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}
