package scan_test

import (
	"runtime"
	"testing"
	"time"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

// Every page asks, whatever it shows: a fleet of ten thousand agents is not to be taken apart for it.
func TestHowManyAgentsAreRotatedIsLookedUp(t *testing.T) { //nolint:paralleltest // it counts allocations
	w := newWorld(t)
	lead := w.person("lead")
	lead.many(40)                                      // of which one or both have two tokens
	lead.project("read only", gitlabtest.Developer, 2) // which is somebody else's to end
	if got := w.service.Rotating(lead.viewer); got != 0 {
		t.Errorf("before anything was read: %d", got)
	}
	lead.read()
	if got := w.service.Rotating(lead.viewer); got != 60 {
		t.Errorf("%d agents are rotated, want 60", got)
	}
	allocated := testing.AllocsPerRun(10, func() {
		runtime.GC() // after which nobody holds what was kept
		w.service.Rotating(lead.viewer)
	})
	if allocated > 20 {
		t.Errorf("looking costs %v allocations", allocated)
	}
	w.clock.Advance(5*time.Minute + time.Second)
	if got := w.service.Rotating(lead.viewer); got != 0 {
		t.Errorf("of what is too old to be shown: %d", got)
	}
}
