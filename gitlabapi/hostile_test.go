package gitlabapi_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gitlab-agent-portal/gitlabapi"
)

func getAgent(t *testing.T, c *gitlabapi.Client) error {
	t.Helper()
	_, err := c.Agent(t.Context(), gitlabapi.ProjectID(20), 1)
	return err
}

func TestH4AnswersThatAreNotWhatTheAPIPromises(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	project := gitlabapi.ProjectID(20)
	agent := func(c *gitlabapi.Client) error { _, err := c.Agent(ctx, project, 1); return err }
	agents := func(c *gitlabapi.Client) error { _, err := c.Agents(ctx, project); return err }
	tokens := func(c *gitlabapi.Client) error { _, err := c.Tokens(ctx, project, 5); return err }
	token := func(c *gitlabapi.Client) error { _, err := c.Token(ctx, project, 5, 1); return err }
	file := func(c *gitlabapi.Client) error { _, err := c.RawFile(ctx, project, "a.yaml"); return err }
	for name, tc := range map[string]struct {
		call        func(*gitlabapi.Client) error
		contentType string
		body        string
	}{
		"a login page":                {agent, "text/html; charset=utf-8", "<!doctype html><form>"},
		"a login page for a file":     {file, "text/html; charset=utf-8", "<!doctype html><form>"},
		"JSON for a file":             {file, "application/json", "{}"},
		"JSON called HTML":            {agent, "text/html", agentBody},
		"no content type":             {agent, "", agentBody},
		"half a JSON":                 {agent, "application/json", agentBody[:100]},
		"two JSONs":                   {agent, "application/json", agentBody + agentBody},
		"nothing":                     {agent, "application/json", ""},
		"null":                        {agent, "application/json", "null"},
		"an array for an object":      {agent, "application/json", "[" + agentBody + "]"},
		"an object for an array":      {agents, "application/json", agentBody},
		"null for a list":             {agents, "application/json", "null"},
		"a null in a list":            {agents, "application/json", "[null]"},
		"an agent without id":         {agent, "application/json", `{"name":"a"}`},
		"an agent whose id is null":   {agent, "application/json", `{"id":null,"name":"a"}`},
		"an agent with id 0":          {agents, "application/json", `[{"id":0,"name":"a"}]`},
		"an agent without name":       {agent, "application/json", `{"id":1}`},
		"an id that is a text":        {agent, "application/json", `{"id":"1","name":"a"}`},
		"an id that is a fraction":    {agent, "application/json", `{"id":1.5,"name":"a"}`},
		"an id beyond 64 bits":        {agent, "application/json", `{"id":92233720368547758080,"name":"a"}`},
		"a name that is a list":       {agent, "application/json", `{"id":1,"name":["a"]}`},
		"a creator that is a name":    {tokens, "application/json", `[{"id":1,"created_by_user_id":"lead"}]`},
		"a creator that is an object": {tokens, "application/json", `[{"id":1,"created_by_user_id":{"id":1}}]`},
		"a date that is none":         {token, "application/json", `{"id":1,"last_used_at":"yesterday ` + canary + `"}`},
		"a token without id":          {tokens, "application/json", `[{"name":"a"}]`},
		"JSON nested without end":     {agent, "application/json", strings.Repeat("[", 100_000)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, _ := fake(t, quick(), reply(200, tc.contentType, tc.body))
			err := tc.call(c)
			want := is("malformed", "unavailable")
			if strings.HasPrefix(tc.contentType, "text/html") {
				want = foreign()
			}
			if diff := cmp.Diff(want, meaning(err)); diff != "" {
				t.Fatalf("error = %v, meaning differs (-want +got):\n%s", err, diff)
			}
			if len(err.Error()) > 200 || strings.Contains(err.Error(), "canary") {
				t.Errorf("error quotes the answer: %v", err)
			}
		})
	}
}

