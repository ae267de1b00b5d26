package fleet_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/gitlabapi/gitlabtest"
	"gitlab-agent-portal/internal/fleet"
)

func TestTwoPeopleAtOnceAreNeverMixed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	people := map[string]*reader{}
	for _, name := range []string{"ada", "ben"} {
		people[name] = w.person(name)
		for i := range 30 {
			people[name].project(fmt.Sprintf("%s-%d", name, i), gitlabtest.Maintainer, 1)
		}
		people[name].viewer.Grant = "the same" // not even then
	}
	var readers sync.WaitGroup
	for range 5 {
		for name, p := range people {
			readers.Go(func() {
				got, err := w.service.Read(t.Context(), p.viewer, p.source, nil)
				if err != nil || len(got.Agents) != 30 {
					t.Errorf("%s: %v, want 30 agents", name, err)
					return
				}
				for _, a := range got.Agents {
					if a.Project.Name[:3] != name {
						t.Errorf("%s is shown %s", name, a.Project.Path)
					}
				}
			})
		}
		readers.Wait()
		w.clock.Advance(time.Minute)
	}
}

func TestAnotherSessionOfTheSamePersonReadsAnew(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	lead := w.person("lead")
	lead.many(2)
	lead.read()
	calls := w.Calls("")
	lead.viewer.Grant = "another session"
	if view := w.service.Cached(lead.viewer); view.Snapshot != nil {
		t.Error("one session is shown what another has read")
	}
	lead.read()
	if w.Calls("") != 2*calls {
		t.Error("another session did not ask GitLab itself")
	}
}

func TestWhatWasReadIsShownFor30Seconds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	lead := w.person("lead")
	lead.many(2)
	if view := w.service.Cached(lead.viewer); view.Snapshot != nil || view.Scanning {
		t.Errorf("before anything was read: %+v", view)
	}
	first := lead.read()
	calls := w.Calls("")

	w.clock.Advance(30 * time.Second)
	if again := lead.read(); again != first || w.Calls("") != calls {
		t.Errorf("%d calls for what is 30 s old, want none", w.Calls("")-calls)
	}
	if view := lead.look(); view.Snapshot != first || !view.Fresh || view.Scanning {
		t.Errorf("the view of what is 30 s old: %+v", view)
	}
	w.clock.Advance(time.Second)
	if second := lead.read(); second == first || !second.ReadAt.Equal(w.clock.Now()) {
		t.Error("what is 31 s old was read as if fresh")
	}
}

func TestWhatIsOldIsShownWhileItIsReadAnew(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	lead := w.person("lead")
	lead.many(2)
	first := lead.read()
	gate := gitlabtest.NewGate()
	w.Inject(gitlabtest.OpListProjects, gitlabtest.Hold(gate))

	w.clock.Advance(31 * time.Second)
	for range 2 { // the second view joins the scan of the first
		if view := lead.look(); view.Snapshot != first || view.Fresh || !view.Scanning {
			t.Errorf("the view of what is 31 s old: %+v", view)
		}
	}
	if view := w.service.Cached(lead.viewer); view.Snapshot != first || view.Fresh || !view.Scanning {
		t.Errorf("what is kept: %+v", view)
	}
	gate.Open()
	second := lead.read()
	if second == first || w.Calls(gitlabtest.OpListProjects) != 6 {
		t.Errorf("%d lists of projects, want those of two scans", w.Calls(gitlabtest.OpListProjects))
	}
	w.clock.Advance(5*time.Minute + time.Second)
	if view := lead.look(); view.Snapshot != nil || !view.Scanning {
		t.Errorf("what is older than 5 min is still shown: %+v", view)
	}
}

func TestRefreshReadsAnewAndShowsTheOldMeanwhile(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	lead := w.person("lead")
	lead.many(2)
	first := lead.read()
	w.service.Refresh(lead.viewer)
	if view := lead.look(); view.Snapshot != first || view.Fresh || !view.Scanning {
		t.Errorf("the view after a refresh: %+v", view)
	}
	second := lead.read()
	if view := lead.look(); second == first || view.Snapshot != second || !view.Fresh || view.Scanning {
		t.Errorf("the view after that: %+v", view)
	}
}

