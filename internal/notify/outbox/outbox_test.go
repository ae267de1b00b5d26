package outbox_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
	"gitlab-agent-portal/internal/alert"
	"gitlab-agent-portal/internal/alert/alerts"
	"gitlab-agent-portal/internal/database"
	"gitlab-agent-portal/internal/database/databasetest"
	"gitlab-agent-portal/internal/notify/message"
	"gitlab-agent-portal/internal/notify/outbox"
)

const retention = 400 * 24 * time.Hour

// world is an outbox over a database of its own.
type world struct {
	*outbox.Store
	alerts *alerts.Store
	clock  *gitlabtest.Clock
	db     *database.DB
}

// onEveryEngine runs a test with an outbox over each engine. It has the route "all", and "tokens" for what
// is due, once a week on Mondays; it is Tuesday.
func onEveryEngine(t *testing.T, test func(*testing.T, world)) {
	t.Helper()
	for name, fresh := range databasetest.Engines() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clock := gitlabtest.NewClock(time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC))
			db := fresh(t).Open(t)
			store := alerts.New(db, retention, clock.Now)
			test(t, world{newOutbox(db, store, clock, outbox.DefaultLease), store, clock, db})
		})
	}
}

func newOutbox(db *database.DB, store *alerts.Store, clock *gitlabtest.Clock, lease time.Duration) *outbox.Store {
	return outbox.New(db, store, []outbox.Route{
		{Name: "all", Wants: func(a alert.Alert) bool { return a.Kind != alert.TokenDue }},
		{Name: "tokens", Wants: func(a alert.Alert) bool { return a.Kind == alert.TokenDue }, Due: func(at time.Time) time.Time {
			return time.Date(2026, 11, 30, 8, 0, 0, 0, time.UTC)
		}},
	}, lease, clock.Now)
}

// about are alerts of a kind about agents.
func (w world) about(kind alert.Kind, agents ...int64) []alert.Alert {
	var all []alert.Alert
	for _, id := range agents {
		all = append(all, alert.Alert{
			Kind: kind, Subject: alert.Subject{ProjectID: 1, ProjectPath: "shop/app", AgentID: id, AgentName: fmt.Sprint("agent-", id)}, OpenedAt: w.clock.Now(),
		})
	}
	return all
}

// save saves what has opened and what is over, for the outbox.
func (w world) save(t *testing.T, opened, over []alert.Alert) {
	t.Helper()
	for i := range over {
		over[i].ResolvedAt = w.clock.Now()
	}
	ctx := database.Unhurried(t.Context()) // as the watch does
	tx, err := w.db.Write.BeginTx(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	changes, err := w.alerts.Save(ctx, tx, opened, over)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time changes nothing
		if err := w.Enqueue(ctx, tx, changes); err != nil {
			t.Fatal(err)
		}
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	w.clock.Advance(time.Second)
}

// claim claims what must not fail, and returns it and what it tells; "" for nothing.
func (w world) claim(t *testing.T, route string) (outbox.Claimed, string) {
	t.Helper()
	claimed, found, err := w.Claim(t.Context(), route)
	if err != nil {
		t.Fatal(err)
	}
	if !found {
		return claimed, ""
	}
	var told []string
	for _, change := range claimed.Changes {
		told = append(told, fmt.Sprintf("%s %s %s", change.Kind, message.StateOf(change), change.AgentName))
	}
	return claimed, strings.Join(told, ", ")
}

// send claims a message, and delivers it.
func (w world) send(t *testing.T, route string) string {
	t.Helper()
	claimed, told := w.claim(t, route)
	if told == "" {
		return ""
	}
	if err := w.Sent(t.Context(), claimed); err != nil {
		t.Fatal(err)
	}
	return told
}

func TestARouteIsToldInOrderAndWhatIsOfOneKindTogether(t *testing.T) {
	t.Parallel()
	onEveryEngine(t, func(t *testing.T, w world) {
		t.Helper()
		w.save(t, w.about(alert.Disconnected, 1, 2), nil)
		w.save(t, w.about(alert.Idle, 1), w.about(alert.Disconnected, 1))
		w.save(t, w.about(alert.Disconnected, 3), w.about(alert.Disconnected, 2))
		w.save(t, nil, w.about(alert.Disconnected, 3))
		var got []string
		for told := w.send(t, "all"); told != ""; told = w.send(t, "all") {
			got = append(got, told)
		}
		want := []string{
			"disconnected opened agent-1, disconnected opened agent-2, disconnected opened agent-3",
			"disconnected resolved agent-1, disconnected resolved agent-2, disconnected resolved agent-3",
			"idle opened agent-1",
		}
		slices.Sort(got[1:])
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("told was (-want +got):\n%s", diff)
		}
		if waiting, ready, err := w.Waiting(t.Context()); len(waiting)+len(ready) != 0 || err != nil {
			t.Errorf("in the end %v wait, %v are ready, %v", waiting, ready, err)
		}
	})
}

