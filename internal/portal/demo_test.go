package portal

import (
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
)

func TestDemo(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("TMPDIR", folder) // where the demo's database lives
	demo := start(t, Program{Args: []string{"--demo"}, Listener: listen(t), Environ: []string{"PATH=/bin"}})
	printed := regexp.MustCompile(`(?m)^ +(Portal|GitLab|Sandbox) +(http\S+)`).FindAllStringSubmatch(demo.output.String(), -1)
	if len(printed) != 3 {
		t.Fatalf("the demo prints\n%s\nwant the addresses of portal, GitLab and sandbox", demo.output)
	}
	portal, gitlab, sandbox := printed[0][2], printed[1][2], printed[2][2]
	if !strings.HasPrefix(portal, "http://localhost:") || !strings.HasPrefix(gitlab, "http://127.0.0.1:") {
		t.Errorf("portal at %s, GitLab at %s, want two hosts", portal, gitlab)
	}

	b := newBrowser(t)
	authorize := b.get(portal + "/auth/login").header.Get("Location")
	if !strings.HasPrefix(authorize, gitlab+"/oauth/authorize?") {
		t.Fatalf("sign-in leads to %s, want the demo's GitLab", authorize)
	}
	people := regexp.MustCompile(`name="user" value="([^"]+)"`).FindStringSubmatch(b.get(authorize).body)
	if people == nil {
		t.Fatal("the demo's GitLab offers nobody to sign in as")
	}
	b.signIn(portal, people[1])
	if got := b.get(portal + "/projects"); got.status != http.StatusOK || !strings.Contains(got.body, sandbox) {
		t.Errorf("GET /projects = %d, want a page with the banner that links the sandbox", got.status)
	}
	if got := b.get(portal + "/styleguide"); got.status != http.StatusOK || !strings.Contains(got.body, `class="styleguide"`) {
		t.Errorf("GET /styleguide = %d, want the page with all components", got.status)
	}
	if got := b.get(sandbox); got.status != http.StatusOK {
		t.Errorf("GET %s = %d, want the sandbox", sandbox, got.status)
	}

	if left, err := os.ReadDir(folder); err != nil || len(left) != 1 {
		t.Errorf("the temporary folder holds %v, %v, want the demo's database", left, err)
	}
	demo.stop()
	if err := <-demo.result; err != nil {
		t.Errorf("Run = %v, want no error", err)
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) != 0 {
		t.Errorf("after the stop the temporary folder holds %v, %v, want nothing", left, err)
	}
	if _, err := b.send(gitlab, nil); !isRefused(err) {
		t.Errorf("GET %s after the stop: %v, want nobody to listen", gitlab, err)
	}
}
