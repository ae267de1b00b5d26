package alertmanager_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/gitlabapi/gitlabtest"
	"gitlab-agent-portal/internal/alert"
	"gitlab-agent-portal/internal/alert/alerts"
	"gitlab-agent-portal/internal/database"
	"gitlab-agent-portal/internal/database/databasetest"
	"gitlab-agent-portal/internal/notify/alertmanager"
	"gitlab-agent-portal/internal/notify/message"
	"gitlab-agent-portal/internal/notify/outbound"
)

// sent is an alert as Alertmanager is told it.
type sent struct {
	Labels, Annotations map[string]string
	StartsAt, EndsAt    time.Time
	GeneratorURL        string
}

// world is a sender to a receiver that keeps what it was told, by requests.
type world struct {
	*alertmanager.Sender
	alerts   *alerts.Store
	clock    *gitlabtest.Clock
	db       *database.DB
	requests [][]sent
	asked    []*http.Request
	status   int
}

func newWorld(t *testing.T, path string) *world {
	t.Helper()
	w := &world{clock: gitlabtest.NewClock(time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)), status: http.StatusOK}
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		var all []sent
		_ = json.NewDecoder(r.Body).Decode(&all)
		w.requests, w.asked = append(w.requests, all), append(w.asked, r)
		rw.WriteHeader(w.status)
	}))
	t.Cleanup(server.Close)
	w.db = databasetest.New(t).Open(t)
	w.alerts = alerts.New(w.db, 400*24*time.Hour, w.clock.Now)
	w.Sender = alertmanager.New(alertmanager.Config{
		URL: gitlabapi.NewSecret(strings.Replace(server.URL, "http://", "http://user:canary@", 1) + path), Client: outbound.NewClient(outbound.Options{Anywhere: true}),
		Alerts: w.alerts, Every: time.Minute, Now: w.clock.Now, Log: slog.New(slog.DiscardHandler), Observe: func(error) {},
		Words: alertmanager.Words{Instance: "gitlab.example.com", Links: message.Links{Alerts: "https://portal/", Agent: func(project, agent int64) string {
			return fmt.Sprintf("https://portal/%d/%d", project, agent)
		}}},
	})
	return w
}

func (w *world) about(agents ...int64) []alert.Alert {
	var all []alert.Alert
	for _, id := range agents {
		all = append(all, alert.Alert{
			Kind: alert.NeverConnected, Subject: alert.Subject{ProjectID: 7, ProjectPath: "shop/web/app", AgentID: id, AgentName: fmt.Sprint("agent-", id)},
			Since: w.clock.Now().Add(-24 * time.Hour), OpenedAt: w.clock.Now(), ResolvedAt: w.clock.Now(),
		})
	}
	return all
}

func (w *world) save(t *testing.T, opened, over []alert.Alert) {
	t.Helper()
	tx, err := w.db.Write.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.alerts.Save(t.Context(), tx, opened, over); err != nil {
		t.Fatal(err)
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
}

// send sends what must not fail, and returns what arrived.
func (w *world) send(t *testing.T) []sent {
	t.Helper()
	w.requests, w.asked = nil, nil
	if err := w.Send(t.Context()); err != nil {
		t.Fatal(err)
	}
	var all []sent
	for _, some := range w.requests {
		all = append(all, some...)
	}
	return all
}

func TestAnAlertIsSentWithItsLabelsAndItsWords(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "/am/api/v2")
	w.save(t, append(w.about(9), alert.Alert{Kind: alert.WatchFailing, OpenedAt: w.clock.Now()}), nil)
	if _, err := w.alerts.Acknowledge(t.Context(), 1, []int64{7}, alert.Acknowledgement{By: "lead", Until: w.clock.Now().Add(time.Hour), Note: "a note for ourselves"}); err != nil {
		t.Fatal(err)
	}
	opened := w.clock.Now()
	w.clock.Advance(10 * time.Minute)
	want := []sent{{
		Labels: map[string]string{
			"alertname": "GitLabAgentNeverConnected", "kind": "never_connected", "severity": "warning", "instance": "gitlab.example.com", "group": "shop/web", "project": "shop/web/app", "agent": "agent-9",
		},
		Annotations: map[string]string{
			"url": "https://portal/7/9", "acknowledged_by": "lead", "acknowledged_until": "2026-11-24T10:00:00Z",
			"summary":           "agent-9 of shop/web/app has not connected since it was registered",
			"description":       "Since 2026-11-23 09:00 UTC. Install the agent with one of its tokens, or delete it if nobody needs it.",
			"summary_zh_CN":     "shop/web/app 的代理 agent-9 注册后一直未连接",
			"description_zh_CN": "始于 2026-11-23 09:00 UTC。请使用代理的令牌完成安装；如果不再需要，请删除该代理。",
		},
		StartsAt: opened, EndsAt: w.clock.Now().Add(15 * time.Minute), GeneratorURL: "https://portal/7/9",
	}, {
		Labels: map[string]string{"alertname": "GitLabAgentWatchFailing", "kind": "watch_failing", "severity": "critical", "instance": "gitlab.example.com"},
		Annotations: map[string]string{
			"url": "https://portal/", "summary": "The watch cannot read from GitLab", "summary_zh_CN": "监控无法从 GitLab 读取数据",
			"description":       "Since 2026-11-24 09:00 UTC. Until it can, nobody is told of agents. Whoever runs the portal finds the cause in its log.",
			"description_zh_CN": "始于 2026-11-24 09:00 UTC。在恢复之前不会再有代理告警。门户管理员可在日志中查找原因。",
		},
		StartsAt: opened, EndsAt: w.clock.Now().Add(15 * time.Minute), GeneratorURL: "https://portal/",
	}}
	if diff := cmp.Diff(want, w.send(t)); diff != "" {
		t.Errorf("sent (-want +got):\n%s", diff)
	}
	user, password, _ := w.asked[0].BasicAuth()
	if got := w.asked[0].URL.Path; got != "/am/api/v2/alerts" || user != "user" || password != "canary" {
		t.Errorf("asked was %s by %s", got, user)
	}
}

