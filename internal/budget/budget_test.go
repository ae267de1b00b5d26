package budget_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"runtime"
	"sync"
	"testing"
	"time"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/internal/budget"
	"gitlab-agent-portal/internal/database"
	"gitlab-agent-portal/internal/database/databasetest"
)

// soon is a context for what must not wait: a test that hangs in it has found somebody waiting.
func soon(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// take lets a person make calls of a lane until they would have to wait, and returns how many.
func take(t *testing.T, calls *budget.Calls, call gitlabapi.Call) (taken int, release func()) {
	t.Helper()
	var all []func()
	over, cancel := context.WithCancel(t.Context())
	cancel() // whoever has to wait gives up at once
	for {
		done, err := calls.Admit(over, call)
		if err != nil {
			break
		}
		all = append(all, done)
	}
	return len(all), func() {
		for _, done := range all {
			done()
		}
	}
}

func TestB1CallsToGitLabAreSharedOut(t *testing.T) {
	t.Parallel()
	read := func(person int64) gitlabapi.Call { return gitlabapi.Call{Lane: gitlabapi.LaneRead, Person: person} }
	change := func(person int64) gitlabapi.Call {
		return gitlabapi.Call{Lane: gitlabapi.LaneChange, Person: person}
	}
	signIn := gitlabapi.Call{Lane: gitlabapi.LaneSignIn}
	for name, tt := range map[string]struct {
		greedy gitlabapi.Call
		most   int
		other  gitlabapi.Call
	}{
		"a hundred tabs of one person leave another's pages alone":     {read(1), 8, read(2)},
		"and that person's own revocations":                            {read(1), 8, change(1)},
		"the changes of one person leave another's alone":              {change(1), 4, change(2)},
		"the codes of strangers leave everybody's pages alone":         {signIn, 8, read(2)},
		"and a person's changes":                                       {signIn, 8, change(2)},
		"and the renewal of a grant, which nobody in particular makes": {signIn, 8, gitlabapi.Call{Lane: gitlabapi.LaneRenewal}},
		"the renewals of a morning leave everybody's changes alone":    {gitlabapi.Call{Lane: gitlabapi.LaneRenewal}, 64, change(1)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			calls := budget.NewCalls()
			if n, _ := take(t, calls, tt.greedy); n != tt.most {
				t.Errorf("%d calls at once, want %d", n, tt.most)
			}
			if _, err := calls.Admit(soon(t), tt.other); err != nil {
				t.Errorf("the other one waits: %v", err)
			}
		})
	}
}

func TestB1WhoHasLeastComesFirst(t *testing.T) {
	t.Parallel()
	pool := budget.NewPool(4, 4)
	var releases []func()
	for range 4 {
		release, err := pool.Acquire(soon(t), 1)
		if err != nil {
			t.Fatal(err)
		}
		releases = append(releases, release)
	}
	var order []int64
	var mu sync.Mutex
	var group sync.WaitGroup
	wait := func(person int64) {
		waits := pool.Waiting() + 1
		group.Go(func() {
			release, err := pool.Acquire(soon(t), person)
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			order = append(order, person)
			mu.Unlock()
			release()
		})
		for pool.Waiting() < waits { // the next one comes after this one
			runtime.Gosched()
		}
	}
	wait(1) // came first, but has four already
	wait(2)
	releases[0]()
	group.Wait()
	for _, release := range releases[1:] {
		release()
	}
	if fmt.Sprint(order) != "[2 1]" {
		t.Errorf("places were given to %v, want person 2 before person 1", order)
	}
	if n := pool.People(); n != 0 {
		t.Errorf("%d people are remembered, want none", n)
	}
}

