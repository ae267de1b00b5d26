package watch_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
	"gitlab-agent-portal/internal/watch"
)

func TestOneReplicaWatches(t *testing.T) {
	t.Parallel()
	onEveryEngine(t, func(t *testing.T, w *world) {
		t.Helper()
		_, agents := w.agents("web", "prod")
		first, second := w.replica(), w.replica()
		w.once(first)
		w.cut(agents[0])
		w.reads(first, 25*time.Minute)
		w.ResetCounters()
		if err := second.Once(t.Context()); !errors.Is(err, watch.ErrHeld) {
			t.Errorf("the second: %v, want ErrHeld", err)
		}
		if n := len(w.Requests()); n != 0 || second.Figures() != nil {
			t.Errorf("the second asked GitLab %d times and has figures %v, want neither", n, second.Figures())
		}
		w.takeLease()
		w.reads(second, 20*time.Minute)
		w.wantTold(t, "the second goes on where the first was", "+disconnected prod")
		if err := first.Once(t.Context()); !errors.Is(err, watch.ErrHeld) || first.Figures() != nil {
			t.Errorf("the first: %v, want ErrHeld and no figures", err)
		}
		w.takeLease()
		w.KeepInUse(w.Tokens(agents[0])[0].ID, true)
		w.reads(first, 20*time.Minute)
		w.wantTold(t, "and the first where the second was", "-disconnected prod")
	})
}

func TestAReadingThatWasOvertakenIsNotKept(t *testing.T) {
	t.Parallel()
	onEveryEngine(t, func(t *testing.T, w *world) {
		t.Helper()
		w.agents("web", "prod")
		first, second := w.replica(), w.replica()
		gate := gitlabtest.NewGate()
		w.Inject(gitlabtest.OpListProjects, gitlabtest.Hold(gate).Times(1))
		result := make(chan error, 1)
		go func() { result <- first.Once(t.Context()) }()
		if err := gate.Await(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
		w.takeLease()
		w.once(second)
		gate.Open()
		if err := <-result; !errors.Is(err, watch.ErrHeld) {
			t.Errorf("the first: %v, want ErrHeld", err)
		}
		if got, want := w.rows("watched", "transitions"), []int{1, 3}; !slices.Equal(got, want) {
			t.Errorf("rows = %v, want %v", got, want)
		}
	})
}

func TestAReplicaThatWasAwayForgetsWhatItKnew(t *testing.T) {
	t.Parallel()
	onEveryEngine(t, func(t *testing.T, w *world) {
		t.Helper()
		_, agents := w.agents("web", "prod")
		first, second := w.replica(), w.replica()
		w.once(first)
		w.cut(agents[0])
		w.takeLease()
		w.reads(second, 45*time.Minute)
		w.wantTold(t, "while the first is away", "+disconnected prod")
		w.giveLeaseUp()
		w.KeepInUse(w.Tokens(agents[0])[0].ID, true)
		w.reads(first, 20*time.Minute)
		w.wantTold(t, "the first, which never heard of the second", "-disconnected prod")
	})
}

func TestAReadingDuringWhichAnotherReplicaWatchedIsNotKept(t *testing.T) {
	t.Parallel()
	onEveryEngine(t, func(t *testing.T, w *world) {
		t.Helper()
		w.agents("web", "prod")
		first, second := w.replica(), w.replica()
		gate := gitlabtest.NewGate()
		w.Inject(gitlabtest.OpListProjects, gitlabtest.Hold(gate).Times(1))
		result := make(chan error, 1)
		go func() { result <- first.Once(t.Context()) }()
		if err := gate.Await(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
		w.takeLease()
		w.once(second)
		w.giveLeaseUp()
		if err := first.Claim(t.Context()); err != nil { // as it does while it reads
			t.Fatal(err)
		}
		gate.Open()
		if err := <-result; !errors.Is(err, watch.ErrHeld) {
			t.Errorf("the first: %v, want ErrHeld", err)
		}
		if got, want := w.rows("watched", "transitions"), []int{1, 3}; !slices.Equal(got, want) {
			t.Errorf("rows = %v, want %v", got, want)
		}
		w.once(first)
	})
}