// Not parallel, like the next one: it measures the memory of the process.
func TestH4AnEndlessAnswerIsNotRead(t *testing.T) {
	for status, want := range map[int]map[string]bool{200: is("large", "unavailable"), 403: is("forbidden")} {
		t.Run(http.StatusText(status), func(t *testing.T) { endlessAnswer(t, status, want) })
	}
}

func endlessAnswer(t *testing.T, status int, want map[string]bool) {
	t.Helper()
	const size = 300 << 20
	written := make(chan int64, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		n, _ := io.Copy(w, io.LimitReader(endless{}, size))
		written <- n
	}))
	t.Cleanup(server.Close)
	c := client(t, server.URL, quick())
	var err error
	if grown := allocated(func() { err = getAgent(t, c) }); grown > 16<<20 {
		t.Errorf("%d MB allocated, want no more than a few", grown>>20)
	}
	if diff := cmp.Diff(want, meaning(err)); diff != "" {
		t.Errorf("error = %v, meaning differs (-want +got):\n%s", err, diff)
	}
	// What exceeds the bound here are the buffers of the two sockets.
	if n := <-written; n >= size/4 {
		t.Errorf("the server could write %d MB, want it stopped near 1", n>>20)
	}
}

// endless is JSON's opening bracket for ever.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = '['
	}
	return len(p), nil
}

// allocated is how many bytes the process allocates meanwhile.
func allocated(do func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	do()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

func TestASmallAnswerDoesNotGetTheMemoryItClaims(t *testing.T) {
	s := startRaw(t, func(s *rawServer, _ int, conn *net.TCPConn) {
		for r := bufio.NewReader(conn); s.read(r); {
			_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9000000000000\r\n\r\n{")
			_ = conn.CloseWrite()
		}
	})
	c := client(t, s.URL, quick())
	var err error
	if grown := allocated(func() { err = getAgent(t, c) }); grown > 16<<20 {
		t.Errorf("%d MB allocated", grown>>20)
	}
	if !errors.Is(err, gitlabapi.ErrMalformed) {
		t.Errorf("error = %v, want ErrMalformed", err)
	}
}

func TestACompressedAnswerIsBoundedByWhatItUnpacksTo(t *testing.T) {
	t.Parallel()
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	if _, err := io.CopyN(z, endless{}, 8<<20); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		status  int
		meaning map[string]bool
	}{
		"a success": {200, is("large", "unavailable")},
		"a refusal": {403, is("forbidden")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, _ := fake(t, quick(), func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Encoding", "gzip")
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(tc.status)
				_, _ = w.Write(bomb.Bytes())
			})
			if diff := cmp.Diff(tc.meaning, meaning(getAgent(t, c))); diff != "" {
				t.Errorf("meaning differs (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAnswersOfExactlyTheBoundAreRead(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		size    int
		meaning map[string]bool
	}{
		"1 MiB":         {1 << 20, is()},
		"1 MiB and one": {1<<20 + 1, is("large", "unavailable")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			body := agentBody + strings.Repeat(" ", tc.size-len(agentBody))
			c, _ := fake(t, quick(), replyJSON(200, body))
			if diff := cmp.Diff(tc.meaning, meaning(getAgent(t, c))); diff != "" {
				t.Errorf("meaning differs (-want +got):\n%s", diff)
			}
		})
	}
}

func TestH3WhoNeverFinishesEndsAtTheDeadline(t *testing.T) {
	t.Parallel()
	const header = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
	wait := func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) } // until the client leaves
	for name, script := range map[string]func(conn *net.TCPConn){
		"no answer at all":     func(conn *net.TCPConn) { wait(conn) },
		"a status and no more": func(conn *net.TCPConn) { _, _ = io.WriteString(conn, header); wait(conn) },
		"half a body": func(conn *net.TCPConn) {
			_, _ = io.WriteString(conn, header+"Content-Length: 500\r\n\r\n"+agentBody[:100])
			wait(conn)
		},
		"a body that drips": func(conn *net.TCPConn) {
			_, _ = io.WriteString(conn, header+"\r\n")
			drip(conn, strings.Repeat(" ", 1<<16))
		},
		"a header that drips": func(conn *net.TCPConn) { drip(conn, "HTTP/1.1 200 OK\r\nX: "+strings.Repeat("x", 1<<16)) },
		"a side that closed for reading": func(conn *net.TCPConn) {
			_ = conn.CloseRead()
			_, _ = io.WriteString(conn, header+"Content-Length: 500\r\n\r\n")
			drip(conn, agentBody[:50]+strings.Repeat(" ", 1<<16))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startRaw(t, func(s *rawServer, _ int, conn *net.TCPConn) {
				if s.read(bufio.NewReader(conn)) {
					script(conn)
				}
			})
			opts := quick()
			opts.Timeouts.Read, opts.Timeouts.Write = 300*time.Millisecond, 300*time.Millisecond
			c := client(t, s.URL, opts)
			patience, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			if err := getAgent(t, c); !errors.Is(err, gitlabapi.ErrTimeout) || !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("read: error = %v, want ErrTimeout", err)
			}
			_, err := c.RegisterAgent(t.Context(), gitlabapi.ProjectID(20), "n")
			if !errors.Is(err, gitlabapi.ErrTimeout) || !gitlabapi.OutcomeUnknown(err) {
				t.Errorf("write: error = %v, unknown = %v, want ErrTimeout of unknown outcome", err, gitlabapi.OutcomeUnknown(err))
			}
			if patience.Err() != nil {
				t.Error("both took more than 5s, want about 600ms")
			}
			if n := len(s.requests()); n != 2 {
				t.Errorf("%d requests, want one each", n)
			}
		})
	}
}

