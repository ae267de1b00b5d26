package watch_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

func TestNothingIsWrittenWhereNothingChanges(t *testing.T) {
	t.Parallel()
	onEveryEngine(t, func(t *testing.T, w *world) {
		w.agents("web", "prod", "staging")
		s := w.replica()
		w.once(s)
		before, contents := w.rows("watched", "transitions", "alerts"), w.raw.Contents(t)
		w.reads(s, 50*time.Minute)
		if diff := cmp.Diff(before, w.rows("watched", "transitions", "alerts")); diff != "" {
			t.Errorf("rows (-before +after):\n%s", diff)
		}
		for _, table := range []string{"the table watched", "the table transitions"} {
			if after := w.raw.Contents(t)[table]; contents[table] != "" && after != contents[table] {
				t.Errorf("%s was written:\n%s\n%s", table, contents[table], after)
			}
		}
		if want := []int{2, 6, 0}; !slices.Equal(before, want) { // registered, token created and connected, of each
			t.Errorf("rows = %v, want %v", before, want)
		}
	})
}

func TestAQueueThatFailsKeepsTheReadingFromBeingKept(t *testing.T) {
	t.Parallel()
	onEveryEngine(t, func(t *testing.T, w *world) {
		_, agents := w.agents("web", "prod")
		s := w.replica()
		w.once(s)
		w.cut(agents[0])
		w.reads(s, 25*time.Minute)
		w.queue.fail = errQueue
		var err error
		for range 3 {
			w.clock.Advance(interval)
			err = s.Once(t.Context())
		}
		if !errors.Is(err, errQueue) || w.rows("alerts")[0] != 0 {
			t.Errorf("%v, with %v alerts; want the queue's error and none", err, w.rows("alerts"))
		}
		w.queue.fail = nil
		w.queue.take()
		w.once(s)
		w.wantTold(t, "the next time", "+disconnected prod")
	})
}

func TestAWatchThatBeginsWithManyAgentsTakesThemInAFewAtATime(t *testing.T) {
	t.Parallel()
	onEveryEngine(t, func(t *testing.T, w *world) {
		web, _ := w.agents("web")
		for i := range 25 {
			w.agent(web, fmt.Sprintf("store-%04d", i), gitlabtest.Token{Live: true})
		}
		s := w.replica()
		s.SetBatch(10)
		w.once(s)
		if got, want := w.rows("watched", "transitions"), []int{25, 75}; !slices.Equal(got, want) {
			t.Errorf("rows = %v, want %v", got, want)
		}
	})
}

func TestAReadingThatWasKeptInPartIsNotTakenInTwice(t *testing.T) {
	t.Parallel()
	onEveryEngine(t, func(t *testing.T, w *world) {
		web, agents := w.agents("web", "prod")
		s := w.replica()
		s.SetBatch(10)
		w.once(s)
		w.cut(agents[0])
		w.reads(s, 25*time.Minute)
		for i := range 21 { // of which two batches are kept before the rest fails
			w.agent(web, fmt.Sprintf("store-%04d", i), gitlabtest.Token{Live: true})
		}
		w.queue.fail = errQueue
		w.clock.Advance(2 * interval)
		if err := s.Once(t.Context()); !errors.Is(err, errQueue) {
			t.Fatalf("Once = %v, want the queue's error", err)
		}
		if n := w.rows("watched")[0]; n != 21 {
			t.Errorf("%d agents are kept, want those of two batches and the one from before", n)
		}
		w.queue.fail = nil
		w.once(s)
		if got, want := w.rows("watched", "transitions"), []int{22, 22*3 + 1}; !slices.Equal(got, want) {
			t.Errorf("rows = %v, want %v", got, want)
		}
	})
}

func TestTheLastContactOfAConnectedAgentIsKeptEveryHour(t *testing.T) {
	t.Parallel()
	onEveryEngine(t, func(t *testing.T, w *world) {
		w.agents("web", "prod")
		s := w.replica()
		w.once(s)
		first := w.clock.Now()
		for _, tt := range []struct {
			after, want time.Duration
		}{{55 * time.Minute, 0}, {interval, time.Hour}, {30 * time.Minute, time.Hour}} {
			w.reads(s, tt.after)
			var contact int64
			if err := w.db.Read.QueryRowContext(t.Context(), `SELECT last_contact FROM watched`).Scan(&contact); err != nil {
				t.Fatal(err)
			}
			if got := time.UnixMicro(contact).Sub(first).Round(time.Minute); got != tt.want {
				t.Errorf("%v after the first reading the last contact is that of %v after it, want %v", w.clock.Now().Sub(first), got, tt.want)
			}
		}
	})
}
