package portal

import (
	"io"
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

	wantOwnHosts(t, portal, gitlab)

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

// wantOwnHosts asks portal and GitLab by the names of this machine, and by names that somebody else
// could have made lead here.
func wantOwnHosts(t *testing.T, addresses ...string) {
	t.Helper()
	for _, address := range addresses {
		_, port, _ := strings.Cut(strings.TrimPrefix(address, "http://"), ":")
		for host, isOwn := range map[string]bool{
			"localhost:" + port: true, "LocalHost:" + port: true, "127.0.0.1:" + port: true, "[::1]:" + port: true,
			"evil.example:" + port: false, "evil.example": false, "localhost.evil.example:" + port: false,
			"localhost:1": false, "localhost": false, "127.0.0.2:" + port: false, "10.0.0.1:" + port: false,
		} {
			for language, words := range map[string]string{"en": "answer", "zh-CN": "门户不在此地址提供服务"} {
				status, body := askAs(t, address+"/healthz", host, language)
				isRefused := status == http.StatusMisdirectedRequest
				if isRefused == isOwn || isRefused && !strings.Contains(body, words) && !strings.Contains(body, "answers at "+address) {
					t.Errorf("%s as %s = %d, %.80q; own host: %v", address, host, status, body, isOwn)
				}
			}
		}
	}
}

// askAs asks for address by another name.
func askAs(t *testing.T, address, host, language string) (status int, body string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = host
	r.Header.Set("Accept-Language", language)
	response, err := newBrowser(t).client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text)
}
