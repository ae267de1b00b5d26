// Package demo lets a portal run without a GitLab and without configuration: it plays a GitLab
// with a made-up organisation, says how the portal is to be configured, and adds the page that
// shows all components. It knows nothing of how a portal is put together.
package demo

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
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

// Demo is one run of the demo. Its database is gone when it is closed.
type Demo struct {
	// Portal is where the portal has to listen.
	Portal net.Listener

	gitlab    net.Listener
	simulator *gitlabtest.Server
	people    people
	seeded    *seeder
	history   []Act
	folder    string // holds the portal's database
	environ   []string
}

// New opens the listeners and seeds the GitLab. A listener that is not nil takes the place of
// the demo's own for the portal. The demo goes on with environ, except for the settings that it
// brings along: it fails when environ has any of those.
func New(ctx context.Context, environ []string, portal net.Listener, now func() time.Time) (*Demo, error) {
	if err := refuseRealSettings(environ); err != nil {
		return nil, err
	}
	d := &Demo{Portal: portal}
	if err := d.open(ctx); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	d.simulator = gitlabtest.New(gitlabtest.WithNow(now), gitlabtest.WithURL(d.gitlabURL()))
	d.seeded = newSeeder(d.simulator, now())
	d.people, d.history = d.seeded.fill()
	application := d.simulator.AddApplication(gitlabtest.Application{
		Name: "GitLab Agent Portal", RedirectURIs: []string{d.portalURL() + "/auth/callback"}, Scopes: []string{"api", "read_api"},
	})
	d.environ = slices.Concat([]string{"LOG_LEVEL=warn"}, environ, []string{
		"GITLAB_URL=" + d.gitlabURL(), "GITLAB_CLIENT_ID=" + application.ID, "GITLAB_CLIENT_SECRET=" + application.Secret,
		"PUBLIC_URL=" + d.portalURL(), "DATABASE_URL=sqlite:" + filepath.Join(d.folder, "portal.db"), "SESSION_KEYS=" + randomKey(),
		"WATCH_TOKEN=" + d.seeded.addWatcher(),
	})
	return d, nil
}

// open takes what the demo needs of the machine.
func (d *Demo) open(ctx context.Context) error {
	var err error
	if d.Portal == nil {
		if d.Portal, err = listenNear(ctx, portalAddress); err != nil {
			return fmt.Errorf("the demo: %w", err)
		}
	}
	if d.gitlab, err = listenNear(ctx, gitlabAddress); err != nil {
		return fmt.Errorf("the demo's GitLab: %w", err)
	}
	if d.folder, err = os.MkdirTemp("", "portal-demo"); err != nil {
		return fmt.Errorf("the demo's database: %w", err)
	}
	return nil
}

// Close gives back what the demo holds of the machine.
func (d *Demo) Close() error {
	for _, listener := range []net.Listener{d.Portal, d.gitlab} {
		if listener != nil {
			_ = listener.Close() // a server has closed it by itself
		}
	}
	return os.RemoveAll(d.folder)
}

// portalURL has another host than the GitLab's, so that cookies and the browser's cross-site
// rules behave as in life.
func (d *Demo) portalURL() string {
	return fmt.Sprintf("http://localhost:%d", d.Portal.Addr().(*net.TCPAddr).Port)
}

func (d *Demo) gitlabURL() string { return "http://" + d.gitlab.Addr().String() }

// SandboxURL is the page that plays the cluster.
func (d *Demo) SandboxURL() string { return d.gitlabURL() + "/sandbox" }

// History is what people did through the portal before it started, the oldest first.
func (d *Demo) History() []Act { return d.history }

// Environ is the configuration of the portal.
func (d *Demo) Environ() []string { return d.environ }

// String tells the person at the terminal where everything is.
func (d *Demo) String() string {
	return fmt.Sprintf("\n  Portal    %s\n  GitLab    %s\n  Sandbox   %s (plays the cluster)\n%s\n"+
		"Stop with Ctrl+C; everything is gone then.\n\n", d.portalURL(), d.gitlabURL(), d.SandboxURL(), d.people)
}

// Run plays the GitLab while portal runs, and ends both when either of them fails or ends.
func (d *Demo) Run(ctx context.Context, portal func(context.Context) error) error {
	group, running := errgroup.WithContext(ctx)
	server := &http.Server{Handler: d.ownHosts(d.simulator), ReadHeaderTimeout: 5 * time.Second}
	group.Go(func() error {
		if err := server.Serve(d.gitlab); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("the demo's GitLab: %w", err)
		}
		return nil
	})
	group.Go(func() error {
		err := portal(running)
		d.simulator.Release()
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
		"GITLAB_URL", "GITLAB_INTERNAL_URL", "GITLAB_CLIENT_ID", "GITLAB_CLIENT_SECRET", "GITLAB_CLIENT_SECRET_FILE", "GITLAB_CA_FILE",
		"PUBLIC_URL", "LISTEN_ADDR", "ALLOW_INSECURE_HTTP", "TRUSTED_PROXIES",
		"DATABASE_URL", "SESSION_KEYS", "SESSION_KEYS_FILE", "WATCH_TOKEN", "WATCH_TOKEN_FILE",
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