func TestAnAlertIsNotOverBeforeItBegan(t *testing.T) {
	t.Parallel()
	onEveryEngine(t, func(t *testing.T, w world) {
		t.Helper()
		w.save(t, w.about(alert.Disconnected, 1), nil)
		w.send(t, "all")
		w.save(t, nil, w.about(alert.Disconnected, 1)) // what is over comes first
		w.save(t, w.about(alert.Disconnected, 2), nil)
		w.save(t, nil, w.about(alert.Disconnected, 2))
		for _, want := range []string{"disconnected resolved agent-1", "disconnected opened agent-2", "disconnected resolved agent-2", ""} {
			if got := w.send(t, "all"); got != want {
				t.Errorf("told was %q, want %q", got, want)
			}
		}
	})
}

func TestAMessageBelongsToOneSenderUntilItsLeaseIsOver(t *testing.T) {
	t.Parallel()
	onEveryEngine(t, func(t *testing.T, w world) {
		t.Helper()
		w.save(t, w.about(alert.Disconnected, 1), nil)
		first, _ := w.claim(t, "all")
		if first.Tries != 1 || first.Name == "" {
			t.Errorf("the first claim is %+v", first)
		}
		w.save(t, w.about(alert.Disconnected, 2), nil)
		if _, told := w.claim(t, "all"); told != "" {
			t.Errorf("while it is sent, somebody else is given %s", told)
		}
		if _, ready, err := w.Waiting(t.Context()); len(ready) != 0 || err != nil {
			t.Errorf("while it is sent, %v are ready, %v", ready, err)
		}
		if _, err := w.db.Exec(t.Context(), `UPDATE messages SET held_until = 1`); err != nil { // as the time does
			t.Fatal(err)
		}
		second, told := w.claim(t, "all")
		if told != "disconnected opened agent-1" || second.Name != first.Name || second.Tries != 2 || !second.At.Equal(first.At) {
			t.Errorf("then it is %+v, telling %s; want the same message once more", second, told)
		}
		if _, err := w.Failed(t.Context(), first, 0); err != nil { // it was too late to say so
			t.Fatal(err)
		}
		var leased int
		if err := w.db.Read.QueryRowContext(t.Context(), `SELECT COUNT(*) FROM messages WHERE lease <> ''`).Scan(&leased); err != nil || leased != 1 {
			t.Errorf("who lost the lease gave up somebody else's: %d are held, %v", leased, err)
		}
		if err := w.Sent(t.Context(), first); err != nil { // it did arrive, which is good whoever says so
			t.Fatal(err)
		}
		if got := w.send(t, "all"); got != "disconnected opened agent-2" {
			t.Errorf("the next message is %q", got)
		}
		if err := w.Sent(t.Context(), second); err != nil {
			t.Errorf("the other sender, whose message is noted already: %v", err)
		}
	})
}