func TestAnAlertThatIsOverIsSentForAWhileAndLongerAfterAFailure(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	w.save(t, w.about(1), nil)
	if got := w.send(t); len(got) != 1 {
		t.Fatalf("sent was %+v", got)
	}
	ended := w.clock.Now()
	w.save(t, nil, w.about(1))
	for _, tt := range []struct {
		after time.Duration
		want  int
	}{{0, 1}, {14 * time.Minute, 1}, {15 * time.Minute, 1}, {time.Minute, 0}} {
		w.clock.Advance(tt.after)
		got := w.send(t)
		if len(got) != tt.want || tt.want == 1 && !got[0].EndsAt.Equal(ended) {
			t.Errorf("%v later sent is %+v, want %d that ended at %v", tt.after, got, tt.want, ended)
		}
	}
	w.save(t, w.about(2), nil)
	w.send(t)
	w.status = http.StatusServiceUnavailable
	w.save(t, nil, w.about(2))
	if err := w.Send(t.Context()); err == nil || strings.Contains(err.Error(), "canary") {
		t.Errorf("a receiver that is away: %v", err)
	}
	w.clock.Advance(5 * time.Hour)
	w.status = http.StatusOK
	if got := w.send(t); len(got) != 1 || got[0].Labels["agent"] != "agent-2" {
		t.Errorf("five hours later sent is %+v, want what was over meanwhile", got)
	}
}

func TestOfTwoAlertsWithTheSameLabelsTheLastOneCounts(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	w.save(t, w.about(1), nil)
	w.save(t, nil, w.about(1))
	w.clock.Advance(time.Minute)
	w.save(t, w.about(1), nil)
	if got := w.send(t); len(got) != 1 || !got[0].StartsAt.Equal(w.clock.Now()) || !got[0].EndsAt.After(w.clock.Now()) {
		t.Errorf("sent is %+v, want the one that is open", got)
	}
	w.save(t, nil, w.about(1))
	if got := w.send(t); len(got) != 1 || !got[0].StartsAt.Equal(w.clock.Now()) || !got[0].EndsAt.Equal(w.clock.Now()) {
		t.Errorf("sent is %+v, want the last one, which is over", got)
	}
}

func TestRequestsAreBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	var agents []int64
	for id := range int64(450) {
		agents = append(agents, id+1)
	}
	w.save(t, w.about(agents...), nil)
	if got := w.send(t); len(got) != 450 || len(w.requests) != 3 || len(w.requests[0]) != 200 {
		t.Errorf("%d alerts were sent in %d requests", len(got), len(w.requests))
	}
}

func TestAnAddressIsTakenWithAndWithoutItsAPI(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"http://am:9093": "http://am:9093", "http://am:9093/": "http://am:9093", "https://u:pw@am/x/api/v2/": "https://u:pw@am/x",
		"am:9093": "", "ftp://am": "", "http://": "", "http://am?x": "", "http://am/#x": "", "http://a m": "",
	} {
		u, err := alertmanager.ParseURL(text)
		if (err != nil) != (want == "") || err == nil && u.String() != want {
			t.Errorf("%s is taken as %v, %v, want %q", text, u, err, want)
		}
	}
}

func TestTryChangesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	if err := w.Try(t.Context()); err != nil || w.asked[0].Method != http.MethodGet || w.asked[0].URL.Path != "/api/v2/status" {
		t.Errorf("Try: %v", errors.Join(err))
	}
	w.status = http.StatusUnauthorized
	if err := w.Try(t.Context()); err == nil || !strings.Contains(err.Error(), "status 401") {
		t.Errorf("Try with a wrong password: %v", err)
	}
}
