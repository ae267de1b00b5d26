package scan_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"testing"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/fleet"
	"gitlab-agent-portal/internal/fleet/scan"
)

const (
	good = "ci_access:\n  groups:\n    - id: group\n"
	bad  = "ci_acces:\n  groups:\n    - id: group\n"
)

// configured adds an agent to a project, with its configuration file.
func (r *reader) configured(project int64, name, file string) {
	r.agent(project, name, 1)
	r.w.AddFile(gitlabtest.File{Project: project, Path: ".gitlab/agents/" + name + "/config.yaml", Content: file})
}

// configs are the states of the configuration files, by the agents' names.
func configs(s *fleet.Snapshot) map[string]agent.ConfigState {
	found := map[string]agent.ConfigState{}
	for _, a := range s.Agents {
		found[a.Name] = a.Config
	}
	return found
}

// judged is the fleet as it is shown once its files are read.
func (r *reader) judged() map[string]agent.ConfigState {
	r.w.t.Helper()
	r.read()
	r.w.service.Idle()
	return configs(r.w.service.Cached(r.viewer).Snapshot)
}

func TestAScanTellsWhichConfigurationFilesAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	lead := w.person("lead")
	web := lead.project("web", gitlabtest.Developer)
	lead.configured(web, "fine", good)
	lead.configured(web, "typo", bad)
	lead.agent(web, "bare", 1)
	if first := configs(lead.read()); first["fine"] != agent.ConfigUnknown || first["bare"] != agent.ConfigNone {
		t.Errorf("the list came with %v; want it without what is in the files", first)
	}
	want := map[string]agent.ConfigState{"fine": agent.ConfigAccepted, "typo": agent.ConfigRefused, "bare": agent.ConfigNone}
	if got := lead.judged(); !maps.Equal(got, want) {
		t.Errorf("then there is %v, want %v", got, want)
	}
}

// TestWhatWasReadOfFilesIsNotReadAgain is of 500 projects, 200 of which have an agent with a file.
func TestWhatWasReadOfFilesIsNotReadAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	lead := w.person("lead")
	for i := range 500 {
		project := lead.project(fmt.Sprintf("project-%03d", i), gitlabtest.Developer)
		if i%5 < 2 {
			lead.configured(project, fmt.Sprintf("agent-%03d", i), fmt.Sprintf("%s# %d\n", good, i%180))
		}
	}
	different := 72 // files: of 180 numbers two in five
	for scans, want := range []struct{ blobs, known int }{{50, 0}, {different - 50, 0}, {0, 200}} {
		w.service.Drop(lead.id)
		w.ResetCounters()
		known := 200
		for _, state := range configs(lead.read()) {
			if state == agent.ConfigUnknown {
				known--
			}
		}
		w.service.Idle()
		if n := w.Calls(gitlabtest.OpRawBlob); n != want.blobs {
			t.Errorf("scan %d read %d files, want %d", scans, n, want.blobs)
		}
		// Of each page of projects one query about agents, and one about their files: Developers are told no versions.
		if n := w.Calls(gitlabtest.OpGraphQL); n != 10 || w.Calls("") != 5+n+want.blobs {
			t.Errorf("scan %d took %d calls with %d queries, want 10", scans, w.Calls(""), n)
		}
		if want.known > 0 && known != want.known {
			t.Errorf("scan %d knew of %d agents at once, want %d", scans, known, want.known)
		}
	}
}

func TestWhatNobodyToldOfAFileIsUnknown(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*world, int64){
		"no GraphQL": func(w *world, _ int64) { w.Configure(func(s *gitlabtest.Settings) { s.GraphQLOff = true }) },
		"a GitLab without trees": func(w *world, _ int64) {
			w.Configure(func(s *gitlabtest.Settings) { s.GraphQLLacks = []string{"Repository.tree"} })
		},
		"a repository that is down": func(w *world, project int64) {
			w.Configure(func(s *gitlabtest.Settings) {
				s.GitalyErrors = map[int64]string{project: "14:connections to all backends failing"}
			})
		},
		"a file that cannot be read": func(w *world, _ int64) {
			w.Inject(gitlabtest.OpRawBlob, gitlabtest.Status(http.StatusForbidden))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			lead := w.person("lead")
			web := lead.project("web", gitlabtest.Developer)
			lead.configured(web, "typo", bad)
			change(w, web)
			if got := lead.judged()["typo"]; got != agent.ConfigUnknown {
				t.Errorf("the file is %q, want nothing said of it", got)
			}
			if view := w.service.Cached(lead.viewer); len(view.Snapshot.Warnings) != 0 {
				t.Errorf("that takes %v", view.Snapshot.Warnings)
			}
		})
	}
}

func TestARepositoryThatIsSwitchedOffTellsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	lead := w.person("lead")
	off := w.AddProject(gitlabtest.Project{Path: "off", Group: w.group, RepositoryDisabled: true})
	w.AddMember(off, lead.id, gitlabtest.Maintainer)
	lead.configured(off, "typo", bad)
	if got := lead.judged()["typo"]; got != agent.ConfigUnknown || w.Calls(gitlabtest.OpRawBlob) != 0 {
		t.Errorf("the file is %q", got)
	}
}

