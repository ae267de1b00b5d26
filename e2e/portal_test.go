//go:build e2e

package e2e

import (
	"bytes"
	"cmp"
	"context"
	"net"
	"regexp"
	"sync"
	"testing"
	"time"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
	"gitlab-agent-portal/internal/alert"
	"gitlab-agent-portal/internal/database/databasetest"
	"gitlab-agent-portal/internal/portal"
)

// startPortal runs the program on a free port over the simulator, configured by its
// environment as an operator would, and returns its address.
func startPortal(t *testing.T, gitlab *gitlabtest.Instance) string {
	t.Helper()
	return startPortalAt(t, gitlab, "")
}

// startPortalAt is startPortal under a host of the test's choice, with further variables.
func startPortalAt(t *testing.T, gitlab *gitlabtest.Instance, host string, environ ...string) string {
	t.Helper()
	p := &running{t: t, host: host, environ: environ, address: "127.0.0.1:0", database: databasetest.New(t).URL}
	p.start(gitlab)
	return p.url
}

// running is a portal that can be stopped and started again over its database.
type running struct {
	t                      *testing.T
	url, address, database string
	// host is that of the portal's address. Unless the test chooses one, it is another than the
	// simulator's, so that cookies and cross-site rules are as in life.
	host        string
	environ     []string
	application gitlabtest.Application
	// now is the clock; nil for the real one.
	now func() time.Time
	// watch says how the readings of a watch go; nil where there is none.
	watch func(context.Context) (alert.Status, error)
	stop  func()
}

func (p *running) start(gitlab *gitlabtest.Instance) {
	t := p.t
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", p.address)
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	if p.url == "" {
		p.address, p.url = listener.Addr().String(), "http://"+cmp.Or(p.host, "localhost")+":"+port
		p.application = gitlab.AddApplication(gitlabtest.Application{RedirectURIs: []string{p.url + "/auth/callback"}, Scopes: []string{"api", "read_api"}})
	}
	ready, output := make(chan struct{}), &safeBuffer{}
	program := portal.Program{
		Listener: listener, Stdout: output, Ready: func() { close(ready) }, Now: p.now, WatchStatus: p.watch,
		Environ: append([]string{
			"GITLAB_URL=" + gitlab.URL, "GITLAB_CLIENT_ID=" + p.application.ID, "GITLAB_CLIENT_SECRET=" + p.application.Secret,
			"PUBLIC_URL=" + p.url, "DATABASE_URL=" + p.database,
			"SESSION_KEYS=00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
		}, p.environ...),
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- program.Run(ctx) }()
	select {
	case <-ready:
	case err := <-done:
		stop()
		t.Fatalf("the portal did not start: %v\n%s", err, output)
	}
	p.stop = sync.OnceFunc(func() {
		stop()
		if err := <-done; err != nil {
			t.Errorf("the portal did not stop well: %v", err)
		}
		if t.Failed() {
			t.Logf("the portal's log:\n%s", output)
		}
	})
	t.Cleanup(p.stop)
}

// playDemo runs the demo with its organisation.
func playDemo(t *testing.T) *stage {
	t.Helper()
	ready, output := make(chan struct{}), &safeBuffer{}
	ctx, stop := context.WithCancel(t.Context())
	program := portal.Program{Args: []string{"--demo"}, Stdout: output, Ready: func() { close(ready) }}
	done := make(chan error, 1)
	go func() { done <- program.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Errorf("the demo did not stop well: %v", err)
		}
	})
	select {
	case <-ready:
	case err := <-done:
		t.Fatalf("the demo did not start: %v", err)
	}
	address := regexp.MustCompile(`Portal +(\S+)`).FindStringSubmatch(output.String())
	return &stage{t: t, url: address[1], browser: browser}
}

// safeBuffer collects output from several goroutines.
type safeBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *safeBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
