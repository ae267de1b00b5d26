//go:build image

package image_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// store is a place for images that is thrown away, so that those of this machine are left alone.
type store struct{ folder string }

func newStore(t *testing.T) store {
	t.Helper()
	if os.Getuid() != 0 {
		t.Fatal("buildah and runc need root here: sudo make image-test")
	}
	// Not below the test's own folder: what is mounted has to be let go of before anything is deleted.
	folder, err := os.MkdirTemp("", "image-test") //nolint:usetesting // it would go too early
	if err != nil {
		t.Fatal(err)
	}
	s := store{folder}
	t.Cleanup(func() {
		s.buildah(t, "umount", "--all")
		s.buildah(t, "rm", "--all")
		s.buildah(t, "rmi", "--all", "--force")
		if err := exec.Command("umount", filepath.Join(folder, "images", "overlay")).Run(); err != nil {
			t.Logf("letting go of the store: %v", err)
		}
		if err := os.RemoveAll(folder); err != nil {
			t.Errorf("throwing the store away: %v", err)
		}
	})
	return s
}

// buildah runs the program of that name and returns what it prints.
func (s store) buildah(t *testing.T, args ...string) string {
	t.Helper()
	where := []string{"--root", filepath.Join(s.folder, "images"), "--runroot", filepath.Join(s.folder, "run")}
	return output(t, exec.Command("buildah", append(where, args...)...))
}

// addStandIns makes what takes the place of the images that the Dockerfile names.
func (s store) addStandIns(t *testing.T) {
	t.Helper()
	s.commit(t, "node", []string{"PATH=/bin:/usr/bin", "HOME=/root", "NODE_EXTRA_CA_CERTS=" + bundle}, func(root string) {
		addShell(t, root)
		addProgram(t, root, "node", "/usr/bin/node")
		global := strings.TrimSpace(output(t, exec.Command("npm", "root", "--global")))
		copyTree(t, filepath.Join(global, "npm"), filepath.Join(root, "usr/lib/node_modules/npm"))
		link(t, "../lib/node_modules/npm/bin/npm-cli.js", filepath.Join(root, "usr/bin/npm"))
	})
	s.commit(t, "golang", []string{"PATH=/bin:/usr/local/go/bin", "HOME=/root", "GOPATH=/go", "GOTOOLCHAIN=local"}, func(root string) {
		addShell(t, root)
		copyTree(t, goEnv(t, "GOROOT"), filepath.Join(root, "usr/local/go"))
	})
	s.commit(t, "base", nil, func(root string) { addCertificates(t, root) })
}

// build builds the Dockerfile as it stands, on the stand-ins.
func (s store) build(t *testing.T, image string, args ...string) {
	t.Helper()
	all := append([]string{
		"bud", "--isolation", "chroot", "--layers", "--tag", image,
		"--build-arg", "NODE_IMAGE=localhost/node", "--build-arg", "GO_IMAGE=localhost/golang", "--build-arg", "BASE_IMAGE=localhost/base",
		"--build-arg", "GOPROXY=" + goEnv(t, "GOPROXY"), "--build-arg", "NPM_REGISTRY=" + strings.TrimSpace(output(t, exec.Command("npm", "config", "get", "registry"))),
		"--build-arg", "VERSION=" + version, "--build-arg", "REVISION=" + revision,
	}, args...)
	s.buildah(t, append(all, "../..")...)
}

// commit makes an image of what fill puts into an empty folder.
func (s store) commit(t *testing.T, image string, environ []string, fill func(root string)) {
	t.Helper()
	container := strings.TrimSpace(s.buildah(t, "from", "scratch"))
	fill(strings.TrimSpace(s.buildah(t, "mount", container)))
	for _, variable := range environ {
		s.buildah(t, "config", "--env", variable, container)
	}
	s.buildah(t, "commit", "--rm", container, "localhost/"+image)
}

// mount shows an image as the folder that a container of it has as its root.
func (s store) mount(t *testing.T, image string) string {
	t.Helper()
	return strings.TrimSpace(s.buildah(t, "mount", strings.TrimSpace(s.buildah(t, "from", image))))
}

// addShell puts what a RUN needs into a root folder.
func addShell(t *testing.T, root string) {
	t.Helper()
	addProgram(t, root, "busybox", "/bin/busybox")
	for applet := range strings.FieldsSeq(output(t, exec.Command("busybox", "--list"))) {
		if applet != "busybox" {
			link(t, "busybox", filepath.Join(root, "bin", applet))
		}
	}
	makeFolder(t, filepath.Join(root, "usr/bin"))
	link(t, "/bin/env", filepath.Join(root, "usr/bin/env"))
	for _, folder := range []string{"tmp", "root", "var/tmp"} {
		makeFolder(t, filepath.Join(root, folder))
	}
	addCertificates(t, root)
}

// library is where a line of ldd says that a library is.
var library = regexp.MustCompile(`(?m)(/\S+) \(0x`)

// addProgram copies a program of this machine and the libraries that it is linked with.
func addProgram(t *testing.T, root, name, target string) {
	t.Helper()
	program, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("the image's test needs Debian's packages buildah, runc and busybox-static, and Node: %v", err)
	}
	copyTree(t, program, filepath.Join(root, target))
	libraries, _ := exec.Command("ldd", program).Output() // fails for what needs none
	for _, match := range library.FindAllStringSubmatch(string(libraries), -1) {
		copyTree(t, match[1], filepath.Join(root, match[1]))
	}
}

// bundle holds the authorities that this machine trusts, and so do the stand-ins.
const bundle = "/etc/ssl/certs/ca-certificates.crt"

func addCertificates(t *testing.T, root string) {
	t.Helper()
	copyTree(t, bundle, filepath.Join(root, bundle))
}

// copyTree copies a file or a folder, and follows a link that is named itself.
func copyTree(t *testing.T, from, to string) {
	t.Helper()
	makeFolder(t, filepath.Dir(to))
	output(t, exec.Command("cp", "-aH", from, to))
}

func makeFolder(t *testing.T, folder string) {
	t.Helper()
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
}

func link(t *testing.T, to, name string) {
	t.Helper()
	if err := os.Symlink(to, name); err != nil {
		t.Fatal(err)
	}
}

func goEnv(t *testing.T, name string) string {
	t.Helper()
	return strings.TrimSpace(output(t, exec.Command("go", "env", name)))
}

// output runs a command to its end, and returns what it prints.
func output(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s%s", cmd, err, out, stderr.String())
	}
	return string(out)
}
