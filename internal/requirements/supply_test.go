package requirements_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func read(t *testing.T, file string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root, file))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// TestV13EverythingFromOutsideIsPinned reads the lock files and what builds with them.
func TestV13EverythingFromOutsideIsPinned(t *testing.T) {
	t.Parallel()
	var lock struct {
		Packages map[string]struct {
			Version, Integrity, Resolved  string
			Dependencies, DevDependencies map[string]string
		}
	}
	if err := json.Unmarshal([]byte(read(t, "package-lock.json")), &lock); err != nil {
		t.Fatal(err)
	}
	exact := regexp.MustCompile(`^\d+\.\d+\.\d+$`)
	for name, pkg := range lock.Packages {
		for _, versions := range []map[string]string{pkg.Dependencies, pkg.DevDependencies} {
			for dependency, version := range versions {
				if name == "" && !exact.MatchString(version) {
					t.Errorf("package.json asks for %s %q, want one version", dependency, version)
				}
			}
		}
		if name != "" && !strings.HasPrefix(pkg.Integrity, "sha512-") {
			t.Errorf("package-lock.json does not say what %s contains", name)
		}
	}
	for _, module := range []string{"", "tools/lint/", "tools/manifests/", "tools/sbom/"} {
		required := regexp.MustCompile(`(?m)^\t(\S+) (v\S+)`).FindAllStringSubmatch(read(t, module+"go.mod"), -1)
		sums := read(t, module+"go.sum")
		for _, m := range required {
			if !strings.Contains(sums, m[1]+" "+m[2]) {
				t.Errorf("%sgo.sum does not know %s %s", module, m[1], m[2])
			}
		}
		if len(required) == 0 || strings.Contains(read(t, module+"go.mod"), "replace ") {
			t.Errorf("%sgo.mod asks for %d modules, or replaces some", module, len(required))
		}
	}
	for file, want := range map[string][]string{
		".ci/test":   {"npm ci", "go tool templ generate", "go mod tidy", "git diff --exit-code -- '*_templ.go' go.mod go.sum"},
		"Makefile":   {"npm ci", "govulncheck", "cannot be reached from here"},
		"Dockerfile": {"npm ci", "go mod download"},
	} {
		content := read(t, file)
		for _, line := range want {
			if !strings.Contains(content, line) {
				t.Errorf("%s does not say %q", file, line)
			}
		}
		if regexp.MustCompile(`npm (i|install)\b|@latest`).MatchString(content) {
			t.Errorf("%s installs what no lock file names", file)
		}
	}
}

// TestV13TheImagesThatOthersMadeArePinned reads what the image and the compose file build on.
func TestV13TheImagesThatOthersMadeArePinned(t *testing.T) {
	t.Parallel()
	dockerfile := read(t, "Dockerfile")
	for _, from := range regexp.MustCompile(`(?m)^FROM (?:--platform=\S+ )?(\S+)`).FindAllStringSubmatch(dockerfile, -1) {
		if !regexp.MustCompile(`^\$\{[A-Z]+_IMAGE\}$`).MatchString(from[1]) {
			t.Errorf("the Dockerfile builds on %s, which no argument pins by digest", from[1])
		}
	}
	images := regexp.MustCompile(`(?m)^(?:ARG [A-Z]+_IMAGE=|    image: docker.io/)(\S+)$`).FindAllStringSubmatch(dockerfile+read(t, "deploy/compose.yaml"), -1)
	for _, image := range images {
		if !regexp.MustCompile(`(:|debian)\d[\w.-]*(:nonroot)?(@sha256:[0-9a-f]{64})?$`).MatchString(image[1]) {
			t.Errorf("the image %s has no version", image[1])
		}
	}
	if len(images) != 4 {
		t.Errorf("there are %d images, want Node, Go, the base and PostgreSQL", len(images))
	}
}