func TestH8FailuresAreNotKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Configure(func(s *gitlabtest.Settings) { s.GraphQLOff = true })
	lead := w.person("lead")
	all := lead.many(20)
	w.Inject(gitlabtest.OpListAgents, gitlabtest.Status(http.StatusServiceUnavailable).ForProject(all[3]))
	w.Inject(gitlabtest.OpListAgents, gitlabtest.Status(http.StatusServiceUnavailable).ForProject(all[4]))
	first := lead.read()
	if len(first.Agents) != 36 || len(first.Warnings) != 2 {
		t.Fatalf("%d agents and %d warnings, want 36 and 2", len(first.Agents), len(first.Warnings))
	}
	w.ClearFaults("")
	w.Configure(func(s *gitlabtest.Settings) { s.GraphQLOff = false })
	w.ResetCounters()
	w.clock.Advance(10 * time.Second)
	if view := w.service.Cached(lead.viewer); view.Snapshot != first || view.Scanning {
		t.Errorf("filters and pages start nothing, but %+v", view)
	}
	if view := lead.look(); view.Snapshot != first || !view.Fresh || !view.Scanning {
		t.Errorf("the next view: %+v, want the old one while the two are read again", view)
	}
	second := lead.read()
	if len(second.Agents) != 40 || len(second.Warnings) != 0 || !second.ReadAt.Equal(first.ReadAt) {
		t.Errorf("%d agents, %d warnings, read at %v", len(second.Agents), len(second.Warnings), second.ReadAt)
	}
	if !slices.IsSorted(names(second)) || len(first.Agents) != 36 {
		t.Error("the agents are out of order, or the first snapshot was changed")
	}
	if tokens, unknown := tokenCount(second); unknown != 36 || tokens == 0 || second.Fallback != fleet.FallbackUnsupported {
		t.Errorf("%d unknown, fallback %v; want 36 unknown of the first scan", unknown, second.Fallback)
	}
	if n := w.Calls(""); n != 1 {
		t.Errorf("%d calls, want the one query for both projects", n)
	}
}

func TestOneProjectIsTriedAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	lead, other := w.person("lead"), w.person("other")
	all := lead.many(20)
	foreign := other.project("foreign", gitlabtest.Maintainer, 1)
	w.Configure(func(s *gitlabtest.Settings) { s.GraphQLErrors = map[int64]string{all[3]: "x", all[4]: "x"} })
	w.Inject(gitlabtest.OpListAgents, gitlabtest.Status(http.StatusServiceUnavailable))
	lead.read()
	w.ClearFaults("")
	w.ResetCounters()
	retry := func(project int64) *fleet.Snapshot {
		got, err := w.service.RetryProject(t.Context(), lead.viewer, lead.source, project)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	got := retry(all[3])
	if diff := cmp.Diff(map[int64]fleet.WarningKind{all[4]: fleet.Unavailable}, kinds(got)); diff != "" || len(got.Agents) != 38 ||
		got.Fallback != fleet.FallbackPartial {
		t.Errorf("%d agents, fallback %v, warnings (-want +got):\n%s", len(got.Agents), got.Fallback, diff)
	}
	if g, r := w.Calls(gitlabtest.OpGraphQL), w.Calls(gitlabtest.OpListAgents); g != 1 || r != 1 || w.Calls("") != 2 {
		t.Errorf("%d queries and %d lists, want one of each for the one project", g, r)
	}
	w.Configure(func(s *gitlabtest.Settings) { s.GraphQLErrors = nil })
	if got := retry(all[3]); len(got.Agents) != 38 || got.Fallback != fleet.FallbackNone {
		t.Errorf("%d agents, fallback %v, want 38 and none, since no tokens are unknown any more", len(got.Agents), got.Fallback)
	}
	calls := w.Calls("")
	if got := retry(foreign); len(got.Agents) != 38 || w.Calls("") != calls {
		t.Error("a project that is not the viewer's was asked for")
	}
	if view := w.service.Cached(lead.viewer); view.Snapshot == nil || len(view.Snapshot.Agents) != 38 {
		t.Errorf("what was tried again is not kept: %+v", view)
	}
	w.service.Drop(lead.id)
	if got := retry(all[3]); len(got.Agents) != 40 {
		t.Errorf("%d agents when nothing was kept, want all 40", len(got.Agents))
	}
}

func TestARetryDoesNotBringBackWhatWasDropped(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	lead := w.person("lead")
	project := lead.many(1)[0]
	lead.read()
	gate := gitlabtest.NewGate()
	w.Inject(gitlabtest.OpGraphQL, gitlabtest.Hold(gate))
	var retry sync.WaitGroup
	retry.Go(func() {
		if _, err := w.service.RetryProject(t.Context(), lead.viewer, lead.source, project); err != nil {
			t.Error(err)
		}
	})
	if err := gate.Await(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	w.service.DropSession(lead.viewer.Grant)
	gate.Open()
	retry.Wait()
	if view := w.service.Cached(lead.viewer); view.Snapshot != nil {
		t.Error("after signing out something is kept")
	}
}

func TestOwnChangesAndSigningOutForgetEverything(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	lead, other := w.person("lead"), w.person("other")
	lead.many(1)
	second := lead.viewer
	second.Grant = "second session"
	fill := func() {
		lead.read()
		other.read()
		if _, err := w.service.Read(t.Context(), second, lead.source, nil); err != nil {
			t.Fatal(err)
		}
	}
	kept := func() []bool {
		var out []bool
		for _, v := range []fleet.Viewer{lead.viewer, second, other.viewer} {
			out = append(out, w.service.Cached(v).Snapshot != nil)
		}
		return out
	}
	fill()
	w.service.Drop(lead.id)
	if got := kept(); !slices.Equal(got, []bool{false, false, true}) {
		t.Errorf("after a change of theirs kept: %v", got)
	}
	fill()
	w.service.DropSession(second.Grant)
	if got := kept(); !slices.Equal(got, []bool{true, false, true}) {
		t.Errorf("after signing out of the second session kept: %v", got)
	}
	if entries, size := w.service.Kept(); entries != 2 || size <= 0 {
		t.Errorf("%d entries of %d bytes, want 2", entries, size)
	}
	w.service.DropSession(lead.viewer.Grant)
	w.service.Drop(other.id)
	if entries, size := w.service.Kept(); entries != 0 || size != 0 {
		t.Errorf("%d entries of %d bytes, want none", entries, size)
	}
}

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
	if n := w.Calls(gitlabtest.OpGraphQL); n != 2 {
		t.Errorf("%d queries, want 2: the scan began anew", n)
	}
}