// drip writes a byte every few milliseconds until the client leaves.
func drip(conn net.Conn, text string) {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for i := range len(text) {
		<-tick.C
		if _, err := conn.Write([]byte(text[i : i+1])); err != nil {
			return
		}
	}
}

func TestASlowHeaderEndsAReadButNotAWrite(t *testing.T) {
	t.Parallel()
	opts := quick()
	opts.Timeouts.Header = 50 * time.Millisecond
	begun, finish := make(chan struct{}), make(chan struct{})
	c, seen := fake(t, opts, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			<-r.Context().Done()
			return
		}
		close(begun)
		<-finish
		replyJSON(201, agentBody)(w, r)
	})
	result := make(chan error, 1)
	go func() {
		_, err := c.RegisterAgent(t.Context(), gitlabapi.ProjectID(20), "n")
		result <- err
	}()
	<-begun
	// Reads that begin later, one after the other, and run into the limit show that
	// it has passed long ago.
	for range 2 {
		if err := getAgent(t, c); !errors.Is(err, gitlabapi.ErrTimeout) {
			t.Errorf("read: error = %v, want ErrTimeout", err)
		}
	}
	close(finish)
	if err := <-result; err != nil {
		t.Errorf("write: error = %v", err)
	}
	if n := len(seen.all()); n != 3 {
		t.Errorf("%d attempts, want one each", n)
	}
}

func TestABodyMayTakeLongerThanItsHeader(t *testing.T) {
	t.Parallel()
	opts := quick()
	opts.Timeouts.Header = 400 * time.Millisecond
	begun, finish := make(chan struct{}), make(chan struct{})
	c, _ := fake(t, opts, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/2") {
			<-r.Context().Done()
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = http.NewResponseController(w).Flush()
		close(begun)
		<-finish
		_, _ = io.WriteString(w, agentBody)
	})
	result := make(chan error, 1)
	go func() {
		_, err := c.Agent(t.Context(), gitlabapi.ProjectID(20), 1)
		result <- err
	}()
	<-begun
	// Calls that begin later, one after the other, and run into the limit show that
	// it has passed long ago.
	for range 2 {
		if _, err := c.Agent(t.Context(), gitlabapi.ProjectID(20), 2); !errors.Is(err, gitlabapi.ErrTimeout) {
			t.Errorf("without a header: error = %v, want ErrTimeout", err)
		}
	}
	close(finish)
	if err := <-result; err != nil {
		t.Errorf("with a slow body: error = %v", err)
	}
}

