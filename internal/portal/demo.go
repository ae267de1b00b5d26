package portal

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

// Where the demo listens, if nobody else does: two hosts, so that cookies and the browser's
// cross-site rules behave as in life. Neither can be reached from another machine.
const (
	demoPortal = "localhost:8080"
	demoGitLab = "127.0.0.1:8081"
	// portAttempts is how many ports in a row are tried.
	portAttempts = 20
)

// runDemo runs the portal over a GitLab of its own. It is the same binary with the same
// handlers, configured like any other; only the GitLab is not a real one.
func (p Program) runDemo(ctx context.Context) error {
	if err := refuseRealSettings(p.Environ); err != nil {
		return err
	}
	if p.Listener == nil {
		var err error
		if p.Listener, err = listenNear(ctx, demoPortal); err != nil {
			return fmt.Errorf("the demo: %w", err)
		}
		defer func() { _ = p.Listener.Close() }() // as Run does
	}
	gitlab, err := listenNear(ctx, demoGitLab)
	if err != nil {
		return fmt.Errorf("the demo's GitLab: %w", err)
	}
	defer func() { _ = gitlab.Close() }()
	folder, err := os.MkdirTemp("", "portal-demo")
	if err != nil {
		return fmt.Errorf("the demo's database: %w", err)
	}
	err = p.playDemo(ctx, gitlab, filepath.Join(folder, "portal.db"))
	return errors.Join(err, os.RemoveAll(folder))
}

// playDemo serves both sides until ctx ends.
func (p Program) playDemo(ctx context.Context, gitlab net.Listener, database string) error {
	_, port, err := net.SplitHostPort(p.Listener.Addr().String())
	if err != nil {
		return err
	}
	public, instance := "http://localhost:"+port, "http://"+gitlab.Addr().String()
	simulator := gitlabtest.New(gitlabtest.WithNow(clock), gitlabtest.WithURL(instance))
	credentials := seedDemo(simulator, clock())
	application := simulator.AddApplication(gitlabtest.Application{
		Name: "GitLab Agent Portal", RedirectURIs: []string{public + "/auth/callback"}, Scopes: []string{scopeAPI, scopeReadAPI},
	})
	cfg, err := loadConfig(slices.Concat([]string{"LOG_LEVEL=warn"}, p.Environ, []string{
		"GITLAB_URL=" + instance, "GITLAB_CLIENT_ID=" + application.ID, "GITLAB_CLIENT_SECRET=" + application.Secret,
		"PUBLIC_URL=" + public, "DATABASE_URL=sqlite:" + database, "SESSION_KEYS=" + randomKey(),
	}))
	if err != nil {
		return err
	}
	sandbox := instance + "/sandbox"
	_, err = fmt.Fprintf(p.Stdout, "\n  Portal    %s\n  GitLab    %s\n  Sandbox   %s (plays the cluster)\n%s\n"+
		"Stop with Ctrl+C; everything is gone then.\n\n", public, instance, sandbox, credentials)
	if err != nil {
		return err
	}
	p.Drain = nil // nobody spreads traffic here, and Ctrl+C should be quick
	return p.serveBoth(ctx, cfg, simulator, gitlab, sandbox)
}

// serveBoth ends both sides when either of them fails.
func (p Program) serveBoth(ctx context.Context, cfg *config, simulator *gitlabtest.Server, gitlab net.Listener, sandbox string) error {
	group, running := errgroup.WithContext(ctx)
	server := &http.Server{Handler: simulator, ReadHeaderTimeout: 5 * time.Second}
	group.Go(func() error {
		if err := server.Serve(gitlab); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("the demo's GitLab: %w", err)
		}
		return nil
	})
	group.Go(func() error {
		err := p.serve(running, cfg, extras{sandboxURL: sandbox, styleguide: true})
		simulator.Release()
		return errors.Join(err, server.Close())
	})
	return group.Wait()
}

// randomKey is a session key that lives as long as the demo.
func randomKey() string {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails: crypto/rand ends the process instead
	return hex.EncodeToString(key)
}

// refuseRealSettings keeps a demo from being mistaken for the real thing, and real secrets
// from being ignored in silence.
func refuseRealSettings(environ []string) error {
	realSettings := []string{
		"GITLAB_URL", "GITLAB_CLIENT_ID", "GITLAB_CLIENT_SECRET", "GITLAB_CLIENT_SECRET_FILE", "GITLAB_CA_FILE",
		"PUBLIC_URL", "LISTEN_ADDR", "ALLOW_INSECURE_HTTP", "TRUSTED_PROXIES",
		"DATABASE_URL", "SESSION_KEYS", "SESSION_KEYS_FILE",
	}
	var set []string
	for _, line := range environ {
		if name, value, _ := strings.Cut(line, "="); value != "" && slices.Contains(realSettings, name) {
			set = append(set, name)
		}
	}
	if len(set) == 0 {
		return nil
	}
	return fmt.Errorf("--demo brings settings of its own and does not go together with %s", strings.Join(set, ", "))
}

// listenNear listens on the address, or on one of the next ports when it is taken.
func listenNear(ctx context.Context, address string) (net.Listener, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	first, err := strconv.Atoi(port)
	if err != nil {
		return nil, err
	}
	for candidate := first; ; candidate++ {
		listener, err := new(net.ListenConfig).Listen(ctx, "tcp", net.JoinHostPort(host, strconv.Itoa(candidate)))
		if err == nil || !errors.Is(err, syscall.EADDRINUSE) || candidate == first+portAttempts {
			return listener, err
		}
	}
}
