package audit_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gitlab-agent-portal/internal/activity"
	"gitlab-agent-portal/internal/audit"
	"gitlab-agent-portal/internal/database/databasetest"
)

// refusal is an ordinary refused request.
func refusal() audit.Event {
	event := tokenCreate()
	event.Outcome = activity.Refused
	return event
}

func record(t *testing.T, log *audit.Log, events ...audit.Event) {
	t.Helper()
	for _, event := range events {
		if err := log.Record(t.Context(), event); err != nil {
			t.Fatalf("Record: %v", err)
		}
	}
}

func TestN8EqualRefusalsAreOneRowWithACount(t *testing.T) {
	t.Parallel()
	for name, fresh := range databasetest.Engines() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			log, clock := openNew(t, fresh(t))
			want := refusal()
			want.ID, want.At, want.Times = 1, clock.Now(), 37
			for i := range 37 {
				event := refusal()
				if i > 0 { // what is the request's own makes no other refusal
					clock.Advance(time.Minute)
					event.ClientIP, event.RequestID, event.ActorName = fmt.Sprint("192.0.2.", i), fmt.Sprint(i), "renamed"
				}
				record(t, log, event)
			}
			want.LastAt = clock.Now()
			if diff := cmp.Diff([]audit.Event{want}, page(t, log, audit.Filter{Projects: []int64{20}}, 0, 100)); diff != "" {
				t.Errorf("rows (-want +got):\n%s", diff)
			}
		})
	}
}

func TestN8RefusalsThatDifferAreRowsOfTheirOwn(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		change func(*audit.Event)
		want   int
	}{
		{"nothing", func(*audit.Event) {}, 1},
		{"another person", func(e *audit.Event) { e.ActorID = 43 }, 2},
		{"a visitor", func(e *audit.Event) { e.ActorID = 0 }, 2},
		{"another action", func(e *audit.Event) { e.Action = activity.TokenRevoke }, 2},
		{"another outcome", func(e *audit.Event) { e.Outcome = activity.Failed }, 2},
		{"another agent", func(e *audit.Event) { e.Target.AgentID = 6 }, 2},
		{"another name", func(e *audit.Event) { e.Target.TokenName = "other" }, 2},
		{"another claim", func(e *audit.Event) { e.Claim.TokenID = 8 }, 2},
		{"a success", func(e *audit.Event) { e.Outcome = activity.OK }, 2},
		{"a look afterwards", func(e *audit.Event) { e.RefersTo = 9 }, 2},
	}
	for name, fresh := range databasetest.Engines() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, tt := range tests {
				t.Run(tt.name, func(t *testing.T) {
					t.Parallel()
					log, _ := openNew(t, fresh(t))
					other := refusal()
					tt.change(&other)
					record(t, log, refusal(), other)
					if got := page(t, log, audit.Filter{Projects: []int64{20}}, 0, 10); len(got) != tt.want {
						t.Errorf("%d rows, want %d: %+v", len(got), tt.want, got)
					}
				})
			}
		})
	}
}

func TestN8VisitorsAreToldApartByTheirAddresses(t *testing.T) {
	t.Parallel()
	log, _ := openNew(t, databasetest.New(t))
	for _, ip := range []string{"192.0.2.1", "192.0.2.2", "192.0.2.1"} {
		record(t, log, audit.Event{Action: activity.SignIn, Outcome: activity.Refused, ClientIP: ip})
	}
	rows := page(t, log, audit.Filter{Projects: []int64{0}}, 0, 10)
	if len(rows) != 2 || rows[0].Times != 1 || rows[1].Times != 2 {
		t.Errorf("rows are %+v, want two, the first for two requests", rows)
	}
}

func TestN8EachHourHasItsOwnRow(t *testing.T) {
	t.Parallel()
	log, clock := openNew(t, databasetest.New(t))
	clock.Advance(59 * time.Minute)
	record(t, log, refusal(), refusal())
	clock.Advance(time.Minute)
	record(t, log, refusal())
	rows := page(t, log, audit.Filter{Projects: []int64{20}}, 0, 10)
	if len(rows) != 2 || rows[0].Times != 1 || rows[1].Times != 2 {
		t.Errorf("rows are %+v, want one for each hour", rows)
	}
}

