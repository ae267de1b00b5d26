package scan_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
	"gitlab-agent-portal/internal/fleet"
	"gitlab-agent-portal/internal/fleet/scan"
)

func TestAChangeDuringAScanIsInItsResult(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	lead := w.person("lead")
	project := lead.many(3)[0]
	gate := gitlabtest.NewGate()
	w.Inject(gitlabtest.OpGraphQL, gitlabtest.Hold(gate).AfterCommit().Times(1)) // GitLab has answered, we have not heard
	var reader sync.WaitGroup
	reader.Go(func() {
		got, err := w.service.Read(t.Context(), lead.viewer, lead.source, nil)
		if err != nil || !slices.Contains(names(got), "group/project-0000/brand-new") {
			t.Errorf("%v, want the new agent to be there", err)
		}
	})
	if err := gate.Await(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	lead.agent(project, "brand-new", 1)
	w.service.Drop(lead.id)
	reader.Wait()
	if n := w.Calls(gitlabtest.OpGraphQL); n != 4 {
		t.Errorf("%d queries, want the one that was cut off and 3: the scan began anew", n)
	}
}

func TestARefreshDuringAScanReadsAnew(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	lead := w.person("lead")
	project := lead.many(3)[0]
	gate := gitlabtest.NewGate()
	w.Inject(gitlabtest.OpGraphQL, gitlabtest.Hold(gate).AfterCommit().Times(1)) // GitLab has answered, we have not heard
	before := lead.joined(t.Context())
	if err := gate.Await(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	lead.agent(project, "brand-new", 1) // by somebody else: nothing here knows of it
	var clicks []func() (*fleet.Snapshot, error)
	for range 5 {
		w.service.Refresh(lead.viewer)
		clicks = append(clicks, lead.joined(t.Context()))
	}
	gate.Open()
	if got, err := before(); err != nil || len(got.Agents) != 6 {
		t.Errorf("who asked before the click got %v, want what was read then", err)
	}
	first, err := clicks[0]()
	if err != nil || !slices.Contains(names(first), "group/project-0000/brand-new") {
		t.Errorf("%v, want the agent that was there at the click", err)
	}
	for _, click := range clicks {
		if got, err := click(); got != first || err != nil {
			t.Errorf("another click got %p, %v, want the same reading", got, err)
		}
	}
	if n := w.Calls(gitlabtest.OpGraphQL); n != 6 {
		t.Errorf("%d queries, want three for what ran and three for what waited", n)
	}
	if view := lead.look(); !view.Fresh || view.Scanning {
		t.Errorf("afterwards fresh = %v, scanning = %v, want a fleet at rest", view.Fresh, view.Scanning)
	}
}

func TestWhatARefreshOvertookIsNotTakenForFresh(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	lead := w.person("lead")
	lead.many(3)
	gate := gitlabtest.NewGate()
	w.Inject(gitlabtest.OpGraphQL, gitlabtest.Hold(gate).Times(1))
	before := lead.joined(t.Context())
	if err := gate.Await(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	w.service.Refresh(lead.viewer) // and the page that it leads to is slow to come
	gate.Open()
	if _, err := before(); err != nil {
		t.Fatal(err)
	}
	if view := lead.look(); view.Snapshot == nil || view.Fresh || !view.Scanning {
		t.Errorf("fresh = %v, scanning = %v, want the old fleet while a scan runs", view.Fresh, view.Scanning)
	}
}

func TestARefreshBeforeAScanHasBegunIsPartOfIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	lead := w.person("lead")
	lead.many(3)
	gate := gitlabtest.NewGate()
	w.Inject(gitlabtest.OpGraphQL, gitlabtest.Hold(gate).Times(1))
	running := lead.joined(t.Context())
	if err := gate.Await(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	w.service.Refresh(lead.viewer)
	waiting := lead.joined(t.Context())
	w.service.Refresh(lead.viewer)
	gate.Open()
	for _, result := range []func() (*fleet.Snapshot, error){running, waiting} {
		if _, err := result(); err != nil {
			t.Error(err)
		}
	}
	if n := w.Calls(gitlabtest.OpGraphQL); n != 6 {
		t.Errorf("%d queries, want 3 for each scan", n)
	}
}

func TestSigningOutEndsTheScanThatWaitsToo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	lead := w.person("lead")
	lead.many(3)
	gate := gitlabtest.NewGate()
	w.Inject(gitlabtest.OpGraphQL, gitlabtest.Hold(gate))
	running := lead.joined(t.Context())
	if err := gate.Await(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	w.service.Refresh(lead.viewer)
	waiting := lead.joined(t.Context())
	w.service.DropSession(lead.viewer.Grant)
	for _, result := range []func() (*fleet.Snapshot, error){running, waiting} {
		if _, err := result(); !errors.Is(err, scan.ErrClosed) {
			t.Errorf("error = %v, want ErrClosed", err)
		}
	}
	if n := w.Calls(gitlabtest.OpGraphQL); n != 1 {
		t.Errorf("%d queries, want none after signing out", n)
	}
}

func TestAWaitingScanThatNobodyWaitsForNeverBegins(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *scan.Config) { c.Linger = time.Nanosecond })
	lead := w.person("lead")
	lead.many(3)
	gate := gitlabtest.NewGate()
	w.Inject(gitlabtest.OpGraphQL, gitlabtest.Hold(gate))
	running := lead.joined(t.Context())
	if err := gate.Await(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	w.service.Refresh(lead.viewer)
	leaving, leave := context.WithCancel(t.Context())
	waiting := lead.joined(leaving)
	leave()
	if _, err := waiting(); !errors.Is(err, context.Canceled) {
		t.Errorf("who left got %v", err)
	}
	if w.scanned().Err == nil {
		t.Error("the waiting scan ended well")
	}
	gate.Open()
	if _, err := running(); err != nil {
		t.Error(err)
	}
	if n := w.Calls(gitlabtest.OpGraphQL); n != 3 {
		t.Errorf("%d queries, want the 3 of the other scan", n)
	}
}

// joined reads in the background, and returns once it waits for a scan.
func (r *reader) joined(ctx context.Context) (result func() (*fleet.Snapshot, error)) {
	waiting, done := make(chan struct{}), make(chan struct{})
	var once sync.Once
	var snapshot *fleet.Snapshot
	var err error
	go func() {
		defer close(done)
		snapshot, err = r.service().Read(ctx, r.viewer, r.source, func(fleet.Progress) { once.Do(func() { close(waiting) }) })
	}()
	<-waiting
	return func() (*fleet.Snapshot, error) {
		<-done
		return snapshot, err
	}
}

func TestTabsShareOneScan(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	lead := w.person("lead")
	lead.many(3)
	gate := gitlabtest.NewGate()
	w.Inject(gitlabtest.OpListProjects, gitlabtest.Hold(gate))
	leaving, leave := context.WithCancel(t.Context())
	beginner := lead.joined(leaving)
	first, second := lead.joined(t.Context()), lead.joined(t.Context())
	leave()
	if _, err := beginner(); !errors.Is(err, context.Canceled) {
		t.Errorf("the tab that began it and was closed got %v", err)
	}
	gate.Open()
	a, err := first()
	b, err2 := second()
	if err != nil || err2 != nil || a != b || len(a.Agents) != 6 {
		t.Errorf("two tabs got %p and %p, %v and %v", a, b, err, err2)
	}
	if n := w.Calls(gitlabtest.OpListProjects); n != 1 {
		t.Errorf("%d lists of projects, want those of one scan", n)
	}
}

func TestProgressGoesUpToTheTotal(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Configure(func(s *gitlabtest.Settings) { s.GraphQLOff = true })
	lead := w.person("lead")
	lead.many(30)
	gate := gitlabtest.NewGate()
	w.Inject(gitlabtest.OpListAgents, gitlabtest.Hold(gate))
	var seen []fleet.Progress
	_, err := w.service.Read(t.Context(), lead.viewer, lead.source, func(p fleet.Progress) {
		if p.Total == 30 {
			gate.Open()
		}
		seen = append(seen, p)
	})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.IsSortedFunc(seen, func(a, b fleet.Progress) int { return a.Done - b.Done }) ||
		!slices.IsSortedFunc(seen, func(a, b fleet.Progress) int { return a.Total - b.Total }) || seen[0] != (fleet.Progress{}) {
		t.Errorf("the progress goes %v", seen)
	}
	if !slices.Contains(seen, fleet.Progress{Total: 30}) {
		t.Errorf("nobody was told of the total: %v", seen)
	}
}

func TestAScanThatNobodyWaitsForIsStopped(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *scan.Config) { c.Linger = time.Nanosecond })
	lead := w.person("lead")
	lead.many(3)
	gate := gitlabtest.NewGate()
	w.Inject(gitlabtest.OpGraphQL, gitlabtest.Hold(gate))
	ctx, leave := context.WithCancel(t.Context())
	result := lead.joined(ctx)
	if err := gate.Await(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	leave()
	if _, err := result(); !errors.Is(err, context.Canceled) {
		t.Errorf("the reader who left got %v", err)
	}
	if scan := w.scanned(); !errors.Is(scan.Err, context.Canceled) {
		t.Errorf("the scan ended with %v", scan.Err)
	}
	gate.Open()
	if got := lead.read(); len(got.Agents) != 6 {
		t.Errorf("the next reader gets %d agents, want 6", len(got.Agents))
	}
}

func TestAScanGoesOnForAWhileWithNobodyWaiting(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	lead := w.person("lead")
	lead.many(3)
	if view := lead.look(); view.Snapshot != nil || !view.Scanning {
		t.Errorf("the first view: %+v", view)
	}
	if scan := w.scanned(); scan.Err != nil || scan.Agents != 6 {
		t.Errorf("the scan of somebody who only looked: %+v", scan)
	}
}

func TestSigningOutStopsTheScan(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	lead, other := w.person("lead"), w.person("other")
	lead.many(3)
	other.many(1)
	gate := gitlabtest.NewGate()
	w.Inject(gitlabtest.OpGraphQL, gitlabtest.Hold(gate))
	result, others := lead.joined(t.Context()), other.joined(t.Context())
	if err := gate.Await(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	w.service.DropSession(lead.viewer.Grant)
	if _, err := result(); !errors.Is(err, scan.ErrClosed) {
		t.Errorf("the reader got %v, want ErrClosed", err)
	}
	if view := w.service.Cached(lead.viewer); view.Snapshot != nil || view.Scanning {
		t.Errorf("after signing out: %+v", view)
	}
	gate.Open()
	if got, err := others(); err != nil || len(got.Agents) != 2 {
		t.Errorf("somebody else's scan ended with %v", err)
	}
}

func TestCloseStopsEverything(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	lead := w.person("lead")
	lead.many(3)
	gate := gitlabtest.NewGate()
	w.Inject(gitlabtest.OpGraphQL, gitlabtest.Hold(gate))
	result := lead.joined(t.Context())
	if err := gate.Await(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	if err := w.service.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := result(); !errors.Is(err, scan.ErrClosed) {
		t.Errorf("the reader got %v, want ErrClosed", err)
	}
	if _, err := w.service.Read(t.Context(), lead.viewer, lead.source, nil); !errors.Is(err, scan.ErrClosed) {
		t.Errorf("a later reader got %v, want ErrClosed", err)
	}
	if _, err := w.service.Look(t.Context(), lead.viewer, lead.source); !errors.Is(err, scan.ErrClosed) {
		t.Errorf("a later view got %v, want ErrClosed", err)
	}
}
