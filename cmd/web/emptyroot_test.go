//go:build linux

package main_test

import (
	"bufio"
	"context"
	"encoding/json"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

// TestTheBinaryNeedsNothingAroundIt proves the Dockerfile where no container engine is at
// hand: the static binary starts, serves and is found healthy in a root directory that holds
// nothing but itself, the CA bundle and a place for its data.
func TestTheBinaryNeedsNothingAroundIt(t *testing.T) {
	t.Parallel()
	gitlab := httptest.NewTLSServer(gitlabtest.New())
	t.Cleanup(gitlab.Close)
	root := t.TempDir()
	buildInto(t, filepath.Join(root, "web"))
	authority := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: gitlab.Certificate().Raw})
	for _, folder := range []string{"data", "etc/ssl/certs"} {
		if err := os.MkdirAll(filepath.Join(root, folder), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(root, "etc/ssl/certs/ca-certificates.crt"), authority, 0o600); err != nil {
		t.Fatal(err)
	}
	environ := []string{
		"GITLAB_URL=" + gitlab.URL, "GITLAB_CLIENT_ID=id", "GITLAB_CLIENT_SECRET=secret", "PUBLIC_URL=http://localhost:8080",
		"SESSION_KEYS=" + strings.Repeat("0123456789abcdef", 4), "LISTEN_ADDR=127.0.0.1:0",
	}
	address := start(t, root, environ)
	client := newClient(t)
	for path, want := range map[string]int{"/healthz": 200, "/readyz": 200, "/": 200} {
		if got := get(t, client, "http://"+address+path); got.status != want {
			t.Errorf("GET %s = %d, want %d", path, got.status, want)
		}
	}
	// GitLab's refusal of an application that it does not know proves that the call reached it, and
	// so that the CA bundle of the empty root was found.
	login := get(t, client, "http://"+address+"/auth/login")
	state := must(url.Parse(login.location))(t).Query().Get("state")
	if got := get(t, client, "http://"+address+"/auth/callback?code=made-up&state="+state); !strings.Contains(got.body, "does not know this portal") {
		t.Errorf("a callback with a made-up code: %d %s", got.status, got.body)
	}
	probe := within(t.Context(), root, append(environ, "LISTEN_ADDR="+address), "-healthcheck")
	if out, err := probe.CombinedOutput(); err != nil {
		t.Errorf("web -healthcheck: %v %s", err, out)
	}
}

func buildInto(t *testing.T, file string) {
	t.Helper()
	build := exec.CommandContext(t.Context(), "go", "build", "-o", file, ".")
	build.Env = append(build.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building: %v\n%s", err, out)
	}
}

// within runs the binary with root as its root directory. Without the right to do so, a user
// namespace gives it.
func within(ctx context.Context, root string, environ []string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "/web", args...)
	cmd.Env, cmd.Dir = environ, "/data"
	cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: root}
	if id := os.Getuid(); id != 0 {
		cmd.SysProcAttr.Cloneflags = syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: id, Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	}
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 40 * time.Second
	return cmd
}

// start runs the portal until the test ends and returns the address that it says it answers on.
func start(t *testing.T, root string, environ []string) string {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	cmd := within(ctx, root, environ)
	output, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stop()
		if err := cmd.Wait(); err != nil && ctx.Err() == nil {
			t.Errorf("the portal ended with %v", err)
		}
	})
	lines := bufio.NewScanner(output)
	for lines.Scan() {
		var line struct{ Msg, Address string }
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			t.Fatalf("the log line %q is no JSON: %v", lines.Text(), err)
		}
		if line.Address != "" {
			go func() { _, _ = io.Copy(io.Discard, output) }()
			return line.Address
		}
	}
	t.Fatal("the portal said nothing about its address")
	return ""
}

func newClient(t *testing.T) *http.Client {
	t.Helper()
	return &http.Client{
		Jar:           must(cookiejar.New(nil))(t),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// answer is a response that was read.
type answer struct {
	status         int
	location, body string
}

func get(t *testing.T, client *http.Client, address string) answer {
	t.Helper()
	response, err := client.Do(must(http.NewRequestWithContext(t.Context(), http.MethodGet, address, http.NoBody))(t))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body := must(io.ReadAll(response.Body))(t)
	return answer{status: response.StatusCode, location: response.Header.Get("Location"), body: string(body)}
}

// must returns the value of a call that cannot fail in a test.
func must[T any](value T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}
