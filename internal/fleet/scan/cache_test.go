package scan_test

import (
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
	"gitlab-agent-portal/internal/fleet/scan"
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
	if second == first || w.Calls(gitlabtest.OpListProjects) != 2 {
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
		for _, v := range []scan.Viewer{lead.viewer, second, other.viewer} {
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
	w.service.DropSession(other.viewer.Grant)
	if entries, size := w.service.Kept(); entries != 0 || size != 0 {
		t.Errorf("%d entries of %d bytes, want none", entries, size)
	}
}

func TestNamesOutliveOwnChangesButNotSigningOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	lead, other := w.person("lead"), w.person("other")
	lead.many(1)
	if w.service.Known(lead.viewer) != nil {
		t.Error("something is known before anything was read")
	}
	first := lead.read()
	w.service.Drop(lead.id)
	if got := w.service.Known(lead.viewer); got != first || w.service.Known(other.viewer) != nil {
		t.Errorf("after a change of theirs known: %v", got)
	}
	if view := lead.look(); view.Snapshot != nil || !view.Scanning {
		t.Errorf("it is shown: %+v", view)
	}
	if second := lead.read(); second == first || w.service.Known(lead.viewer) != second {
		t.Error("what was read anew is not what is known")
	}
	w.service.Drop(lead.id)
	w.clock.Advance(5*time.Minute + time.Second)
	if w.service.Known(lead.viewer) != nil {
		t.Error("what is older than 5 min is still known")
	}
	lead.read()
	w.service.DropSession(lead.viewer.Grant)
	if w.service.Known(lead.viewer) != nil {
		t.Error("something is known after signing out")
	}
}

// equals adds people whose fleets take the same room.
func (w *world) equals(people int) []*reader {
	var all []*reader
	for i := range people {
		p := w.person(fmt.Sprintf("person-%d", i))
		for n := range 20 {
			p.project(fmt.Sprintf("p%d-%02d", i, n), gitlabtest.Developer, 1, 1)
		}
		all = append(all, p)
	}
	return all
}

// roomFor is what so many of them take.
func roomFor(t *testing.T, people float64) int64 {
	t.Helper()
	w := newWorld(t)
	w.equals(1)[0].read()
	_, one := w.service.Kept()
	if one < 1_000 || one > 8_000 {
		t.Errorf("40 agents take %d bytes", one)
	}
	return int64(float64(one) * people)
}

func TestTheCacheHoldsWhatFits(t *testing.T) {
	t.Parallel()
	capacity := roomFor(t, 3.5)
	w := newWorld(t, func(c *scan.Config) { c.Capacity = capacity })
	people := w.equals(4)
	isKept := func(i int) bool { return w.service.Cached(people[i].viewer).Snapshot != nil }
	people[0].read()
	people[1].read()
	people[2].read()
	w.clock.Advance(20 * time.Second)
	isKept(0) // used again: it is the second's that goes
	w.clock.Advance(10 * time.Second)
	people[3].read()
	if isKept(1) || !isKept(0) || !isKept(2) || !isKept(3) {
		t.Error("not the least recently used went")
	}
	stats := w.service.Stats()
	if stats.Viewers != 3 || stats.Bytes > capacity || stats.Capacity != capacity || stats.Evicted != 1 || stats.Refused != 0 {
		t.Errorf("%+v, want 3 of them within %d bytes and one that went", stats, capacity)
	}
}

func TestWhatIsInUseMakesNoRoom(t *testing.T) {
	t.Parallel()
	capacity := roomFor(t, 2.5)
	w := newWorld(t, func(c *scan.Config) { c.Capacity = capacity })
	people := w.equals(4)
	people[0].read()
	people[1].read()
	w.clock.Advance(29 * time.Second)
	for range 3 { // each of them reads for themselves, and puts nobody out
		for _, late := range people[2:] {
			if got := late.read(); len(got.Agents) != 40 {
				t.Errorf("who comes late is shown %d agents, want 40", len(got.Agents))
			}
		}
	}
	calls := w.Calls("")
	people[0].read()
	people[1].read()
	if w.Calls("") != calls {
		t.Errorf("%d more calls for those who came first, want none", w.Calls("")-calls)
	}
	if stats := w.service.Stats(); stats.Viewers != 2 || stats.Bytes > capacity || stats.Evicted != 0 || stats.Refused != 6 {
		t.Errorf("%+v, want the first two within %d bytes and six that were refused", stats, capacity)
	}
	w.clock.Advance(20 * time.Second)
	people[2].read()
	if stats := w.service.Stats(); stats.Evicted != 0 {
		t.Errorf("%+v, want that nobody has made room who looked 20 s ago", stats)
	}
	w.clock.Advance(10 * time.Second)
	people[2].read()
	if stats := w.service.Stats(); stats.Evicted != 1 || w.service.Cached(people[2].viewer).Snapshot == nil {
		t.Errorf("%+v, want that one has made room who looked away", stats)
	}
}

func TestAKeptFleetThatNobodyLooksAtIsTheSameLater(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	lead := w.person("lead")
	lead.many(20)
	first := *lead.read()
	calls := w.Calls("")
	runtime.GC() // nobody holds the snapshot itself
	if diff := cmp.Diff(&first, lead.read(), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("(-read +kept):\n%s", diff)
	}
	if w.Calls("") != calls {
		t.Error("GitLab was asked again")
	}
}

func TestASnapshotTooLargeToKeepIsShownAllTheSame(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *scan.Config) { c.Capacity = 2_000 })
	lead := w.person("lead")
	lead.many(20)
	if got := lead.read(); len(got.Agents) != 40 {
		t.Errorf("%d agents, want 40", len(got.Agents))
	}
	if entries, size := w.service.Kept(); entries != 0 || size != 0 {
		t.Errorf("%d entries of %d bytes are kept, want none", entries, size)
	}
}

func TestWhatIsTooOldToBeShownIsForgotten(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	lead, other := w.person("lead"), w.person("other")
	lead.many(1)
	lead.read()
	w.clock.Advance(5*time.Minute + time.Second)
	other.read()
	if entries, _ := w.service.Kept(); entries != 1 {
		t.Errorf("%d fleets are kept, want only the one that may be shown", entries)
	}
}