func TestATokenWithoutItsSecretIsAFailure(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"absent":         `{"id":1,"name":"n"}`,
		"null":           `{"id":1,"name":"n","token":null}`,
		"empty":          `{"id":1,"name":"n","token":""}`,
		"no text":        `{"id":1,"name":"n","token":12345678}`,
		"without its id": `{"name":"n","token":"glagent-1"}`,
		"no body":        ``,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, _ := fake(t, quick(), replyJSON(201, body))
			_, err := c.CreateToken(t.Context(), gitlabapi.ProjectID(20), 5, gitlabapi.NewToken{Name: "n"})
			if !errors.Is(err, gitlabapi.ErrMalformed) || !gitlabapi.OutcomeUnknown(err) {
				t.Errorf("error = %v, want ErrMalformed of unknown outcome", err)
			}
			if strings.Contains(err.Error(), "12345678") {
				t.Errorf("error shows the secret: %v", err)
			}
		})
	}
}

func TestTheCallersCancellationStaysVisible(t *testing.T) {
	t.Parallel()
	arrived := make(chan struct{}, 2)
	c, _ := fake(t, quick(), func(_ http.ResponseWriter, r *http.Request) {
		arrived <- struct{}{}
		<-r.Context().Done()
	})
	for name, tc := range map[string]struct {
		call    func(context.Context) error
		unknown bool
	}{
		"read":  {func(ctx context.Context) error { _, err := c.CurrentUser(ctx); return err }, false},
		"write": {func(ctx context.Context) error { return c.DeleteAgent(ctx, gitlabapi.ProjectID(20), 1) }, true},
	} {
		ctx, cancel := context.WithCancel(t.Context())
		go func() { <-arrived; cancel() }()
		err := tc.call(ctx)
		if !errors.Is(err, context.Canceled) || len(meaning(err)) != 0 {
			t.Errorf("%s: error = %v, want context.Canceled alone", name, err)
		}
		if got := gitlabapi.OutcomeUnknown(err); got != tc.unknown {
			t.Errorf("%s: unknown outcome = %v, want %v", name, got, tc.unknown)
		}
	}
}

func TestWhoCannotBeReached(t *testing.T) {
	t.Parallel()
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = closed.Close()
	plain := httptest.NewServer(replyJSON(200, agentBody))
	t.Cleanup(plain.Close)
	foreign := httptest.NewUnstartedServer(replyJSON(200, agentBody))
	foreign.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, 0) // it complains of our mistrust
	foreign.StartTLS()
	t.Cleanup(foreign.Close)
	for name, base := range map[string]string{
		"nobody listens":         "http://" + closed.Addr().String(),
		"not a TLS server":       strings.Replace(plain.URL, "http://", "https://", 1),
		"an unknown certificate": foreign.URL,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := client(t, base, quick())
			if diff := cmp.Diff(is("unavailable"), meaning(getAgent(t, c))); diff != "" {
				t.Errorf("meaning differs (-want +got):\n%s", diff)
			}
			_, err := c.RegisterAgent(t.Context(), gitlabapi.ProjectID(20), "n")
			if err == nil || gitlabapi.OutcomeUnknown(err) {
				t.Errorf("write: error = %v, unknown = %v, want a failure without effect", err, gitlabapi.OutcomeUnknown(err))
			}
		})
	}
}

