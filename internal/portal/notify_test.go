package portal

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// chat is a receiver that keeps what it was sent.
func chat(t *testing.T, status int) (*httptest.Server, chan string) {
	t.Helper()
	sent := make(chan string, 10)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		sent <- string(body)
		w.WriteHeader(status)
	}))
	t.Cleanup(server.Close)
	return server, sent
}

// exampleOfRoutes is deploy/notify/notify.yaml, with the secrets that it names beside it.
func exampleOfRoutes(t *testing.T) string {
	t.Helper()
	content, err := os.ReadFile("../../deploy/notify/notify.yaml")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, text := range map[string]string{
		"notify.yaml": string(content), "smtp-password": "password\n", "slack-url": "https://hooks.slack.example/services/T/B/x\n",
		"feishu-url": "https://open.feishu.cn/open-apis/bot/v2/hook/x\n", "feishu-secret": "secret\n",
		"incidents-secret": "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "notify.yaml")
}

func TestATestOfMessagesSendsOneToEachRouteAndSaysWhatBecameOfIt(t *testing.T) {
	t.Parallel()
	well, sent := chat(t, http.StatusOK)
	gone, _ := chat(t, http.StatusGone)
	file := writeFile(t, fmt.Sprintf(`
routes:
  - {name: well, webhook: {kind: slack, url: %s/canary}}
  - {name: gone, language: zh-CN, webhook: {kind: mattermost, url: %s/canary}}
`, well.URL, gone.URL))
	out := new(output)
	lines := environ(map[string]string{"NOTIFY_FILE": file, "NOTIFY_ALLOW_PRIVATE": "127.0.0.0/8"})
	err := Program{Args: []string{"-notify-test"}, Environ: lines, Stdout: out}.Run(t.Context())
	if !errors.Is(err, errNotifyTestFailed) {
		t.Errorf("Run -notify-test = %v, want that a route failed", err)
	}
	want := "ok    route well (slack)\nWRONG route gone (mattermost): the receiver did not take it: status 410\n"
	if out.String() != want {
		t.Errorf("it said:\n%swant:\n%s", out, want)
	}
	if got := <-sent; !strings.Contains(got, "Messages of the GitLab Agent Portal arrive") || !strings.Contains(got, "https://agents.example.com/") {
		t.Errorf("it sent %s", got)
	}
}

func TestATestOfMessagesRefusesThisMachine(t *testing.T) {
	t.Parallel()
	here, sent := chat(t, http.StatusOK)
	file := writeFile(t, "routes: [{name: here, webhook: {kind: slack, url: "+strings.Replace(here.URL, "127.0.0.1", "localhost", 1)+"/canary}}]")
	out := new(output)
	err := Program{Args: []string{"-notify-test"}, Environ: environ(map[string]string{"NOTIFY_FILE": file}), Stdout: out}.Run(t.Context())
	if !errors.Is(err, errNotifyTestFailed) || !strings.Contains(out.String(), "NOTIFY_ALLOW_PRIVATE would allow it") || strings.Contains(out.String(), "canary") {
		t.Errorf("Run -notify-test = %v: %s", err, out)
	}
	if len(sent) != 0 {
		t.Errorf("this machine was sent %s", <-sent)
	}
	if err := (Program{Args: []string{"-notify-test"}, Environ: environ(nil), Stdout: out}).Run(t.Context()); err == nil || !strings.Contains(err.Error(), "NOTIFY_FILE is not set") {
		t.Errorf("Run -notify-test without a file = %v", err)
	}
}

func TestLinksOfMessagesLeadToThePortal(t *testing.T) {
	t.Parallel()
	cfg := mustLoad(t, map[string]string{"PUBLIC_URL": "https://example.com:8443/tools/portal"})
	links := cfg.links()
	if got, want := links.Agent(7, 9), "https://example.com:8443/tools/portal/projects/7/agents/9"; got != want {
		t.Errorf("an agent's link is %s, want %s", got, want)
	}
	if got, want := links.Alerts, "https://example.com:8443/tools/portal/alerts"; got != want {
		t.Errorf("the link for all is %s, want %s", got, want)
	}
}
