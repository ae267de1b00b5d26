package scan_test

import (
	"fmt"
	"net/http"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
	"gitlab-agent-portal/internal/fleet"
	"gitlab-agent-portal/internal/fleet/scan"
)

// run has pods of these versions connected as an agent of a project.
func (w *world) run(project int64, name string, versions ...string) {
	id := w.AddAgent(gitlabtest.Agent{Project: project, Name: name})
	w.AddToken(gitlabtest.Token{Agent: id, Name: "live", Live: true, Versions: versions})
}

// running says of each agent what runs as it, or why that is not known.
func running(s *fleet.Snapshot) map[string]string {
	told := map[string]string{}
	for _, a := range s.Agents {
		told[a.Project.Name+"/"+a.Name] = fmt.Sprintf("%s%v%t", a.Untold(), a.Running.Versions, a.Running.Warned)
	}
	return told
}

func TestAScanTellsTheVersionsThatThePersonMayAskFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	lead := w.person("lead")
	docs := lead.project("docs", gitlabtest.Developer)
	web := lead.project("web", gitlabtest.Maintainer, 1)
	old := lead.project("old", gitlabtest.Maintainer)
	w.run(docs, "prod")
	w.run(web, "prod")
	w.run(web, "late", "17.10.1", "17.9.0", "17.9.0")
	w.run(old, "prod")
	w.ArchiveProject(old, true)
	want := map[string]string{
		"docs/prod": "role[]false", "old/prod": "read_only[]false",
		"web/agent-000": "[18.5.1]false", "web/prod": "[18.5.1]false", "web/late": "[17.9.0 17.10.1]true",
	}
	if diff := cmp.Diff(want, running(lead.read())); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if n := w.Calls(gitlabtest.OpGraphQL); n != 3 {
		t.Errorf("%d queries, want one about agents, one about their versions and one about their files", n)
	}
}

func TestNobodyIsAskedForVersionsThatTheyAreNotTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	dev := w.person("dev")
	w.run(dev.project("docs", gitlabtest.Developer), "prod")
	dev.project("empty", gitlabtest.Maintainer)
	dev.read()
	if n := w.Calls(gitlabtest.OpGraphQL); n != 2 {
		t.Errorf("%d queries, want the one about agents and the one about their files", n)
	}
}

func TestH11VersionsThatAreNotToldTakeNothingElse(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		change  func(*gitlabtest.Settings)
		want    string
		queries int
	}{
		"no agent server":                   {func(s *gitlabtest.Settings) { s.KASDisabled = true }, "unanswered[]false", 3},
		"an agent server that is down":      {func(s *gitlabtest.Settings) { s.KASUnreachable = true }, "unanswered[]false", 3},
		"a GitLab without connections":      {func(s *gitlabtest.Settings) { s.GraphQLLacks = []string{"ClusterAgent.connections"} }, "unanswered[]false", 3},
		"a GitLab that warns of no version": {func(s *gitlabtest.Settings) { s.GraphQLLacks = []string{"ConnectedAgent.warnings"} }, "[17.9.0]false", 4},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.Configure(tc.change)
			lead := w.person("lead")
			w.run(lead.project("web", gitlabtest.Maintainer), "prod", "17.9.0")
			got := lead.read()
			if told := running(got)["web/prod"]; told != tc.want || len(got.Warnings) != 0 || got.Fallback != 0 || !got.Agents[0].UseKnown() {
				t.Errorf("told %q with %v, want %q and nothing missing", told, got.Warnings, tc.want)
			}
			if n := w.Calls(gitlabtest.OpGraphQL); n != tc.queries {
				t.Errorf("%d queries, want %d", n, tc.queries)
			}
			w.service.Drop(lead.id)
			lead.read()
			if n := w.Calls(gitlabtest.OpGraphQL); n != tc.queries+3 {
				t.Errorf("%d queries with the second reading, want 3 more: what the instance does not know was forgotten", n)
			}
		})
	}
}

// TestTheListDoesNotWaitForVersionsLongerThanTheirTime holds the second query back.
func TestTheListDoesNotWaitForVersionsLongerThanTheirTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	deadlines := w.deadlines(scan.RunningTimeout)
	lead := w.person("lead")
	w.run(lead.project("web", gitlabtest.Maintainer), "prod")
	gate := gitlabtest.NewGate()
	var queries atomic.Int32
	w.Inject(gitlabtest.OpGraphQL, gitlabtest.Hold(gate).When(func(*http.Request) bool { return queries.Add(1) == 2 }))
	read := make(chan *fleet.Snapshot, 1)
	go func() { read <- lead.read() }()
	if err := gate.Await(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	if view := w.service.Cached(lead.viewer); !view.Partial || !slices.Equal(names(view.Snapshot), []string{"group/web/prod"}) {
		t.Errorf("meanwhile there is %+v, want the agent", view)
	}
	deadlines.pass()
	if told := running(<-read)["web/prod"]; told != "unanswered[]false" {
		t.Errorf("told %q", told)
	}
}

func TestAProjectThatIsReadAgainTellsItsVersionsAnew(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	lead := w.person("lead")
	web := lead.project("web", gitlabtest.Maintainer)
	w.run(web, "prod", "17.9.0")
	w.run(lead.project("shop", gitlabtest.Maintainer), "prod", "17.8.0")
	lead.read()
	w.run(web, "next")
	again, err := w.service.RetryProject(t.Context(), lead.viewer, lead.source, web)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"shop/prod": "[17.8.0]true", "web/prod": "[17.9.0]true", "web/next": "[18.5.1]false"}
	if diff := cmp.Diff(want, running(again)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestVersionsOfALargeProjectAreReadPageByPage counts what 137 agents cost.
func TestVersionsOfALargeProjectAreReadPageByPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	lead := w.person("lead")
	large := lead.project("large", gitlabtest.Maintainer)
	for i := range 137 {
		w.run(large, fmt.Sprintf("agent-%03d", i))
	}
	unknown := 0
	for _, told := range running(lead.read()) {
		if told != "[18.5.1]false" {
			unknown++
		}
	}
	if n := w.Calls(gitlabtest.OpGraphQL); unknown != 0 || n != 5 {
		t.Errorf("%d versions are unknown after %d queries, want two about agents, two about versions and one about files", unknown, n)
	}
}
