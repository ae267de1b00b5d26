package notify_test

import (
	"encoding/json"
	"fmt"
	"net"
	"os/exec"
	"testing"
	"time"

	"gitlab-agent-portal/internal/alert"
	"gitlab-agent-portal/internal/database/databasetest"
)

// TestEveryChangeIsToldOnceWhateverDies has 500 changes of 250 agents told to a webhook and by mail, by two
// replicas over one database. Replicas and receivers are killed in the middle, also with a message that has
// arrived and was not answered, which nobody can tell from one that has not: it comes once more under its id,
// and no other does.
func TestEveryChangeIsToldOnceWhateverDies(t *testing.T) {
	t.Parallel()
	hook, mailbox := httpReceiver(t), smtpReceiver()
	both := []*receiver{hook, mailbox}
	for _, r := range both {
		r.start(t)
	}
	host, port, err := net.SplitHostPort(mailbox.address)
	if err != nil {
		t.Fatal(err)
	}
	file := writeFile(t, "notify.yaml", fmt.Sprintf(`
smtp: {host: %q, port: %s, tls: none, from: "portal@example.com"}
routes:
  - name: hook
    webhook: {kind: json, url: "http://%s/", secret: %q}
  - name: mail
    language: zh-CN
    mail: {to: [team@example.com]}
`, host, port, hook.address, testSecret))
	r := replica{Database: databasetest.Postgres(t).URL, File: file, Began: time.Now(), Speed: 100}
	w := newWatch(t, r)
	replicas := []*exec.Cmd{r.start(t), r.start(t)}
	told := func(changes int) func() bool {
		return func() bool { return len(toldChanges(t, hook.messages())) == changes }
	}
	nothingWaits := func() bool {
		var left int
		if err := w.db.Read.QueryRowContext(t.Context(), `SELECT COUNT(*) FROM outbox`).Scan(&left); err != nil {
			t.Fatal(err)
		}
		return left == 0
	}
	wave := func(kind alert.Kind, first, last int64) {
		for id := first; id <= last; id += 5 { // five readings find five agents each
			w.save(t, w.about(kind, id, id+4), nil)
		}
	}

	wave(alert.Disconnected, 1, 50)
	await(t, "the first 50 are told", told(50))
	await(t, "nothing waits any more", nothingWaits)

	// Both receivers die, each with a message that it has and did not answer.
	heldHook, heldMail := hook.holdNext(), mailbox.holdNext()
	wave(alert.Idle, 51, 100)
	<-heldHook
	<-heldMail
	for _, r := range both {
		r.kill()
	}
	wave(alert.TokenDue, 101, 150)
	for _, r := range both {
		r.start(t)
	}
	await(t, "the receivers that came back are told the next 100", told(150))
	await(t, "nothing waits any more", nothingWaits)

	// Both replicas die, with a message under way.
	heldHook, heldMail = hook.holdNext(), mailbox.holdNext()
	wave(alert.NeverConnected, 151, 200)
	<-heldHook
	<-heldMail
	for _, replica := range replicas {
		kill(replica)
	}
	wave(alert.TooMany, 201, 250)
	replicas = []*exec.Cmd{r.start(t), r.start(t)}
	await(t, "new replicas tell what the dead ones began", told(250))
	await(t, "nothing waits any more", nothingWaits)

	// One replica dies, and everything is over.
	kill(replicas[0])
	for i, kind := range []alert.Kind{alert.Disconnected, alert.Idle, alert.TokenDue, alert.NeverConnected, alert.TooMany} {
		w.save(t, nil, w.over(kind, int64(50*i+1), int64(50*i+50)))
	}
	await(t, "all 500 changes are told", told(500))
	await(t, "nothing waits in the end", nothingWaits)
	for change, times := range toldChanges(t, hook.messages()) {
		if times != 1 {
			t.Errorf("the webhook was told %d times that %s", times, change)
		}
	}
	var mailed, sent int
	if err := w.db.Read.QueryRowContext(t.Context(), `SELECT COUNT(*) FROM messages WHERE route = 'mail' AND state = 'sent'`).Scan(&sent); err != nil {
		t.Fatal(err)
	}
	if mailed = len(mailbox.messages()); mailed != sent {
		t.Errorf("%d mails arrived, want the %d that were sent", mailed, sent)
	}
	for name, r := range map[string]*receiver{"webhook": hook, "mailbox": mailbox} {
		all, unexplained := r.repeated()
		if len(all) != 2 || len(unexplained) != 0 {
			t.Errorf("the %s got %d messages more than once, %v of them although it had answered; want the two whose answers were cut", name, len(all), unexplained)
		}
	}
}

// toldChanges is how often messages say of an alert that it opened, or that it is over.
func toldChanges(t *testing.T, messages map[string]string) map[string]int {
	t.Helper()
	told := map[string]int{}
	for _, text := range messages {
		var content struct {
			Data struct {
				Alerts []struct {
					ID    int64
					State string
				}
			}
		}
		if err := json.Unmarshal([]byte(text), &content); err != nil {
			t.Fatal(err)
		}
		for _, one := range content.Data.Alerts {
			told[fmt.Sprintf("%d %s", one.ID, one.State)]++
		}
	}
	return told
}
