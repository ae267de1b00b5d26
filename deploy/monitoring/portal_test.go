package monitoring_test

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
	"gitlab-agent-portal/internal/portal"
)

// metrics are the names of what is shown, each with its labels and their values.
type metrics map[string]map[string]map[string]bool

// expose runs a portal that has answered a probe, tried a sign-in and watched, and returns what it shows.
func expose(t *testing.T) metrics {
	t.Helper()
	gitlab := gitlabtest.Start(t)
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	public := "http://" + listener.Addr().String()
	application := gitlab.AddApplication(gitlabtest.Application{RedirectURIs: []string{public + "/auth/callback"}})
	bot := gitlab.AddUser(gitlabtest.User{Username: "group_1_bot"})
	project := gitlab.AddProject(gitlabtest.Project{Path: "web", Group: gitlab.AddGroup(gitlabtest.Group{Path: "shop"})})
	gitlab.AddMember(project, bot, gitlabtest.Maintainer)
	gitlab.AddToken(gitlabtest.Token{Agent: gitlab.AddAgent(gitlabtest.Agent{Project: project, Name: "prod"}), Live: true})
	output := start(t, portal.Program{Listener: listener, Environ: []string{
		"GITLAB_URL=" + gitlab.URL, "GITLAB_CLIENT_ID=" + application.ID, "GITLAB_CLIENT_SECRET=" + application.Secret, "PUBLIC_URL=" + public,
		"SESSION_KEYS=" + strings.Repeat("0123456789abcdef", 4), "DATABASE_URL=sqlite:" + t.TempDir() + "/portal.db", "METRICS_ADDR=127.0.0.1:0",
		"WATCH_TOKEN=" + gitlab.AddPersonalToken(gitlabtest.PersonalToken{User: bot}), "WATCH_AGENT_METRICS=true",
	}})
	client := newClient(t)
	ask(t, client, public+"/readyz")
	ask(t, client, public+"/")
	login, err := url.Parse(ask(t, client, public+"/auth/login").location)
	if err != nil {
		t.Fatal(err)
	}
	ask(t, client, public+"/auth/callback?code=made-up&state="+login.Query().Get("state")) // asks GitLab
	var started struct{ Metrics string }
	line, _, _ := strings.Cut(output.String(), "\n")
	if err := json.Unmarshal([]byte(line), &started); err != nil {
		t.Fatalf("the first line of the log does not name the metrics' address: %s", line)
	}
	for {
		if body := ask(t, client, "http://"+started.Metrics+"/metrics").body; strings.Contains(body, "\nportal_fleet_agents{") || t.Context().Err() != nil {
			return parse(body)
		}
	}
}

// parse reads https://prometheus.io/docs/instrumenting/exposition_formats/.
func parse(text string) metrics {
	found := metrics{}
	for _, m := range regexp.MustCompile(`(?m)^([a-z_]+)(?:\{(.*)\})? \S+$`).FindAllStringSubmatch(text, -1) {
		if found[m[1]] == nil {
			found[m[1]] = map[string]map[string]bool{}
		}
		for _, label := range regexp.MustCompile(`([a-z_]+)="((?:[^"\\]|\\.)*)"`).FindAllStringSubmatch(m[2], -1) {
			if found[m[1]][label[1]] == nil {
				found[m[1]][label[1]] = map[string]bool{}
			}
			found[m[1]][label[1]][label[2]] = true
		}
	}
	return found
}

// answer is a response that was read.
type answer struct{ location, body string }

func newClient(t *testing.T) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

func ask(t *testing.T, client *http.Client, address string) answer {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{response.Header.Get("Location"), string(body)}
}

// start runs a program until the test ends.
func start(t *testing.T, p portal.Program) *log {
	t.Helper()
	output, ready, result := new(log), make(chan struct{}), make(chan error, 1)
	p.Stdout, p.Ready = output, func() { close(ready) }
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	go func() { result <- p.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-result; err != nil {
			t.Errorf("the portal ended with %v: %s", err, output)
		}
	})
	select {
	case <-ready:
	case <-time.After(20 * time.Second):
		t.Fatalf("the portal does not start: %s", output)
	}
	return output
}

// log collects what a program prints.
type log struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