func TestTheCacheHoldsWhatFits(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *fleet.Config) { c.Capacity = 50_000 })
	var people []*reader
	for i := range 4 {
		p := w.person(fmt.Sprintf("person-%d", i))
		for n := range 20 {
			p.project(fmt.Sprintf("p%d-%d", i, n), gitlabtest.Developer, 1, 1)
		}
		people = append(people, p)
	}
	people[0].read()
	_, one := w.service.Kept()
	people[1].read()
	people[2].read()
	people[0].read() // used again: it is the second's that goes
	people[3].read()
	entries, size := w.service.Kept()
	if one < 10_000 || one > 25_000 || size > 50_000 || entries != int(50_000/one) {
		t.Errorf("%d entries of %d bytes, one of which takes %d", entries, size, one)
	}
	if w.service.Cached(people[1].viewer).Snapshot != nil || w.service.Cached(people[0].viewer).Snapshot == nil {
		t.Error("not the least recently used went")
	}
}

func TestASnapshotTooLargeToKeepIsShownAllTheSame(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *fleet.Config) { c.Capacity = 5_000 })
	lead := w.person("lead")
	lead.many(20)
	if got := lead.read(); len(got.Agents) != 40 {
		t.Errorf("%d agents, want 40", len(got.Agents))
	}
	if entries, size := w.service.Kept(); entries != 0 || size != 0 {
		t.Errorf("%d entries of %d bytes are kept, want none", entries, size)
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
	first, second := lead.joined(t.Context()), lead.joined(t.Context())
	leaving, leave := context.WithCancel(t.Context())
	third := lead.joined(leaving)
	leave()
	if _, err := third(); !errors.Is(err, context.Canceled) {
		t.Errorf("the tab that was closed got %v", err)
	}
	gate.Open()
	a, err := first()
	b, err2 := second()
	if err != nil || err2 != nil || a != b || len(a.Agents) != 6 {
		t.Errorf("two tabs got %p and %p, %v and %v", a, b, err, err2)
	}
	if n := w.Calls(gitlabtest.OpListProjects); n != 3 {
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
	w := newWorld(t, func(c *fleet.Config) { c.Linger = time.Nanosecond })
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
	if _, err := result(); !errors.Is(err, fleet.ErrClosed) {
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
	if _, err := result(); !errors.Is(err, fleet.ErrClosed) {
		t.Errorf("the reader got %v, want ErrClosed", err)
	}
	if _, err := w.service.Read(t.Context(), lead.viewer, lead.source, nil); !errors.Is(err, fleet.ErrClosed) {
		t.Errorf("a later reader got %v, want ErrClosed", err)
	}
	if _, err := w.service.Look(t.Context(), lead.viewer, lead.source); !errors.Is(err, fleet.ErrClosed) {
		t.Errorf("a later view got %v, want ErrClosed", err)
	}
}

func TestWithoutTheListOfProjectsThereIsAnError(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	lead := w.person("lead")
	lead.many(3)
	first := lead.read()
	w.clock.Advance(time.Minute)
	for name, tc := range map[string]struct {
		fault gitlabtest.Fault
		want  error
		kept  bool
	}{
		"unavailable": {gitlabtest.Status(http.StatusBadGateway), gitlabapi.ErrUnavailable, true},
		"limited":     {gitlabtest.Throttled(time.Minute), gitlabapi.ErrRateLimited, true},
		"forbidden":   {gitlabtest.Message(http.StatusForbidden, "403 Forbidden"), gitlabapi.ErrForbidden, false},
	} {
		w.ClearFaults("")
		w.Inject(gitlabtest.OpListProjects, tc.fault)
		if got, err := w.service.Read(t.Context(), lead.viewer, lead.source, nil); got != nil || !errors.Is(err, tc.want) {
			t.Errorf("%s: read %v, %v, want %v", name, got, err, tc.want)
		}
		if tc.kept {
			continue
		}
		if view := w.service.Cached(lead.viewer); view.Snapshot != nil {
			t.Errorf("%s: what was read before is still kept", name)
		}
		w.ClearFaults("")
		first = lead.read()
		w.clock.Advance(time.Minute)
	}
	w.ClearFaults("")
	w.Inject(gitlabtest.OpListProjects, gitlabtest.Status(http.StatusBadGateway))
	if view := lead.look(); view.Snapshot != first {
		t.Error("what was read before is not shown while GitLab is away")
	}
}
