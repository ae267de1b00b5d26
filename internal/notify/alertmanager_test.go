package notify_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"gitlab-agent-portal/internal/alert"
	"gitlab-agent-portal/internal/database/databasetest"
)

// alertmanagerConfig tells a webhook of each alert by itself, when it begins and when it is over.
const alertmanagerConfig = `
route: {receiver: hook, group_by: ['...'], group_wait: 0s, group_interval: 1s, repeat_interval: 1h}
receivers:
  - name: hook
    webhook_configs: [{url: %q, send_resolved: true}]
`

// theirs is a real Alertmanager, which can be killed and started again with what it wrote down.
type theirs struct {
	dir, address string
	cmd          *exec.Cmd
}

// alertmanagerProgram is Debian's name for it, or its own.
func alertmanagerProgram(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"prometheus-alertmanager", "alertmanager"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Fatal("Alertmanager is not installed: apt-get install prometheus-alertmanager")
	return ""
}

func newAlertmanager(t *testing.T, hook string) *theirs {
	t.Helper()
	a := &theirs{dir: t.TempDir(), address: "127.0.0.1:0"}
	if err := os.WriteFile(filepath.Join(a.dir, "config.yaml"), fmt.Appendf(nil, alertmanagerConfig, hook), 0o600); err != nil {
		t.Fatal(err)
	}
	a.start(t)
	return a
}

// listening is where the log says so.
var listening = regexp.MustCompile(`msg="?Listening on"? address=(\S+)`)

func (a *theirs) start(t *testing.T) {
	t.Helper()
	a.cmd = exec.CommandContext(context.WithoutCancel(t.Context()), alertmanagerProgram(t), "--config.file="+filepath.Join(a.dir, "config.yaml"),
		"--storage.path="+a.dir, "--web.listen-address="+a.address, "--cluster.listen-address=", "--data.maintenance-interval=1s")
	log, err := a.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := a.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { kill(a.cmd) })
	lines := bufio.NewScanner(log)
	var all strings.Builder
	for lines.Scan() {
		all.WriteString(lines.Text() + "\n")
		if found := listening.FindStringSubmatch(lines.Text()); found != nil {
			a.address = strings.Replace(found[1], "[::]", "127.0.0.1", 1)
			go func() {
				for lines.Scan() { // so that it is never kept from writing
				}
			}()
			return
		}
	}
	t.Fatalf("Alertmanager does not start:\n%s", &all)
}

func (a *theirs) url() string { return "http://" + a.address }

// awaitSnapshot returns when everything that Alertmanager knows now is written down.
func (a *theirs) awaitSnapshot(t *testing.T) {
	t.Helper()
	snapshots := func() int {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, a.url()+"/metrics", nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := new(http.Client).Do(request)
		if err != nil {
			return -1
		}
		defer func() { _ = response.Body.Close() }()
		for lines := bufio.NewScanner(response.Body); lines.Scan(); {
			var count int
			if _, err := fmt.Sscanf(lines.Text(), "alertmanager_nflog_snapshot_duration_seconds_count %d", &count); err == nil {
				return count
			}
		}
		return -1
	}
	before := snapshots()
	if before < 0 {
		t.Fatal("Alertmanager does not say how often it wrote down what it knows")
	}
	// One may be under way, and the last one is counted before its file is in place.
	await(t, "Alertmanager writes down what it knows", func() bool { return snapshots() >= before+3 })
}

// heard is what Alertmanager told the test: how often an agent's alert began, and was over.
type heard struct {
	mu    sync.Mutex
	times map[string]int
	last  map[string]map[string]string // annotations
}

func (h *heard) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	var content struct {
		Alerts []struct {
			Status              string
			Labels, Annotations map[string]string
		}
	}
	if err := json.NewDecoder(r.Body).Decode(&content); err != nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, one := range content.Alerts {
		h.times[one.Labels["agent"]+" "+one.Status]++
		h.last[one.Labels["agent"]] = one.Annotations
	}
}

// count is how many agents there are whose alert is known to have that status.
func (h *heard) count(status string) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	count := 0
	for name := range h.times {
		if strings.HasSuffix(name, " "+status) {
			count++
		}
	}
	return count
}

// TestAlertmanagerHearsOfEveryChangeWhateverDies has 500 changes of 250 agents sent by two replicas to a real
// Alertmanager. It and the replicas are killed in the middle.
func TestAlertmanagerHearsOfEveryChangeWhateverDies(t *testing.T) {
	t.Parallel()
	h := &heard{times: map[string]int{}, last: map[string]map[string]string{}}
	hook := httptest.NewServer(h)
	t.Cleanup(hook.Close)
	manager := newAlertmanager(t, hook.URL)
	gone, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0") // takes connections and never answers
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = gone.Close() })
	r := replica{
		Database: databasetest.Postgres(t).URL, Alertmanagers: []string{"http://" + gone.Addr().String(), manager.url()}, Began: time.Now(), Speed: 1,
	}
	w := newWatch(t, r)
	replicas := []*exec.Cmd{r.start(t), r.start(t)}
	t.Cleanup(func() {
		t.Logf("in the end %d were heard to begin, and %d to be over", h.count("firing"), h.count("resolved"))
	})
	hears := func(firing, resolved int) func() bool {
		return func() bool { return h.count("firing") == firing && h.count("resolved") == resolved }
	}

	w.save(t, w.about(alert.Disconnected, 1, 100), nil)
	await(t, "the first 100 are told", hears(100, 0))

	// Alertmanager dies. Meanwhile some alerts are over and others begin.
	manager.awaitSnapshot(t)
	kill(manager.cmd)
	w.save(t, w.about(alert.Disconnected, 101, 200), w.over(alert.Disconnected, 1, 50))
	manager.start(t)
	await(t, "what happened meanwhile is told", hears(200, 50))

	// The replicas die. Meanwhile some alerts are over and others begin.
	for _, replica := range replicas {
		kill(replica)
	}
	w.save(t, w.about(alert.Disconnected, 201, 250), w.over(alert.Disconnected, 51, 150))
	r.start(t)
	await(t, "what happened meanwhile is told by another replica", hears(250, 150))

	w.save(t, nil, w.over(alert.Disconnected, 151, 250))
	await(t, "all 500 changes are told", hears(250, 250))
	h.mu.Lock()
	defer h.mu.Unlock()
	for name, times := range h.times {
		if times != 1 {
			t.Errorf("%s was told %d times", name, times)
		}
	}
	if got := h.last["agent-7"]; got["url"] != "https://agents.example.com/projects/7/agents/7" || got["summary"] != "agent-7 of shop/app lost contact" || got["summary_zh_CN"] != "shop/app 的代理 agent-7 失去联系" {
		t.Errorf("an alert's annotations are %v", got)
	}
}
