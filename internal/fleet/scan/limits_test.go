package scan_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
	"gitlab-agent-portal/internal/fleet"
	"gitlab-agent-portal/internal/fleet/scan"
)

// crowd lets people read at once while GitLab holds every call for agents, and
// returns how many of these there are in flight when no more come.
func (w *world) crowd(most int, people []*reader) int {
	w.t.Helper()
	gate := gitlabtest.NewGate()
	w.Inject(gitlabtest.OpListAgents, gitlabtest.Hold(gate))
	var readers sync.WaitGroup
	for _, p := range people {
		readers.Go(func() {
			if got, err := w.service.Read(w.t.Context(), p.viewer, p.source, nil); err != nil || len(got.Warnings) != 0 {
				w.t.Errorf("%v, want everything to be read", err)
			}
		})
	}
	if err := gate.Await(w.t.Context(), most); err != nil {
		w.t.Fatal(err)
	}
	// Whatever may still come has come by the time that others were served.
	for range 100 {
		response, err := w.HTTP.Client().Get(w.URL + "/")
		if err != nil {
			w.t.Fatal(err)
		}
		_ = response.Body.Close()
	}
	gate.Open()
	readers.Wait()
	return w.MaxInFlight()
}

func TestH5CallsInFlightAreCapped(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		people, sessions, projects, most int
	}{
		"for one person":                 {1, 1, 50, 8},
		"for two sessions of one person": {1, 2, 50, 8},
		"for two people":                 {2, 1, 50, 16},
		"for five people":                {5, 1, 500, 20},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, func(c *scan.Config) { c.PerPerson, c.InFlight = 8, 20 })
			w.Configure(func(s *gitlabtest.Settings) { s.GraphQLOff = true })
			projects := w.person("lead").many(tc.projects)
			var people []*reader
			for i := range tc.people {
				person := w.person(fmt.Sprintf("person-%d", i))
				for _, project := range projects {
					w.AddMember(project, person.id, gitlabtest.Developer)
				}
				for session := range tc.sessions {
					reader := *person
					reader.viewer.Grant += fmt.Sprint(session)
					people = append(people, &reader)
				}
			}
			if n := w.crowd(tc.most, people); n != tc.most {
				t.Errorf("%d calls were in flight, want %d", n, tc.most)
			}
		})
	}
}

func TestARateLimitIsRespected(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Configure(func(s *gitlabtest.Settings) { s.GraphQLOff = true })
	w.Inject(gitlabtest.OpListAgents, gitlabtest.Throttled(20*time.Second))
	lead := w.person("lead")
	lead.many(60)
	got := lead.read()
	if len(got.Agents) != 0 || len(got.Warnings) != 60 || got.Warnings[0].Kind != fleet.RateLimited || got.Warnings[59].Kind != fleet.RateLimited {
		t.Errorf("%d agents, %d warnings, want 60 of a rate limit", len(got.Agents), len(got.Warnings))
	}
	if !got.RetryAt.Equal(w.clock.Now().Add(20 * time.Second)) {
		t.Errorf("to be tried again at %v, want in 20 s", got.RetryAt)
	}
	// Those that were under way when the first refusal came were not to be stopped.
	calls := w.Calls(gitlabtest.OpListAgents)
	if calls > 16 {
		t.Errorf("%d calls against the limit, want at most 16", calls)
	}
	w.ClearFaults("")
	if view := lead.look(); view.Scanning || w.Calls(gitlabtest.OpListAgents) != calls {
		t.Error("it was tried again before GitLab's time")
	}
	w.clock.Advance(21 * time.Second)
	if got := lead.read(); len(got.Agents) != 120 || len(got.Warnings) != 0 {
		t.Errorf("%d agents and %d warnings afterwards, want 120 and none", len(got.Agents), len(got.Warnings))
	}
}

func TestAfterALimitOfGraphQLRESTIsLeftAloneToo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Inject(gitlabtest.OpGraphQL, gitlabtest.Throttled(20*time.Second))
	lead := w.person("lead")
	lead.many(10)
	got := lead.read()
	if len(got.Warnings) != 10 || got.Warnings[9].Kind != fleet.RateLimited || w.Calls(gitlabtest.OpListAgents) != 0 {
		t.Errorf("warnings %v after %d calls, want 10 of a rate limit after none", got.Warnings, w.Calls(gitlabtest.OpListAgents))
	}
}

func TestMoreProjectsThanAreReadAreSaidAndNotTriedAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *scan.Config) { c.MaxProjects = 100 })
	lead := w.person("lead")
	lead.many(150)
	got := lead.read()
	if diff := cmp.Diff(map[int64]fleet.WarningKind{0: fleet.ListIncomplete}, kinds(got)); diff != "" || len(got.Agents) != 200 {
		t.Errorf("%d agents, want 200; warnings differ (-want +got):\n%s", len(got.Agents), diff)
	}
	calls := w.Calls("")
	if view := lead.look(); view.Scanning || w.Calls("") != calls {
		t.Error("everything was read again at once")
	}
}
