package gitlabapi

import (
	"net/url"
	"strings"
	"testing"
)

// FuzzH7ProjectPath checks without a network what
// TestProjectReferenceIsOneEscapedSegment checks on the wire.
func FuzzH7ProjectPath(f *testing.F) {
	for _, seed := range []string{"a/b", "a/../b", "%2e%2e", "?x", "#", "项目", "..", ".", "", "a\x00b", "\xff", "\\", ";"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, fullPath string) {
		path := ProjectPath(fullPath).path("/cluster_agents")
		if path == "" {
			return
		}
		address, err := url.Parse("https://gitlab.test" + path + "?page=1")
		if err != nil || address.RawQuery != "page=1" || address.Fragment != "" {
			t.Fatalf("%q makes %s, %v", fullPath, path, err)
		}
		parts := strings.Split(address.EscapedPath(), "/")
		if len(parts) != 6 || parts[4] == "." || parts[4] == ".." {
			t.Fatalf("%q makes %s, which is not one segment", fullPath, path)
		}
		if got, err := url.PathUnescape(parts[4]); err != nil || got != fullPath {
			t.Errorf("%q arrives as %q, %v", fullPath, got, err)
		}
	})
}