func TestTwoReplicasMakeOneMessage(t *testing.T) {
	t.Parallel()
	onEveryEngine(t, func(t *testing.T, w world) {
		t.Helper()
		w.save(t, w.about(alert.Disconnected, 1, 2, 3), nil)
		type result struct {
			found bool
			err   error
		}
		results := make(chan result)
		for range 8 {
			go func() {
				_, found, err := w.Claim(t.Context(), "all")
				results <- result{found, err}
			}()
		}
		claims := 0
		for range 8 {
			r := <-results
			if r.err != nil {
				t.Error(r.err)
			}
			if r.found {
				claims++
			}
		}
		if claims != 1 {
			t.Errorf("%d senders have the message, want one", claims)
		}
	})
}

func TestAFailureIsTriedAgainForADay(t *testing.T) {
	t.Parallel()
	onEveryEngine(t, func(t *testing.T, w world) {
		t.Helper()
		w.save(t, w.about(alert.Disconnected, 1), nil)
		start := w.clock.Now()
		var pauses []time.Duration
		for {
			claimed, told := w.claim(t, "all")
			if told == "" {
				t.Fatalf("after %v nothing is due", w.clock.Now().Sub(start))
			}
			dropped, err := w.Failed(t.Context(), claimed, 0)
			if err != nil {
				t.Fatal(err)
			}
			if dropped {
				break
			}
			var next int64
			if err := w.db.Read.QueryRowContext(t.Context(), `SELECT next_at FROM messages WHERE state = 'waiting'`).Scan(&next); err != nil {
				t.Fatal(err)
			}
			pauses = append(pauses, time.UnixMicro(next).Sub(w.clock.Now()))
			w.clock.Set(time.UnixMicro(next - 1))
			if _, told := w.claim(t, "all"); told != "" {
				t.Fatalf("before its time it is told %s", told)
			}
			w.clock.Set(time.UnixMicro(next))
		}
		if tried := w.clock.Now().Sub(start); tried < 22*time.Hour || tried > 24*time.Hour {
			t.Errorf("it was tried for %v", tried)
		}
		want := []time.Duration{15 * time.Second, 30 * time.Second, time.Minute, 2 * time.Minute, 4 * time.Minute, 8 * time.Minute, 16 * time.Minute, 32 * time.Minute, time.Hour, time.Hour}
		if diff := cmp.Diff(want, pauses[:10]); diff != "" {
			t.Errorf("pauses (-want +got):\n%s", diff)
		}
		open, err := w.alerts.Open(t.Context())
		if err != nil || len(open) != 2 || open[1].Kind != alert.MessagesDropped {
			t.Errorf("open are %+v, %v; want that messages were dropped", open, err)
		}
		if got := w.send(t, "all"); got != "messages_dropped opened " {
			t.Errorf("then told is %q, want that", got)
		}
		if open, err := w.alerts.Open(t.Context()); err != nil || len(open) != 1 {
			t.Errorf("open are %+v, %v; want none about messages, since the route delivers again", open, err)
		}
		if got := w.send(t, "all"); got != "messages_dropped resolved " {
			t.Errorf("then told is %q, want that it is over", got)
		}
	})
}

func TestWhatWasGivenUpIsOverWithItsRoute(t *testing.T) {
	t.Parallel()
	onEveryEngine(t, func(t *testing.T, w world) {
		t.Helper()
		w.save(t, w.about(alert.Disconnected, 1), nil)
		claimed, _ := w.claim(t, "all")
		w.clock.Advance(outbox.GiveUpAfter)
		if dropped, err := w.Failed(t.Context(), claimed, 0); !dropped || err != nil {
			t.Fatalf("given up: %v, %v", dropped, err)
		}
		for _, tt := range []struct {
			routes []outbox.Route
			want   int
		}{{[]outbox.Route{{Name: "all", Wants: func(alert.Alert) bool { return true }}}, 2}, {nil, 1}} {
			if err := outbox.New(w.db, w.alerts, tt.routes, outbox.DefaultLease, w.clock.Now).Settle(t.Context()); err != nil {
				t.Fatal(err)
			}
			if open, err := w.alerts.Open(t.Context()); len(open) != tt.want || err != nil {
				t.Errorf("with %d routes open are %+v, %v; want %d", len(tt.routes), open, err, tt.want)
			}
		}
	})
}