func TestB1WhoGivesUpKeepsNoPlace(t *testing.T) {
	t.Parallel()
	pool := budget.NewPool(1, 1)
	release, err := pool.Acquire(soon(t), 1)
	if err != nil {
		t.Fatal(err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := pool.Acquire(gone, 2); !errors.Is(err, context.Canceled) {
		t.Errorf("error = %v, want that of the context", err)
	}
	release()
	release() // twice does nothing
	if _, err := pool.Acquire(soon(t), 3); err != nil {
		t.Errorf("the place is lost: %v", err)
	}
}

func TestB2AllowancesRefillAndAreEachOnesOwn(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	requests := budget.NewRequests(func() time.Time { return now })
	spent := func(person int64) (n int, wait time.Duration) {
		for ; ; n++ {
			var over *budget.SpentError
			if err := requests.People.Take(person); errors.As(err, &over) {
				return n, over.Wait
			}
		}
	}
	if n, wait := spent(1); n != 120 || wait != time.Second/2 {
		t.Errorf("a person has %d and waits %v, want 120 and half a second", n, wait)
	}
	if n, _ := spent(2); n != 120 {
		t.Errorf("another person has %d, want 120", n)
	}
	now = now.Add(10 * time.Second)
	if n, _ := spent(1); n != 20 {
		t.Errorf("after ten seconds there are %d more, want 20", n)
	}
}

func TestB2NetworksAreWhatOneCustomerHas(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"192.0.2.7": "192.0.2.7/32", "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64", "::ffff:192.0.2.7": "192.0.2.7/32",
	} {
		if got := budget.Network(netip.MustParseAddr(address)).String(); got != want {
			t.Errorf("%s counts as %s, want %s", address, got, want)
		}
	}
	if got := budget.Network(netip.Addr{}); got.IsValid() {
		t.Errorf("no address counts as %v", got)
	}
}

func TestB4StreamsHaveAnEnd(t *testing.T) {
	t.Parallel()
	streams := budget.NewRequests(time.Now).Streams
	var releases []func()
	for range budget.StreamsPerPerson {
		release, ok := streams.Take(1)
		if !ok {
			t.Fatal("one too few")
		}
		releases = append(releases, release)
	}
	if _, ok := streams.Take(1); ok {
		t.Error("one too many")
	}
	if _, ok := streams.Take(2); !ok {
		t.Error("another person has none")
	}
	releases[0]()
	releases[0]() // twice does nothing
	if _, ok := streams.Take(1); !ok {
		t.Error("what was closed is not free")
	}
	if _, ok := streams.Take(1); ok {
		t.Error("closing twice made two free")
	}
}

func TestB3ChangesAreCountedOverReplicas(t *testing.T) {
	t.Parallel()
	for name, fresh := range databasetest.Engines() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			changesOverReplicas(t, fresh(t).Open(t))
		})
	}
}

func changesOverReplicas(t *testing.T, db *database.DB) {
	t.Helper()
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	clock := func() time.Time { return now }
	one, other := budget.NewChanges(db, clock), budget.NewChanges(db, clock)
	taken := 0
	for i := range 60 {
		replica := []*budget.Changes{one, other}[i%2]
		var spent *budget.SpentError
		switch err := replica.Take(t.Context(), 7, 1); {
		case err == nil:
			taken++
		case !errors.As(err, &spent):
			t.Fatal(err)
		case spent.Wait != 3*time.Second:
			t.Errorf("wait %v, want 3 s", spent.Wait)
		}
	}
	if taken != budget.ChangesPerMinute {
		t.Errorf("%d of 60 changes at once, want %d", taken, budget.ChangesPerMinute)
	}
	if err := other.Take(t.Context(), 8, 1); err != nil {
		t.Errorf("another person: %v", err)
	}
	now = now.Add(3 * time.Second)
	if err := other.Take(t.Context(), 7, 1); err != nil {
		t.Errorf("three seconds later: %v", err)
	}
	now = now.Add(time.Hour)
	if err := one.Take(t.Context(), 7, 50); err != nil {
		t.Errorf("a list of 50: %v", err)
	}
	var spent *budget.SpentError
	if err := one.Take(t.Context(), 7, 1); !errors.As(err, &spent) || spent.Wait < time.Minute {
		t.Errorf("after a list of 50: %v, want to wait for more than a minute", err)
	}
	now = now.Add(time.Hour)
	if n, err := one.Sweep(t.Context()); err != nil || n != 2 {
		t.Errorf("swept %d, %v; want both people", n, err)
	}
}
