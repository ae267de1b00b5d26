package scan_test

import (
	"slices"
	"testing"
	"time"
)

func TestTheNumbersOfTheProjectsAreThoseOfWhatIsKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	lead, other := w.person("lead"), w.person("other")
	ids := lead.many(3)
	if got := w.service.Projects(lead.viewer); got != nil {
		t.Errorf("before anything was read: %v", got)
	}
	lead.read()
	other.read()
	if got := w.service.Projects(lead.viewer); !slices.Equal(got, ids) {
		t.Errorf("projects of lead: %v, want %v", got, ids)
	}
	if got := w.service.Projects(other.viewer); got == nil || len(got) != 0 {
		t.Errorf("projects of somebody with none: %v, want none, and that this is known", got)
	}
	elsewhere := lead.viewer
	elsewhere.Changes++
	if got := w.service.Projects(elsewhere); got != nil {
		t.Errorf("after a change on another replica: %v", got)
	}
	lead.read()
	w.clock.Advance(5 * time.Minute)
	if got := w.service.Projects(lead.viewer); !slices.Equal(got, ids) {
		t.Errorf("as long as they may be shown: %v", got)
	}
	w.clock.Advance(time.Second)
	if got := w.service.Projects(lead.viewer); got != nil {
		t.Errorf("after that: %v", got)
	}
	w.service.DropSession(other.viewer.Grant)
	if got := w.service.Projects(other.viewer); got != nil {
		t.Errorf("after signing out: %v", got)
	}
}