func TestH3WhoNeverConnectsEndsAtItsOwnLimit(t *testing.T) {
	t.Parallel()
	silent := startRaw(t, func(_ *rawServer, _ int, conn *net.TCPConn) { _, _ = io.Copy(io.Discard, conn) })
	for name, tc := range map[string]struct {
		base   string
		limits gitlabapi.Timeouts
	}{
		"dialling":  {silent.URL, gitlabapi.Timeouts{Dial: time.Nanosecond}},
		"handshake": {strings.Replace(silent.URL, "http://", "https://", 1), gitlabapi.Timeouts{TLS: 50 * time.Millisecond}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var attempts atomic.Int32
			opts := quick()
			opts.Timeouts = tc.limits
			opts.Observe = func(string, int, time.Duration) { attempts.Add(1) }
			c := client(t, tc.base, opts)
			patience, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			if diff := cmp.Diff(is("timeout", "unavailable"), meaning(getAgent(t, c))); diff != "" || patience.Err() != nil {
				t.Errorf("within 5s: %v; meaning differs (-want +got):\n%s", patience.Err() == nil, diff)
			}
			if n := attempts.Load(); n != 1 {
				t.Errorf("%d attempts, want 1", n)
			}
			if _, err := c.RegisterAgent(t.Context(), gitlabapi.ProjectID(20), "n"); gitlabapi.OutcomeUnknown(err) {
				t.Errorf("write: error = %v of unknown outcome, want a known one", err)
			}
		})
	}
}

func TestH6APrivateCertificateAuthorityIsTrustedWhenNamed(t *testing.T) {
	t.Parallel()
	server := httptest.NewTLSServer(replyJSON(200, agentBody))
	t.Cleanup(server.Close)
	opts := quick()
	opts.RootCAs = x509.NewCertPool()
	opts.RootCAs.AddCert(server.Certificate())
	if err := getAgent(t, client(t, server.URL, opts)); err != nil {
		t.Errorf("error = %v", err)
	}
}

func TestH6AnUntrustedCertificateIsRefusedAtOnce(t *testing.T) {
	t.Parallel()
	var attempts atomic.Int32
	opts := quick()
	opts.Observe = func(string, int, time.Duration) { attempts.Add(1) }
	server := httptest.NewUnstartedServer(replyJSON(200, agentBody))
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	if err := getAgent(t, client(t, server.URL, opts)); err == nil {
		t.Error("no error, want one")
	}
	if n := attempts.Load(); n != 1 {
		t.Errorf("%d attempts, want 1", n)
	}
}

func TestP22ATokenEchoedByABrokenServerIsNotShown(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]string{
		"in the status line":   "HTTP/1.1 " + canary + " OK\r\n\r\n",
		"instead of an answer": canary + "\r\n\r\n",
		"in a header":          "HTTP/1.1 200 OK\r\n" + canary + "\r\n\r\n",
		"in the length":        "HTTP/1.1 200 OK\r\nContent-Length: " + canary + "\r\n\r\n",
		"in the encoding":      "HTTP/1.1 200 OK\r\nTransfer-Encoding: " + canary + "\r\n\r\n",
		"in a redirect":        "HTTP/1.1 302 Found\r\nLocation: https://" + canary + ".test/" + canary + "\r\nContent-Length: 0\r\n\r\n",
		"in a broken redirect": "HTTP/1.1 302 Found\r\nLocation: https://%zz" + canary + "\r\nContent-Length: 0\r\n\r\n",
		"in the content type":  "HTTP/1.1 200 OK\r\nContent-Type: " + canary + "\r\nContent-Length: 2\r\n\r\n{}",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startRaw(t, func(s *rawServer, _ int, conn *net.TCPConn) {
				if s.read(bufio.NewReader(conn)) {
					_, _ = io.WriteString(conn, answer)
					_ = conn.CloseWrite()
				}
			})
			var log bytes.Buffer
			opts := quick()
			opts.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
			c := client(t, s.URL, opts)
			for _, err := range []error{getAgent(t, c), c.DeleteAgent(t.Context(), gitlabapi.ProjectID(20), 1)} {
				if !errors.Is(err, gitlabapi.ErrUnavailable) {
					t.Errorf("error = %v, want ErrUnavailable", err)
				}
				shown := fmt.Sprintf("%v %+v %#v", err, err, err)
				for e := err; e != nil; e = errors.Unwrap(e) {
					shown += fmt.Sprintf(" %#v", e)
				}
				if leaks(shown) || leaks(log.String()) {
					t.Errorf("the token is shown:\n%s\n%s", shown, log.String())
				}
			}
		})
	}
}
