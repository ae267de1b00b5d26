package portal

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"

	"gitlab-agent-portal/handlers"
)

// visitors serves over connections that are bounded, and recognises whoever sends "Known".
func visitors(t *testing.T, most int) (*connections, string) {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	all := newConnections(listener)
	all.most = most
	server := &http.Server{ReadHeaderTimeout: strangerIdle, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Known") != "" {
			handlers.Recognised(r)
		}
		_, _ = io.WriteString(w, "ok")
	})}
	all.track(server)
	var group sync.WaitGroup
	group.Go(func() { _ = server.Serve(all) })
	t.Cleanup(func() {
		_ = server.Close()
		group.Wait()
	})
	return all, listener.Addr().String()
}

// dial connects and sends one request.
func dial(t *testing.T, address, header string) net.Conn {
	t.Helper()
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	ask(t, conn, header)
	return conn
}

func ask(t *testing.T, conn net.Conn, header string) {
	t.Helper()
	if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n"+header+"\r\n"); err != nil {
		t.Fatal(err)
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if body, err := io.ReadAll(response.Body); err != nil || !strings.HasPrefix(string(body), "ok") {
		t.Fatalf("%q, %v", body, err)
	}
}

// settle waits until the server has noticed that nothing is under way.
func (c *connections) settle() {
	for busy := true; busy; runtime.Gosched() {
		c.mu.Lock()
		busy = false
		for one := range c.strangers {
			busy = busy || one.quiet.Load() == 0
		}
		c.mu.Unlock()
	}
}

func TestB4StrangersConnectionsAreBounded(t *testing.T) {
	t.Parallel()
	all, address := visitors(t, 3)
	known := dial(t, address, "Known: yes\r\n")
	first := dial(t, address, "")
	all.settle()
	for range 3 {
		dial(t, address, "")
		all.settle()
	}
	if _, err := first.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("the stranger who has been quiet for longest: %v, want its connection closed", err)
	}
	ask(t, known, "") // is left alone
	all.mu.Lock()
	defer all.mu.Unlock()
	if len(all.strangers) != 3 {
		t.Errorf("%d strangers are connected, want 3", len(all.strangers))
	}
}