// TestAVerdictIsToldOnlyToWhomGitLabNamesTheFile has one person's reading judge a file, which another
// person's project has too.
func TestAVerdictIsToldOnlyToWhomGitLabNamesTheFile(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	lead, dev := w.person("lead"), w.person("dev")
	lead.configured(lead.project("web", gitlabtest.Developer), "typo", bad)
	lead.judged()
	dev.configured(dev.project("own", gitlabtest.Developer), "same", bad)
	off := w.AddProject(gitlabtest.Project{Path: "off", Group: w.group, RepositoryDisabled: true})
	w.AddMember(off, dev.id, gitlabtest.Developer)
	dev.configured(off, "hidden", bad)
	if got := configs(dev.read()); got["same"] != agent.ConfigRefused || got["hidden"] != agent.ConfigUnknown {
		t.Errorf("told %v", got)
	}
	if n := w.Calls(gitlabtest.OpRawBlob); n != 1 {
		t.Errorf("%d files were read, want the one", n)
	}
}

func TestAFileThatWasCorrectedIsReadAnew(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	lead := w.person("lead")
	web := lead.project("web", gitlabtest.Developer)
	lead.configured(web, "prod", bad)
	if got := lead.judged()["prod"]; got != agent.ConfigRefused {
		t.Fatalf("the file is %q", got)
	}
	w.AddFile(gitlabtest.File{Project: web, Path: ".gitlab/agents/prod/config.yaml", Content: good})
	w.service.Drop(lead.id)
	if got := lead.judged()["prod"]; got != agent.ConfigAccepted {
		t.Errorf("then it is %q", got)
	}
}

func TestTheListDoesNotWaitForFiles(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	lead := w.person("lead")
	lead.configured(lead.project("web", gitlabtest.Developer), "typo", bad)
	gate := gitlabtest.NewGate()
	w.Inject(gitlabtest.OpRawBlob, gitlabtest.Hold(gate))
	if got := names(lead.read()); !slices.Equal(got, []string{"group/web/typo"}) {
		t.Errorf("the list is %q", got)
	}
	if err := gate.Await(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	w.service.DropSession(lead.viewer.Grant) // which ends the reading that is held
	w.service.Idle()
}

func TestTheListDoesNotWaitForTheirNamesLongerThanTheirTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	deadlines := w.deadlines(scan.ConfigsTimeout)
	lead := w.person("lead")
	lead.configured(lead.project("web", gitlabtest.Developer), "typo", bad)
	deadlines.pass()
	if got := configs(lead.read()); got["typo"] != agent.ConfigUnknown {
		t.Errorf("told %v", got)
	}
}

func TestTheAgentsOfAGroupComeWithTheirFiles(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	lead := w.person("lead")
	w.AddGroupMember(w.group, lead.id, gitlabtest.Developer)
	lead.configured(lead.project("web", gitlabtest.Developer), "typo", bad)
	lead.viewer = lead.viewer.In(agent.ScopeGroup("group"))
	if got := lead.judged()["typo"]; got != agent.ConfigRefused {
		t.Errorf("the file is %q", got)
	}
}

// TestAFileThatGitLabDidNotComeToIsUnknown is of a folder with more files than GitLab tells at once.
func TestAFileThatGitLabDidNotComeToIsUnknown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	lead := w.person("lead")
	web := lead.project("web", gitlabtest.Developer)
	lead.configured(web, "alpha", bad)
	lead.configured(web, "omega", bad)
	for i := range 100 {
		w.AddFile(gitlabtest.File{Project: web, Path: fmt.Sprintf(".gitlab/agents/middle/%03d.yaml", i), Content: "{}"})
	}
	want := map[string]agent.ConfigState{"alpha": agent.ConfigRefused, "omega": agent.ConfigUnknown}
	if got := lead.judged(); !maps.Equal(got, want) {
		t.Errorf("told %v, want %v", got, want)
	}
}

func TestWhatAFileWasIsNotSaidOfWhatItIsByNow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	lead := w.person("lead")
	web := lead.project("web", gitlabtest.Maintainer)
	lead.configured(web, "typo", bad)
	w.AddFile(gitlabtest.File{Project: web, Path: "before.yaml", Content: bad}) // as the history does, it keeps the content
	gate := gitlabtest.NewGate()
	w.Inject(gitlabtest.OpRawBlob, gitlabtest.Hold(gate).Times(1))
	lead.read()
	if err := gate.Await(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	w.AddFile(gitlabtest.File{Project: web, Path: ".gitlab/agents/typo/config.yaml", Content: good})
	w.service.Touch(lead.id, web)
	w.service.Mend(t.Context(), lead.viewer, lead.source)
	gate.Open()
	w.service.Idle()
	if got := configs(w.service.Cached(lead.viewer).Snapshot)["typo"]; got != agent.ConfigUnknown {
		t.Errorf("the file that was mended is %s", got)
	}
	w.service.Drop(lead.id)
	if got := lead.judged()["typo"]; got != agent.ConfigAccepted {
		t.Errorf("once it is read it is %s", got)
	}
}
