package scan_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
	"gitlab-agent-portal/internal/fleet"
	"gitlab-agent-portal/internal/fleet/scan"
)

// morning is a portal of two slots, both of which are taken, and of two more people whose turn has
// come: who comes now has to wait.
type morning struct {
	*world
	gate   *gitlabtest.Gate
	others []func() (*fleet.Snapshot, error)
	// begun is how many scans' clocks run.
	begun func() int
}

func newMorning(t *testing.T, change ...func(*scan.Config)) *morning {
	t.Helper()
	m := &morning{gate: gitlabtest.NewGate()}
	m.world = newWorld(t, append(change, func(c *scan.Config) { c.InFlight, c.PerPerson = 2, 2 })...)
	var mu sync.Mutex
	begun := 0
	m.begun = func() int {
		mu.Lock()
		defer mu.Unlock()
		return begun
	}
	m.service.SetTimeouts(func(ctx context.Context, length time.Duration) (context.Context, context.CancelFunc) {
		if length == scan.ScanTimeout {
			mu.Lock()
			begun++
			mu.Unlock()
		}
		return context.WithCancel(ctx)
	})
	return m
}

// begin lets the first four come.
func (m *morning) begin() {
	m.t.Helper()
	m.Inject(gitlabtest.OpListProjects, gitlabtest.Hold(m.gate))
	for i := range 4 {
		p := m.person(fmt.Sprintf("early-%d", i))
		p.project("of-"+p.viewer.Grant[len("session of "):], gitlabtest.Developer, 1)
		m.others = append(m.others, p.joined(m.t.Context()))
	}
	if err := m.gate.Await(m.t.Context(), 2); err != nil {
		m.t.Fatal(err)
	}
}

// place is what somebody who waits is told of how far the scan is.
type place struct {
	mu   sync.Mutex
	told []fleet.Progress
	more chan struct{}
	done chan struct{}
	err  error
}

// waits reads in the background and notes what the reader is told.
func (r *reader) waits(ctx context.Context) *place {
	p := &place{more: make(chan struct{}, 1000), done: make(chan struct{})}
	go func() {
		defer close(p.done)
		_, p.err = r.service().Read(ctx, r.viewer, r.source, func(at fleet.Progress) {
			p.mu.Lock()
			p.told = append(p.told, at)
			p.mu.Unlock()
			p.more <- struct{}{}
		})
	}()
	return p
}

// hears waits until the reader is told so.
func (m *morning) hears(p *place, want fleet.Progress) {
	m.t.Helper()
	for {
		select {
		case <-p.more:
		case <-p.done:
			m.t.Fatalf("%v, and was told %v and never %v", p.err, p.told, want)
		}
		p.mu.Lock()
		last := p.told[len(p.told)-1]
		p.mu.Unlock()
		if last == want {
			return
		}
	}
}

func ahead(people int) fleet.Progress { return fleet.Progress{Waiting: true, Ahead: people} }

