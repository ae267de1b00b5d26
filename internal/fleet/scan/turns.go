package scan

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/budget"
)

const (
	// leastAtOnce is how many scans are under way although they have to share the slots of calls.
	// More begin while there are free slots: few scans of many calls, or many of few.
	leastAtOnce = 4
	// smallScan is how many calls a scan makes that does not have to wait for its turn: those of a
	// hundred projects by GraphQL, where GitLab answers it.
	smallScan = 4
	// maxSizes is for how many people and scopes it is known how many calls the last scan took.
	maxSizes = 10_000
)

// turns decide which scans are under way. Those who came first are first, for if all shared the
// slots all would be done last; but of one person's scans the second waits for those of others. No
// slot stays free while anybody waits. It is safe for concurrent use.
type turns struct {
	slots   *budget.Pool
	now     func() time.Time
	observe func(waited time.Duration)

	mu      sync.Mutex
	waiting []*turn       // in the order of their coming
	running map[int64]int // by person
	large   int           // how many of those that are running were not let past
	calls   *simplelru.LRU[sized, int]
}

// sized is what it is known of how many calls it takes to read it.
type sized struct {
	person int64
	scope  agent.Scope
}

func (v Viewer) sized() sized { return sized{v.Person, v.Scope} }

// turn is the place of one scan.
type turn struct {
	of     *turns
	person int64
	since  time.Time
	small  bool
	// report is told how many people come before.
	report func(ahead int)
	ahead  int
	ready  chan struct{} // closed when the turn has come

	mu   sync.Mutex
	slot func() // gives back the slot that came with the turn; nil: none, or it is used
}

func newTurns(slots *budget.Pool, now func() time.Time, observe func(time.Duration)) *turns {
	t := &turns{slots: slots, now: now, observe: observe, running: map[int64]int{}}
	t.calls, _ = simplelru.NewLRU[sized, int](maxSizes, nil) // its only error is a size that is not positive
	return t
}

// wait waits until the scan may begin: it then has a slot for its first call. The error is ctx's.
func (one *turn) wait(ctx context.Context) error {
	select {
	case <-one.ready:
	case <-ctx.Done():
		return ctx.Err()
	}
	if one.slot == nil {
		var err error
		if one.slot, err = one.of.slots.Acquire(ctx, one.person); err != nil {
			return err
		}
	}
	one.of.observe(one.of.now().Sub(one.since))
	return nil
}

// join adds a scan, whose turn may come at once. It has to be ended.
func (t *turns) join(what sized, report func(ahead int)) *turn {
	one := &turn{of: t, person: what.person, since: t.now(), report: report, ahead: -1, ready: make(chan struct{})}
	t.mu.Lock()
	defer t.mu.Unlock()
	if calls, ok := t.calls.Get(what); ok && calls <= smallScan {
		one.small = true
		t.begin(one, nil)
		return one
	}
	t.waiting = append(t.waiting, one)
	t.dispatch()
	return one
}

// freed is to be called whenever a slot was given back.
func (t *turns) freed() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.dispatch()
}

// waits is how many scans wait for their turn.
func (t *turns) waits() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.waiting)
}

// dispatch lets scans begin for which there is a slot, or of which there are few. The caller holds mu.
func (t *turns) dispatch() {
	for len(t.waiting) > 0 {
		i := t.next()
		slot, ok := t.slots.Try(t.waiting[i].person)
		if !ok && t.large >= leastAtOnce {
			break
		}
		one := t.waiting[i]
		t.waiting = slices.Delete(t.waiting, i, i+1)
		t.begin(one, slot)
	}
	t.tell()
}

// next is whose turn comes next. The caller holds mu.
func (t *turns) next() int {
	best := 0
	for i, one := range t.waiting {
		if t.running[one.person] < t.running[t.waiting[best].person] {
			best = i
		}
	}
	return best
}

func (t *turns) begin(one *turn, slot func()) {
	t.running[one.person]++
	if !one.small {
		t.large++
	}
	one.slot = slot
	close(one.ready)
}

// tell says to all who wait how many people came before them. The caller holds mu.
func (t *turns) tell() {
	people := make(map[int64]bool, len(t.waiting))
	for _, one := range t.waiting {
		ahead := len(people)
		if people[one.person] {
			ahead--
		}
		people[one.person] = true
		if one.ahead != ahead {
			one.ahead = ahead
			one.report(ahead)
		}
	}
}

// learn notes how many calls a scan of everything took.
func (t *turns) learn(what sized, calls int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.calls.Add(what, calls)
}

// first gives the slot that came with the turn to the first call; nil for all others.
func (one *turn) first() (release func()) {
	if one == nil {
		return nil
	}
	one.mu.Lock()
	defer one.mu.Unlock()
	slot := one.slot
	one.slot = nil
	return slot
}

// end ends the scan, or its wait.
func (one *turn) end() {
	one.of.leave(one)
	if slot := one.first(); slot != nil {
		slot()
	}
	one.of.freed()
}

func (t *turns) leave(one *turn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if i := slices.Index(t.waiting, one); i >= 0 {
		t.waiting = slices.Delete(t.waiting, i, i+1)
		return
	}
	if !one.small {
		t.large--
	}
	if t.running[one.person]--; t.running[one.person] == 0 {
		delete(t.running, one.person)
	}
}
