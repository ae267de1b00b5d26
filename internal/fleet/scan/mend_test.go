package scan_test

import (
	"net/http"
	"testing"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

// TestWhatWasChangedIsMendedAndTheRestStays counts the calls: one query for the one project.
func TestWhatWasChangedIsMendedAndTheRestStays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	lead := w.person("lead")
	all := lead.many(20)
	lead.read()
	w.AddAgent(gitlabtest.Agent{Project: all[3], Name: "new"})
	w.service.Touch(lead.id, all[3])
	if view := w.service.Cached(lead.viewer); view.Snapshot != nil {
		t.Error("what was changed is shown as it was")
	}
	changed := lead.viewer
	changed.Changes++ // as the next request of the person says
	w.ResetCounters()
	w.service.Mend(t.Context(), changed, lead.source)
	view := w.service.Cached(changed)
	if view.Snapshot == nil || len(view.Snapshot.Agents) != 41 || !view.Fresh {
		t.Fatalf("after mending there is %+v", view)
	}
	if lists := w.Calls(gitlabtest.OpListProjects); lists != 0 {
		t.Errorf("the projects were listed %d times", lists)
	}
	w.ResetCounters()
	w.service.Mend(t.Context(), changed, lead.source)
	if n := w.Calls(""); n != 0 {
		t.Errorf("what is whole is mended with %d calls", n)
	}
	changed.Changes++ // one that was made elsewhere
	if view := w.service.Cached(changed); view.Snapshot != nil {
		t.Error("after a change that nobody told of, what was read before is shown")
	}
}

func TestWhatCannotBeMendedIsDropped(t *testing.T) {
	t.Parallel()
	for name, trip := range map[string]func(w *world, project int64) (touched int64){
		"its project fails": func(w *world, project int64) int64 {
			w.Configure(func(s *gitlabtest.Settings) { s.GraphQLOff = true })
			w.Inject(gitlabtest.OpListAgents, gitlabtest.Status(http.StatusServiceUnavailable))
			return project
		},
		"its project is not in what is kept": func(_ *world, project int64) int64 { return project + 1000 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			lead := w.person("lead")
			all := lead.many(3)
			lead.read()
			w.service.Touch(lead.id, trip(w, all[0]))
			w.service.Mend(t.Context(), lead.viewer, lead.source)
			if view := w.service.Cached(lead.viewer); view.Snapshot != nil {
				t.Error("it is shown as it was")
			}
		})
	}
}

func TestAChangeOfOnePersonTouchesNobodyElses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	lead, other := w.person("lead"), w.person("other")
	project := lead.many(1)[0]
	other.project("own", gitlabtest.Maintainer, 1)
	lead.read()
	other.read()
	w.service.Touch(lead.id, project)
	if w.service.Cached(other.viewer).Snapshot == nil || w.service.Cached(lead.viewer).Snapshot != nil {
		t.Error("the wrong fleet is held back")
	}
}
