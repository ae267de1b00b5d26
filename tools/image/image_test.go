//go:build image

// Package image_test builds the Dockerfile as it stands and runs what comes of it, without a container
// engine and without a registry: Debian's buildah builds it on stand-ins for the images that it names, which
// are made of this machine's own Node and Go, and Debian's runc runs it. Both need to be run by root.
package image_test

import (
	"debug/elf"
	"encoding/json"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

const (
	version  = "v1.2.3-image-test"
	revision = "0123456789abcdef0123456789abcdef01234567"
	// nobody is a user that no image knows, as OpenShift chooses them.
	nobody = 1_000_650_000
	// mostMB is what the image may weigh without the certificates of its base: 31 MB are the program.
	mostMB = 40
)

func TestTheImage(t *testing.T) {
	store := newStore(t)
	store.addStandIns(t)
	store.build(t, "portal")
	config := store.inspect(t, "portal")
	root := store.mount(t, "portal")

	t.Run("says in its labels what it was built from", func(t *testing.T) {
		for label, want := range map[string]string{"version": version, "revision": revision, "base.name": "localhost/base"} {
			if got := config.Labels["org.opencontainers.image."+label]; got != want {
				t.Errorf("the label %s is %q, want %q", label, got, want)
			}
		}
	})
	t.Run("is run by a user who is not root, and who is named by number", func(t *testing.T) {
		if config.User != "65532" {
			t.Errorf("the user is %q: Kubernetes tells that it is not root by its number alone", config.User)
		}
	})
	t.Run("holds a folder that anybody of group 0 may write to, and no other", func(t *testing.T) {
		want := []string{"/data"}
		if got := writable(t, root); strings.Join(got, " ") != strings.Join(want, " ") {
			t.Errorf("group 0 may write to %q, want %q", got, want)
		}
	})
	t.Run("is small", func(t *testing.T) {
		size := sizeOf(t, root)
		t.Logf("the image has %.1f MB", float64(size)/1e6)
		if size > mostMB*1_000_000 {
			t.Errorf("the image has %d bytes, want less than %d MB", size, mostMB)
		}
	})
	t.Run("runs with a root that is read-only, as any user of group 0", func(t *testing.T) {
		run(t, root)
	})
	t.Run("is built for other machines on this one", func(t *testing.T) {
		store.build(t, "foreign", "--build-arg", "TARGETARCH=arm64")
		expectForeign(t, filepath.Join(store.mount(t, "foreign"), "web"))
	})
}

func expectForeign(t *testing.T, program string) {
	t.Helper()
	binary, err := elf.Open(program)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = binary.Close() }()
	if binary.Machine != elf.EM_AARCH64 {
		t.Errorf("the program is for %s, want arm64", binary.Machine)
	}
}

// run starts the image and uses it.
func run(t *testing.T, root string) {
	t.Helper()
	gitlab := gitlabtest.Start(t)
	port := freePort(t)
	public := "http://localhost:" + port
	application := gitlab.AddApplication(gitlabtest.Application{RedirectURIs: []string{public + "/auth/callback"}})
	c := newContainer(t, root, []string{
		"GITLAB_URL=" + gitlab.URL, "GITLAB_CLIENT_ID=" + application.ID, "GITLAB_CLIENT_SECRET=" + application.Secret,
		"PUBLIC_URL=" + public, "LISTEN_ADDR=127.0.0.1:" + port, "SESSION_KEYS=" + strings.Repeat("0123456789abcdef", 4),
	})
	c.waitUntilReady(t, "http://127.0.0.1:"+port+"/readyz")
	if out, err := c.exec("/web", "-healthcheck"); err != nil {
		t.Errorf("web -healthcheck: %v: %s", err, out)
	}
	if out, _ := c.exec("/web", "-version"); !strings.HasPrefix(out, "gitlab-agent-portal "+version+" (revision "+revision+", ") {
		t.Errorf("web -version says %q, want %s of revision %s", out, version, revision)
	}
	if page := body(t, http.MethodGet, "http://127.0.0.1:"+port+"/"); !strings.Contains(page, "/static/app.") {
		t.Errorf("the first page has no script and no style: %s", page)
	}
	if _, err := os.Stat(filepath.Join(c.data, "portal.db")); err != nil {
		t.Errorf("the database is not in the volume: %v", err)
	}
	if out, err := c.stop(); err != nil {
		t.Errorf("the portal ended with %v: %s", err, out)
	}
}

// imageConfig is a part of https://github.com/opencontainers/image-spec/blob/main/config.md.
type imageConfig struct {
	User   string
	Labels map[string]string
}

func (s store) inspect(t *testing.T, image string) imageConfig {
	t.Helper()
	var inspected struct {
		OCIv1 struct{ Config imageConfig }
	}
	if err := json.Unmarshal([]byte(s.buildah(t, "inspect", "--type", "image", image)), &inspected); err != nil {
		t.Fatal(err)
	}
	return inspected.OCIv1.Config
}

// writable lists the folders and files that group 0 owns and may write to.
func writable(t *testing.T, root string) []string {
	t.Helper()
	var found []string
	walk(t, root, func(path string, info fs.FileInfo) {
		if info.Mode()&0o020 != 0 && info.Mode()&fs.ModeSymlink == 0 {
			found = append(found, path)
		}
	})
	return found
}

func sizeOf(t *testing.T, root string) (bytes int64) {
	t.Helper()
	walk(t, root, func(_ string, info fs.FileInfo) { bytes += info.Size() })
	return bytes
}

func walk(t *testing.T, root string, visit func(path string, info fs.FileInfo)) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err == nil {
			visit("/"+strings.TrimPrefix(strings.TrimPrefix(path, root), "/"), info)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
