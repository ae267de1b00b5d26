//go:build image

package image_test

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// container is a running image.
type container struct {
	id, runs string
	// data is its volume.
	data string
	cmd  *exec.Cmd
	// printed is the log of the portal.
	printed *strings.Builder
}

// newContainer runs an image whose root is at that folder, as strictly as Kubernetes may: nothing can be
// written but the volume, and there is no capability. It has the network of this machine.
func newContainer(t *testing.T, root string, environ []string) *container {
	t.Helper()
	bundle := t.TempDir()
	c := &container{id: "image-test-" + strconv.Itoa(os.Getpid()), runs: filepath.Join(bundle, "run"), data: filepath.Join(bundle, "data"), printed: new(strings.Builder)}
	// A new volume begins as a copy of what the image has there.
	output(t, exec.Command("cp", "-a", filepath.Join(root, "data"), c.data))
	output(t, exec.Command("runc", "spec", "--bundle", bundle))
	c.configure(t, filepath.Join(bundle, "config.json"), root, environ)
	c.cmd = exec.CommandContext(context.WithoutCancel(t.Context()), "runc", "--root", c.runs, "run", "--bundle", bundle, c.id)
	c.cmd.Stdout, c.cmd.Stderr = c.printed, c.printed
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = exec.Command("runc", "--root", c.runs, "kill", c.id, "KILL").Run() // if it still lives
		_ = c.cmd.Wait()
	})
	return c
}

// configure changes what `runc spec` proposes; its fields are those of
// https://github.com/opencontainers/runtime-spec/blob/main/config.md.
func (c *container) configure(t *testing.T, file, root string, environ []string) {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var spec map[string]any
	if err := json.Unmarshal(content, &spec); err != nil {
		t.Fatal(err)
	}
	process, linux := spec["process"].(map[string]any), spec["linux"].(map[string]any)
	process["terminal"], process["args"], process["env"], process["cwd"] = false, []string{"/web"}, environ, "/data"
	process["user"] = map[string]any{"uid": nobody, "gid": 0}
	process["capabilities"], process["noNewPrivileges"] = map[string]any{}, true
	spec["root"] = map[string]any{"path": root, "readonly": true}
	spec["mounts"] = append(spec["mounts"].([]any), map[string]any{"destination": "/data", "type": "bind", "source": c.data, "options": []string{"bind", "rw"}})
	linux["namespaces"] = []map[string]any{{"type": "pid"}, {"type": "mount"}, {"type": "ipc"}, {"type": "uts"}}
	if content, err = json.Marshal(spec); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// exec runs a program in the container, as the container's user.
func (c *container) exec(args ...string) (string, error) {
	out, err := exec.Command("runc", append([]string{"--root", c.runs, "exec", c.id}, args...)...).CombinedOutput()
	return string(out), err
}

// stop stops the container as Kubernetes does.
func (c *container) stop() (log string, err error) {
	if out, err := exec.Command("runc", "--root", c.runs, "kill", c.id, "TERM").CombinedOutput(); err != nil {
		return string(out), err
	}
	err = c.cmd.Wait()
	return c.printed.String(), err
}

func (c *container) waitUntilReady(t *testing.T, address string) {
	t.Helper()
	client := &http.Client{Timeout: time.Second}
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); {
		response, err := client.Get(address)
		if err == nil {
			_ = response.Body.Close()
		}
		if err == nil && response.StatusCode == http.StatusOK {
			return
		}
	}
	_ = exec.Command("runc", "--root", c.runs, "kill", c.id, "KILL").Run()
	_ = c.cmd.Wait()
	t.Fatalf("the image is not ready: %s", c.printed)
}

func body(t *testing.T, method, address string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, address, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	response, err := new(http.Client).Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// freePort is one that nobody listens at: the container opens it by its number.
func freePort(t *testing.T) string {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}
