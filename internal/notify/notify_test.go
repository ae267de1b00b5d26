package notify_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gitlab-agent-portal/internal/alert"
	"gitlab-agent-portal/internal/alert/alerts"
	"gitlab-agent-portal/internal/database"
	"gitlab-agent-portal/internal/database/databasetest"
	"gitlab-agent-portal/internal/notify"
	"gitlab-agent-portal/internal/notify/outbound"
	"gitlab-agent-portal/internal/notify/routes"
)

// chat is a receiver; answer, unless nil, is called before it answers.
func chat(t *testing.T, answer func(w http.ResponseWriter)) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if answer != nil {
			answer(w)
		}
	}))
	t.Cleanup(server.Close)
	return server
}

// counted is what a service says of its messages.
type counted struct {
	mu      sync.Mutex
	totals  map[string]int
	waiting map[string]int64
}

func (c *counted) observe(target string, outcome notify.Outcome) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.totals[target+" "+string(outcome)]++
}

func (c *counted) observeWaiting(target string, changes int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.waiting[target] = changes
}

func (c *counted) total(name string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.totals[name]
}

func (c *counted) waits(target string) int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.waiting[target]
}

// running is a service in this process.
type running struct {
	*watch
	*counted
	stop   context.CancelFunc
	result chan error
}

// run runs a service with the routes of a file until the test ends.
func run(t *testing.T, db *database.DB, lease time.Duration, file string) running {
	t.Helper()
	count := &counted{totals: map[string]int{}, waiting: map[string]int64{}}
	read, err := routes.Read(writeFile(t, "notify.yaml", file), routes.Options{Now: time.Now, Outbound: outbound.Options{Allowed: loopback()}})
	if err != nil {
		t.Fatal(err)
	}
	store := alerts.New(db, retention, time.Now)
	service := notify.New(notify.Config{
		DB: db, Alerts: store, Routes: read, Links: links(), Now: time.Now, Log: slog.New(slog.DiscardHandler),
		Observe: count.observe, ObserveWaiting: count.observeWaiting, Poll: 5 * time.Millisecond, Lease: lease,
	})
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	r := running{&watch{db: db, alerts: store, service: service, now: time.Now}, count, stop, make(chan error, 1)}
	ended := make(chan struct{})
	go func() {
		r.result <- service.Run(ctx)
		close(ended)
	}()
	t.Cleanup(func() {
		stop()
		<-ended
	})
	return r
}

func TestAStopWaitsForTheMessageThatIsUnderWay(t *testing.T) {
	t.Parallel()
	arrived, release := make(chan struct{}), make(chan struct{})
	server := chat(t, func(http.ResponseWriter) {
		close(arrived)
		<-release
	})
	r := run(t, databasetest.New(t).Open(t), 0, "routes: [{name: a, webhook: {kind: slack, url: "+server.URL+"}}]")
	r.save(t, r.about(alert.Disconnected, 1, 1), nil)
	<-arrived
	r.stop()
	select {
	case err := <-r.result:
		t.Fatalf("it stopped with %v while a message was under way", err)
	default:
	}
	close(release)
	if err := <-r.result; err != nil {
		t.Error(err)
	}
	if r.total("slack sent") != 1 {
		t.Errorf("%d messages were sent, want the one", r.total("slack sent"))
	}
	var state string
	if err := r.db.Read.QueryRowContext(t.Context(), `SELECT state FROM messages`).Scan(&state); err != nil || state != "sent" {
		t.Errorf("the message is noted as %s, %v", state, err)
	}
}

func TestAReceiverThatHangsHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	hangs, well := chat(t, func(http.ResponseWriter) { <-release }), chat(t, nil)
	r := run(t, databasetest.New(t).Open(t), 0, fmt.Sprintf("routes: [{name: a, webhook: {kind: teams, url: %s}}, {name: b, webhook: {kind: slack, url: %s}}]", hangs.URL, well.URL))
	defer close(release)
	for i := range int64(3) {
		r.save(t, r.about(alert.Disconnected, i+1, i+1), nil)
		await(t, "the other receiver is told", func() bool { return r.total("slack sent") == int(i+1) })
	}
	await(t, "what waits is known", func() bool { return r.waits("teams") == 3 && r.waits("slack") == 0 })
}

func TestAnAnswerIsNotedOnceTheDatabaseIsBack(t *testing.T) {
	t.Parallel()
	d := databasetest.Postgres(t)
	asked := 0
	server := chat(t, func(http.ResponseWriter) {
		asked++
		d.Postgres.Stop(t)
	})
	r := run(t, d.Open(t), 0, "routes: [{name: a, webhook: {kind: slack, url: "+server.URL+"}}]")
	r.save(t, r.about(alert.Disconnected, 1, 1), nil)
	await(t, "the message is sent", func() bool { return r.total("slack sent") == 1 })
	d.Postgres.Start(t)
	await(t, "that is noted", func() bool {
		var state string
		err := r.db.Read.QueryRowContext(t.Context(), `SELECT state FROM messages`).Scan(&state)
		return err == nil && state == "sent"
	})
	if asked != 1 {
		t.Errorf("the receiver was sent the message %d times", asked)
	}
}

func TestWhatFailsIsCountedAndWaits(t *testing.T) {
	t.Parallel()
	server := chat(t, func(w http.ResponseWriter) { w.WriteHeader(http.StatusForbidden) })
	r := run(t, databasetest.New(t).Open(t), 0, "routes: [{name: a, webhook: {kind: slack, url: "+server.URL+"}}]")
	r.save(t, r.about(alert.Disconnected, 1, 5), nil)
	await(t, "a failure is counted", func() bool { return r.total("slack failed") == 1 })
	await(t, "what waits is known", func() bool { return r.waits("slack") == 5 })
	if diff := cmp.Diff(map[string]int{"slack failed": 1}, r.totals); diff != "" {
		t.Errorf("counted (-want +got):\n%s", diff)
	}
}

func TestTargetsAndOutcomesHaveNames(t *testing.T) {
	t.Parallel()
	want := []string{"alertmanager", "mail", "json", "slack", "mattermost", "teams", "feishu", "dingtalk", "wecom"}
	if diff := cmp.Diff(want, notify.Targets()); diff != "" {
		t.Errorf("targets (-want +got):\n%s", diff)
	}
}