func TestN8ReplicasCountInOneRow(t *testing.T) {
	t.Parallel()
	d, c := databasetest.Postgres(t), newClock()
	replicas := []*audit.Log{audit.New(d.Open(t), retention, c.Now), audit.New(d.Open(t), retention, c.Now)}
	var writers sync.WaitGroup
	for i := range 40 {
		writers.Go(func() {
			if err := replicas[i%2].Record(t.Context(), refusal()); err != nil {
				t.Errorf("Record: %v", err)
			}
		})
	}
	writers.Wait()
	if got := page(t, replicas[0], audit.Filter{Projects: []int64{20}}, 0, 100); len(got) != 1 || got[0].Times != 40 {
		t.Errorf("%+v, want one row for 40 refusals", got)
	}
}

// told collects what the observer of a log hears.
type told struct{ events []audit.Event }

func (o *told) hear(e audit.Event) { o.events = append(o.events, e) }

// take returns what was heard since, as outcomes and counts.
func (o *told) take() string {
	text := ""
	for _, e := range o.events {
		text += fmt.Sprintf("#%d %s %d;", e.ID, e.Outcome, e.Times)
	}
	o.events = nil
	return text
}

func TestEveryRowIsToldOfOnceItIsFinal(t *testing.T) {
	t.Parallel()
	for name, fresh := range databasetest.Engines() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			log, clock := openNew(t, fresh(t))
			var heard told
			log.ObserveFinal(heard.hear)
			expect := func(when, want string) {
				t.Helper()
				if got := heard.take(); got != want {
					t.Errorf("%s, the observer hears %q, want %q", when, got, want)
				}
			}
			begin := func() int64 {
				id, err := log.Begin(t.Context(), tokenCreate())
				if err != nil {
					t.Fatal(err)
				}
				return id
			}
			sweep := func() {
				if _, err := log.Sweep(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			first, lost := begin(), begin()
			sweep()
			expect("while actions are under way", "")
			if err := log.Finish(t.Context(), first, activity.OK, audit.Target{TokenID: 7}); err != nil {
				t.Fatal(err)
			}
			if len(heard.events) != 1 || heard.events[0].Target.TokenID != 7 || heard.events[0].Target.AgentName != "prod" {
				t.Errorf("the observer hears %+v, want the whole row", heard.events)
			}
			expect("at the end of one", "#1 ok 1;")
			record(t, log, refusal(), refusal(), refusal())
			expect("at the first of equal refusals", "#3 refused 1;")
			other := refusal()
			other.Target.AgentID = 6
			record(t, log, other)
			expect("at another one", "#4 refused 1;")
			clock.Advance(2*time.Minute + time.Microsecond)
			sweep()
			expect("when an action is lost", "#2 unknown 1;")
			sweep()
			expect("afterwards", "")
			clock.Advance(time.Hour)
			sweep()
			expect("when no refusal can join any more", "#3 refused 3;")
			sweep()
			expect("afterwards", "")
			if err := log.Finish(t.Context(), lost, activity.Failed, audit.Target{}); err != nil {
				t.Fatal(err)
			}
			expect("when a lost action ends after all", "#2 failed 1;")
		})
	}
}

func TestOneReplicaTellsOfWhatBecameFinalByTime(t *testing.T) {
	t.Parallel()
	d, c := databasetest.Postgres(t), newClock()
	var heard told
	var replicas []*audit.Log
	for range 2 {
		log := audit.New(d.Open(t), retention, c.Now)
		log.ObserveFinal(heard.hear)
		replicas = append(replicas, log)
	}
	if _, err := replicas[0].Begin(t.Context(), tokenCreate()); err != nil {
		t.Fatal(err)
	}
	c.Advance(time.Hour)
	for _, log := range replicas {
		if _, err := log.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if got := heard.take(); got != "#1 unknown 1;" {
		t.Errorf("the observers hear %q", got)
	}
}
