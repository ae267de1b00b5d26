package scan_test

import (
	"errors"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/gitlabapi/gitlabtest"
	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/fleet"
)

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
	if tokens, unknown := tokenCount(second); unknown != 36 || tokens == 0 || second.Fallback != agent.FallbackUnsupported {
		t.Errorf("%d unknown, fallback %v; want 36 unknown of the first scan", unknown, second.Fallback)
	}
	if n := w.Calls(""); n != 3 {
		t.Errorf("%d calls, want one query about both projects' agents, one about their versions and one about their files", n)
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
		got.Fallback != agent.FallbackPartial {
		t.Errorf("%d agents, fallback %v, warnings (-want +got):\n%s", len(got.Agents), got.Fallback, diff)
	}
	if g, r := w.Calls(gitlabtest.OpGraphQL), w.Calls(gitlabtest.OpListAgents); g != 1 || r != 1 || w.Calls("") != 2 {
		t.Errorf("%d queries and %d lists, want one of each for the one project", g, r)
	}
	w.Configure(func(s *gitlabtest.Settings) { s.GraphQLErrors = nil })
	if got := retry(all[3]); len(got.Agents) != 38 || got.Fallback != agent.FallbackNone {
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

func TestH8ProjectsThatFailInEveryWayLeaveTheRest(t *testing.T) {
	t.Parallel()
	faults := []struct {
		name  string
		fault gitlabtest.Fault
		want  fleet.WarningKind
	}{
		{"500", gitlabtest.Status(http.StatusInternalServerError), fleet.Unavailable},
		{"bad gateway", gitlabtest.BadGateway(), fleet.Unavailable},
		{"403", gitlabtest.Message(http.StatusForbidden, "403 Forbidden"), fleet.NotVisible},
		{"404", gitlabtest.Status(http.StatusNotFound), fleet.NotVisible},
		{"cut", gitlabtest.Cut(), fleet.Unavailable},
		{"reset", gitlabtest.Reset(), fleet.Unavailable},
		{"cut in the middle", gitlabtest.CutAfterHeaders(), fleet.Unavailable},
		{"broken JSON", gitlabtest.Truncated(), fleet.Unavailable},
		{"null", gitlabtest.Reply(http.StatusOK, "application/json", "null"), fleet.Unavailable},
		{"too large", gitlabtest.Oversized(2 << 20), fleet.Unavailable},
		{"a page to sign in", gitlabtest.SignInPage(), fleet.Unavailable},
		{"elsewhere", gitlabtest.RedirectTo("https://elsewhere.invalid/"), fleet.Unavailable},
	}
	w := newWorld(t)
	w.Configure(func(s *gitlabtest.Settings) { s.GraphQLOff = true })
	lead := w.person("lead")
	all := lead.many(20)
	for i, f := range faults {
		w.Inject(gitlabtest.OpListAgents, f.fault.ForProject(all[i]))
	}
	got := lead.read()
	warnings := kinds(got)
	for i, f := range faults {
		if kind, ok := warnings[all[i]]; !ok || kind != f.want {
			t.Errorf("%s: warning %v, there is one: %v; want %v", f.name, kind, ok, f.want)
		}
	}
	if len(got.Agents) != 16 {
		t.Errorf("%d agents, want the 16 of the 8 other projects", len(got.Agents))
	}
	w.ClearFaults("")
	if again := lead.read(); len(again.Agents) != 40 || len(again.Warnings) != 0 {
		t.Errorf("the next view has %d agents and %d warnings, want 40 and none", len(again.Agents), len(again.Warnings))
	}
}
