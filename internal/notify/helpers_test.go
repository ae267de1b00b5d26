package notify_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/internal/alert"
	"gitlab-agent-portal/internal/alert/alerts"
	"gitlab-agent-portal/internal/database"
	"gitlab-agent-portal/internal/database/databasetest"
	"gitlab-agent-portal/internal/notify"
	"gitlab-agent-portal/internal/notify/message"
	"gitlab-agent-portal/internal/notify/outbound"
	"gitlab-agent-portal/internal/notify/routes"
)

const retention = 400 * 24 * time.Hour

// senderVariable makes the test binary a replica that tells of alerts instead of running tests. Its value
// is a replica in JSON.
const senderVariable = "NOTIFY_TEST_SENDER"

func TestMain(m *testing.M) {
	if text := os.Getenv(senderVariable); text != "" {
		if err := play(text, os.Stdin); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// replica is a portal as far as it tells of alerts.
type replica struct {
	Database, File string
	Alertmanagers  []string
	// Began and Speed are those of its clock, which runs faster than others for the back-off's sake.
	Began time.Time
	Speed int
}

// now is the replica's time, the same in all processes.
func (r replica) now() time.Time {
	return r.Began.Add(time.Since(r.Began) * time.Duration(r.Speed))
}

// loopback are the addresses that receivers of tests have.
func loopback() []netip.Prefix { return []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")} }

func links() message.Links {
	return message.Links{Alerts: "https://agents.example.com/alerts", Agent: func(project, agent int64) string {
		return fmt.Sprintf("https://agents.example.com/projects/%d/agents/%d", project, agent)
	}}
}

// service is what the replica runs.
func (r replica) service(db *database.DB, log *slog.Logger) (*notify.Service, error) {
	cfg := notify.Config{
		DB: db, Alerts: alerts.New(db, retention, r.now), Instance: "gitlab.example.com", Links: links(), Now: r.now, Log: log,
		Observe: func(string, notify.Outcome) {}, ObserveWaiting: func(string, int64) {},
		Poll: 20 * time.Millisecond, Lease: 2 * time.Second, Resend: time.Second,
	}
	if r.File != "" {
		var err error
		if cfg.Routes, err = routes.Read(r.File, routes.Options{Now: r.now, Outbound: outbound.Options{Allowed: loopback()}}); err != nil {
			return nil, err
		}
	}
	for _, address := range r.Alertmanagers {
		cfg.Alertmanagers = append(cfg.Alertmanagers, gitlabapi.NewSecret(address))
	}
	return notify.New(cfg), nil
}

// play runs a replica until its input ends or it is killed.
func play(text string, in io.Reader) error {
	var r replica
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		return err
	}
	db, err := database.Open(context.Background(), r.Database, databasetest.Instance)
	if err != nil {
		return err
	}
	service, err := r.service(db, slog.New(slog.NewTextHandler(os.Stderr, nil)))
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(context.Background())
	go func() {
		_, _ = io.Copy(io.Discard, in)
		stop()
	}()
	return service.Run(ctx)
}

// start runs the replica in a process of its own, which ends with the test.
func (r replica) start(t *testing.T) *exec.Cmd {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), program)
	cmd.Env = append(cmd.Environ(), senderVariable+"="+string(text))
	if testing.Verbose() {
		cmd.Stderr = os.Stderr
	}
	if _, err := cmd.StdinPipe(); err != nil { // stays open until the process is waited for
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { kill(cmd) })
	return cmd
}

// kill ends a process as a crash does. One that has ended already stays so.
func kill(cmd *exec.Cmd) {
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
}

// await returns when a condition holds.
func await(t *testing.T, what string, holds func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	for !holds() {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			t.Fatalf("it never happened that %s", what)
		}
	}
}

// watch saves what a watch would have found.
type watch struct {
	db      *database.DB
	alerts  *alerts.Store
	service *notify.Service
	now     func() time.Time
}

func newWatch(t *testing.T, r replica) *watch {
	t.Helper()
	db, err := database.Open(t.Context(), r.Database, databasetest.Instance)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	service, err := r.service(db, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return &watch{db: db, alerts: alerts.New(db, retention, r.now), service: service, now: r.now}
}

// about are alerts of a kind about agents first to last.
func (w *watch) about(kind alert.Kind, first, last int64) []alert.Alert {
	var all []alert.Alert
	for id := first; id <= last; id++ {
		all = append(all, alert.Alert{
			Kind: kind, Subject: alert.Subject{ProjectID: 7, ProjectPath: "shop/app", AgentID: id, AgentName: fmt.Sprintf("agent-%d", id)},
			Since: w.now().Add(-time.Hour), OpenedAt: w.now(),
		})
	}
	return all
}

// over are the same alerts when they are over.
func (w *watch) over(kind alert.Kind, first, last int64) []alert.Alert {
	all := w.about(kind, first, last)
	for i := range all {
		all[i].ResolvedAt = w.now()
	}
	return all
}

// save saves one reading's changes, and whom they are to be told.
func (w *watch) save(t *testing.T, opened, resolved []alert.Alert) {
	t.Helper()
	tx, err := w.db.Write.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	changes, err := w.alerts.Save(t.Context(), tx, opened, resolved)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.service.Enqueue(t.Context(), tx, changes); err != nil {
		t.Fatal(err)
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
}

// writeFile writes a file of the test's own.
func writeFile(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