func TestAReceiverThatAsksForAPauseGetsIt(t *testing.T) {
	t.Parallel()
	onEveryEngine(t, func(t *testing.T, w world) {
		t.Helper()
		w.save(t, w.about(alert.Disconnected, 1), nil)
		claimed, _ := w.claim(t, "all")
		if _, err := w.Failed(t.Context(), claimed, 10*time.Minute); err != nil {
			t.Fatal(err)
		}
		w.clock.Advance(10*time.Minute - time.Second)
		if _, told := w.claim(t, "all"); told != "" {
			t.Errorf("before its time it is told %s", told)
		}
		w.clock.Advance(time.Second)
		if _, told := w.claim(t, "all"); told == "" {
			t.Error("at its time it is told nothing")
		}
	})
}

func TestADigestIsEverythingOfAWeek(t *testing.T) {
	t.Parallel()
	onEveryEngine(t, func(t *testing.T, w world) {
		t.Helper()
		w.save(t, w.about(alert.TokenDue, 1, 2), nil)
		w.save(t, nil, w.about(alert.TokenDue, 1))
		waiting, ready, err := w.Waiting(t.Context())
		if len(waiting) != 0 || len(ready) != 0 || err != nil {
			t.Errorf("%v wait, %v are ready, %v; want none before Monday", waiting, ready, err)
		}
		if _, told := w.claim(t, "tokens"); told != "" {
			t.Errorf("before Monday it is told %s", told)
		}
		w.clock.Set(time.Date(2026, 11, 30, 8, 0, 0, 0, time.UTC))
		if waiting, ready, err := w.Waiting(t.Context()); !slices.Equal(ready, []string{"tokens"}) || waiting["tokens"] != 3 || err != nil {
			t.Errorf("on Monday %v wait, %v are ready, %v", waiting, ready, err)
		}
		claimed, told := w.claim(t, "tokens")
		if want := "token_due opened agent-1, token_due opened agent-2, token_due resolved agent-1"; told != want || !claimed.Digest {
			t.Errorf("on Monday it is told %s, want %s", told, want)
		}
	})
}

func TestAStormOfThousandsIsOneMessage(t *testing.T) {
	t.Parallel()
	onEveryEngine(t, func(t *testing.T, w world) {
		t.Helper()
		var agents []int64
		for id := range int64(1234) {
			agents = append(agents, id+1)
		}
		w.save(t, w.about(alert.Disconnected, agents...), nil)
		if claimed, _ := w.claim(t, "all"); len(claimed.Changes) != 1234 {
			t.Errorf("the message has %d changes", len(claimed.Changes))
		}
	})
}

func TestWhatNobodyAsksForAnyMoreIsSwept(t *testing.T) {
	t.Parallel()
	onEveryEngine(t, func(t *testing.T, w world) {
		t.Helper()
		w.save(t, w.about(alert.Disconnected, 1), nil)
		w.send(t, "all")
		w.save(t, w.about(alert.TokenDue, 1), nil)
		w.clock.Advance(30*24*time.Hour - 2*time.Second)
		if deleted, err := w.Sweep(t.Context()); deleted != 0 || err != nil {
			t.Errorf("before its time %d were swept, %v", deleted, err)
		}
		w.clock.Advance(2 * time.Second)
		if deleted, err := w.Sweep(t.Context()); deleted != 2 || err != nil {
			t.Errorf("%d were swept, %v; want the message, and what waits for a route that is gone", deleted, err)
		}
	})
}

func TestNothingIsToldOfWhatWasNotSaved(t *testing.T) {
	t.Parallel()
	onEveryEngine(t, func(t *testing.T, w world) {
		t.Helper()
		tx, err := w.db.Write.BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		changes, err := w.alerts.Save(t.Context(), tx, w.about(alert.Disconnected, 1), nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Enqueue(t.Context(), tx, changes); err != nil {
			t.Fatal(err)
		}
		if err := tx.Rollback(); err != nil {
			t.Fatal(err)
		}
		if _, told := w.claim(t, "all"); told != "" {
			t.Errorf("told is %s", told)
		}
	})
}
