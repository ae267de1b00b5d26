package fleet_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
	"gitlab-agent-portal/internal/fleet"
)

func TestH5CallsInFlightAreCapped(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *fleet.Config) { c.PerPerson, c.InFlight = 8, 20 })
	w.Configure(func(s *gitlabtest.Settings) { s.GraphQLOff = true })
	first := w.person("person-0")
	people := []*reader{first}
	all := first.many(500)
	for i := range 4 {
		p := w.person(fmt.Sprintf("person-%d", i+1))
		for _, project := range all {
			w.AddMember(project, p.id, gitlabtest.Developer)
		}
		people = append(people, p)
	}
	if got := first.read(); len(got.Agents) != 1000 {
		t.Errorf("%d agents, want 1000", len(got.Agents))
	}
	if n := w.MaxInFlight(); n > 8 {
		t.Errorf("%d calls were in flight for one person, want at most 8", n)
	}
	w.service.Drop(first.id)
	w.ResetCounters()
	var readers sync.WaitGroup
	for _, p := range people {
		readers.Go(func() {
			got, err := w.service.Read(t.Context(), p.viewer, p.source, nil)
			if err != nil || len(got.Agents) != 1000 {
				t.Errorf("%v, want 1000 agents", err)
			}
		})
	}
	readers.Wait()
	if n := w.MaxInFlight(); n > 20 {
		t.Errorf("%d calls were in flight for all, want at most 20", n)
	}
}

func TestH5TwoSessionsOfOnePersonShareTheCap(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *fleet.Config) { c.PerPerson = 4 })
	w.Configure(func(s *gitlabtest.Settings) { s.GraphQLOff = true })
	lead := w.person("lead")
	lead.many(40)
	var readers sync.WaitGroup
	for i := range 3 {
		viewer := lead.viewer
		viewer.Grant = fmt.Sprint(i)
		readers.Go(func() {
			if _, err := w.service.Read(t.Context(), viewer, lead.source, nil); err != nil {
				t.Error(err)
			}
		})
	}
	readers.Wait()
	if n := w.MaxInFlight(); n > 4 {
		t.Errorf("%d calls were in flight at once, want at most 4", n)
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