func TestScansBeginInTheOrderOfTheirComing(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	waited := 0
	m := newMorning(t, func(c *scan.Config) {
		c.Linger = time.Nanosecond
		c.ObserveWait = func(time.Duration) {
			mu.Lock()
			waited++
			mu.Unlock()
		}
	})
	m.begin()
	var places []*place
	closed, closeTab := context.WithCancel(t.Context())
	for i := range 3 {
		p := m.person(fmt.Sprintf("late-%d", i))
		p.many(1)
		ctx := t.Context()
		if i == 1 {
			ctx = closed
		}
		places = append(places, p.waits(ctx))
		m.hears(places[i], ahead(i))
	}
	if n := m.service.Stats().Waiting; n != 3 || m.begun() != 2 {
		t.Errorf("%d scans wait and the time of %d runs, want 3, and 2 that have a slot", n, m.begun())
	}
	closeTab()
	m.hears(places[2], ahead(1))
	m.gate.Open()
	for _, p := range []*place{places[0], places[2]} {
		<-p.done
		if p.err != nil || !slices.Contains(p.told, fleet.Progress{}) {
			t.Errorf("who waited was told %v, %v", p.told, p.err)
		}
	}
	for _, result := range m.others {
		if _, err := result(); err != nil {
			t.Error(err)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	if n := m.service.Stats().Waiting; n != 0 || waited != 6 {
		t.Errorf("%d scans wait and %d have waited, want none and 6", n, waited)
	}
}

func TestOfOnePersonsScansTheSecondWaitsForThoseOfOthers(t *testing.T) {
	t.Parallel()
	m := newMorning(t)
	m.begin()
	greedy, modest := m.person("greedy"), m.person("modest")
	greedy.many(1)
	modest.project("own", gitlabtest.Developer, 1)
	var sessions []*place
	for i := range 3 {
		one := *greedy
		one.viewer.Grant = fmt.Sprint(i)
		sessions = append(sessions, one.waits(t.Context()))
		m.hears(sessions[i], ahead(0)) // nobody else is
	}
	other := modest.waits(t.Context())
	m.hears(other, ahead(1))
	m.gate.Open()
	<-other.done
	for _, p := range sessions {
		<-p.done
		if p.err != nil {
			t.Error(p.err)
		}
	}
	if other.err != nil {
		t.Error(other.err)
	}
}

func TestASmallScanIsLetPast(t *testing.T) {
	t.Parallel()
	m := newMorning(t)
	small := m.person("small")
	small.project("one", gitlabtest.Developer, 1)
	small.read() // from now on it is known how small
	m.clock.Advance(time.Minute)
	m.begin()
	large := m.person("large")
	large.many(1)
	queued := large.waits(t.Context())
	m.hears(queued, ahead(0))
	quick := small.waits(t.Context())
	m.hears(quick, fleet.Progress{})
	if n := m.service.Stats().Waiting; n != 1 {
		t.Errorf("%d scans wait, want only the one of which nothing is known", n)
	}
	m.gate.Open()
	<-quick.done
	<-queued.done
	if slices.Contains(quick.told, ahead(0)) || quick.err != nil || queued.err != nil {
		t.Errorf("the small scan was told %v, %v", quick.told, quick.err)
	}
}

func TestWhatWasReadSoFarIsShown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Configure(func(s *gitlabtest.Settings) { s.GraphQLOff = true })
	lead := w.person("lead")
	lead.many(5)
	late := lead.project("zz-late", gitlabtest.Maintainer, 1)
	gate := gitlabtest.NewGate()
	w.Inject(gitlabtest.OpListAgents, gitlabtest.Hold(gate).ForProject(late))
	reading := lead.waits(t.Context())
	(&morning{world: w}).hears(reading, fleet.Progress{Done: 5, Total: 6})
	view := w.service.Cached(lead.viewer)
	if !view.Partial || !view.Scanning || view.Fresh || len(view.Snapshot.Projects) != 5 || len(view.Snapshot.Agents) != 10 || view.Progress != (fleet.Progress{Done: 5, Total: 6}) {
		t.Fatalf("so far %+v", view)
	}
	if got := names(view.Snapshot); !slices.IsSorted(got) {
		t.Errorf("the agents are in the order %v", got)
	}
	w.Inject(gitlabtest.OpListProjects, gitlabtest.Hold(gate)) // so that there is nothing yet of the next pass
	w.service.Drop(lead.id)                                    // what was read so far is from before a change of theirs
	if view := w.service.Cached(lead.viewer); view.Snapshot != nil {
		t.Error("after a change of theirs, what was read before is still shown")
	}
	gate.Open()
	<-reading.done
	if view := w.service.Cached(lead.viewer); reading.err != nil || view.Partial || len(view.Snapshot.Agents) != 11 {
		t.Errorf("in the end %+v, %v", view, reading.err)
	}
}
