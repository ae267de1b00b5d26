//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"net"
	"sync"
	"testing"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
	"gitlab-agent-portal/internal/portal"
)

// startPortal runs the program on a free port over the simulator, configured by its
// environment as an operator would, and returns its address.
func startPortal(t *testing.T, gitlab *gitlabtest.Instance) string {
	t.Helper()
	// Another host than the simulator's, so that cookies and cross-site rules are as in life.
	return startPortalAt(t, gitlab, "localhost")
}

// startPortalAt is startPortal under a host of the test's choice, with further variables.
func startPortalAt(t *testing.T, gitlab *gitlabtest.Instance, host string, environ ...string) string {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	public := "http://" + host + ":" + port
	application := gitlab.AddApplication(gitlabtest.Application{RedirectURIs: []string{public + "/auth/callback"}})
	ready, output := make(chan struct{}), &safeBuffer{}
	program := portal.Program{
		Listener: listener, Stdout: output, Ready: func() { close(ready) },
		Environ: append([]string{
			"GITLAB_URL=" + gitlab.URL, "GITLAB_CLIENT_ID=" + application.ID, "GITLAB_CLIENT_SECRET=" + application.Secret,
			"PUBLIC_URL=" + public, "DATABASE_URL=sqlite:" + t.TempDir() + "/portal.db",
			"SESSION_KEYS=00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
		}, environ...),
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
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Errorf("the portal did not stop well: %v", err)
		}
		if t.Failed() {
			t.Logf("the portal's log:\n%s", output)
		}
	})
	return public
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
