package scan_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/budget"
	"gitlab-agent-portal/internal/fleet"
	"gitlab-agent-portal/internal/fleet/scan"
)

func TestTheFleetIsEveryAgentOfEveryProjectOfTheirs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	lead, other := w.person("lead"), w.person("other")
	web := lead.project("web", gitlabtest.Maintainer, 1, 2)
	lead.project("docs", gitlabtest.Developer, 0)
	lead.project("empty", gitlabtest.Developer)
	lead.project("guestbook", gitlabtest.Reporter, 1)
	old := lead.project("old", gitlabtest.Owner, 1)
	w.ArchiveProject(old, true)
	other.project("foreign", gitlabtest.Maintainer, 1)
	w.clock.Advance(time.Hour)

	got := lead.read()
	want := []string{"group/docs/agent-000", "group/old/agent-000", "group/web/agent-000", "group/web/agent-001"}
	if diff := cmp.Diff(want, names(got)); diff != "" {
		t.Errorf("agents differ (-want +got):\n%s", diff)
	}
	projects := map[string]*agent.Project{}
	for _, p := range got.Projects {
		projects[p.Name] = p
	}
	if len(projects) != 4 || !projects["web"].Access.CanManage() || projects["docs"].Access.CanManage() || projects["old"].Access.CanManage() ||
		!projects["old"].Archived || projects["web"].Archived || projects["web"].Group() != "group" || projects["web"].ID != web {
		t.Errorf("projects %+v", projects)
	}
	last := got.Agents[3]
	if status, contact := last.Status(w.clock.Now()), last.LastContact(); status != agent.StatusNotConnected || !contact.Equal(w.clock.Now().Add(-61*time.Minute)) {
		t.Errorf("status %v since %v, want not connected for 61 minutes", status, contact)
	}
	if len(last.Tokens) != 2 || last.TokenCount != 2 || last.Tokens[0].Name == "" || last.CreatedAt.IsZero() {
		t.Errorf("agent %+v, want 2 tokens with their names", last)
	}
	if len(got.Warnings) != 0 || got.Fallback != agent.FallbackNone || !got.ReadAt.Equal(w.clock.Now()) {
		t.Errorf("warnings %v, fallback %v, read at %v", got.Warnings, got.Fallback, got.ReadAt)
	}
	if n := w.log.count("\n"); n != 0 {
		t.Errorf("%d lines were logged of a scan without trouble", n)
	}
}

func TestAdministratorsManageWhatIsNotArchived(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	lead := w.person("lead", func(u *gitlabtest.User) { u.Admin = true })
	lead.project("docs", gitlabtest.Developer)
	w.ArchiveProject(lead.project("old", gitlabtest.Developer), true)
	for _, p := range lead.read().Projects {
		if p.Access.CanManage() == p.Archived {
			t.Errorf("%s: archived %v, can manage %v", p.Name, p.Archived, p.Access.CanManage())
		}
	}
}

// The proof of "Product behaviours" 1, with GraphQL and without.
func TestH8ThreeBrokenProjectsOf200AreWarnings(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		settings func(s *gitlabtest.Settings, broken []int64)
		unknown  int
		fallback agent.Fallback
		calls    map[string]int
	}{
		"by GraphQL": {
			settings: func(s *gitlabtest.Settings, broken []int64) {
				s.GraphQLErrors = map[int64]string{broken[0]: "Internal server error", broken[1]: "x", broken[2]: "x"}
			},
			fallback: agent.FallbackPartial,
			// The 500 is asked for three times.
			calls: map[string]int{gitlabtest.OpListProjects: 5, gitlabtest.OpGraphQL: 6, gitlabtest.OpListAgents: 5},
		},
		"by REST": {
			settings: func(s *gitlabtest.Settings, _ []int64) { s.GraphQLOff = true },
			unknown:  394,
			fallback: agent.FallbackUnsupported,
			calls:    map[string]int{gitlabtest.OpListProjects: 5, gitlabtest.OpListAgents: 202},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			deadlines := w.deadlines(scan.ProjectTimeout)
			lead := w.person("lead")
			all := lead.many(200)
			broken := []int64{all[13], all[117], all[199]}
			w.Configure(func(s *gitlabtest.Settings) { tc.settings(s, broken) })
			gate := gitlabtest.NewGate()
			w.Inject(gitlabtest.OpListAgents, gitlabtest.Status(http.StatusInternalServerError).ForProject(broken[0]))
			w.Inject(gitlabtest.OpListAgents, gitlabtest.Status(http.StatusNotFound).ForProject(broken[1]))
			w.Inject(gitlabtest.OpListAgents, gitlabtest.Hold(gate).ForProject(broken[2]))

			got, err := w.service.Read(t.Context(), lead.viewer, lead.source, func(p fleet.Progress) {
				if p.Done == 199 && p.Total == 200 && gate.Await(t.Context(), 1) == nil {
					deadlines.pass() // everybody else has answered
				}
			})
			if err != nil {
				t.Fatal(err)
			}
			want := map[int64]fleet.WarningKind{broken[0]: fleet.Unavailable, broken[1]: fleet.NotVisible, broken[2]: fleet.Slow}
			if diff := cmp.Diff(want, kinds(got)); diff != "" {
				t.Errorf("warnings differ (-want +got):\n%s", diff)
			}
			if len(got.Agents) != 394 || len(got.Projects) != 200 || got.Fallback != tc.fallback {
				t.Errorf("%d agents of %d projects, fallback %v; want 394 of 200, %v", len(got.Agents), len(got.Projects), got.Fallback, tc.fallback)
			}
			if _, unknown := tokenCount(got); unknown != tc.unknown {
				t.Errorf("the tokens of %d agents are unknown, want %d", unknown, tc.unknown)
			}
			for op, calls := range tc.calls {
				if n := w.Calls(op); n > calls || op != gitlabtest.OpGraphQL && n != calls {
					t.Errorf("%d calls to %s, want %d", n, op, calls)
				}
			}
			if n := w.MaxInFlight(); n > 16 {
				t.Errorf("%d calls were in flight at once, want at most 16", n)
			}
			if n := w.log.count("the fleet was not read in full"); n != 1 {
				t.Errorf("the trouble was logged %d times, want once", n)
			}
		})
	}
}

func TestNobodysFleetIsEmpty(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	lead := w.person("lead")
	got := lead.read()
	if len(got.Projects) != 0 || len(got.Agents) != 0 || len(got.Warnings) != 0 {
		t.Errorf("read %+v, want nothing", got)
	}
	if n := w.Calls(gitlabtest.OpGraphQL) + w.Calls(gitlabtest.OpListAgents); n != 0 {
		t.Errorf("%d calls for the agents of no project", n)
	}
}

func TestH8WhatAScanDoesNotReachInTimeIsAWarning(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	deadlines := w.deadlines(scan.ScanTimeout)
	w.Configure(func(s *gitlabtest.Settings) { s.GraphQLOff = true })
	gate := gitlabtest.NewGate()
	lead := w.person("lead")
	all := lead.many(40)
	w.Inject(gitlabtest.OpListAgents, gitlabtest.Hold(gate).When(func(r *http.Request) bool {
		return r.PathValue("id") != fmt.Sprint(all[0])
	}))
	lead.look()
	// All places of one person are held only once the first project has given its own back.
	if err := gate.Await(t.Context(), budget.ScansPerPerson); err != nil {
		t.Fatal(err)
	}
	deadlines.pass()
	got := lead.read()
	late := kinds(got)
	delete(late, 0) // the lists of rights are late as well, or just in time
	if len(got.Agents) != 2 || len(late) != 39 || late[all[1]] != fleet.Slow {
		t.Errorf("%d agents, warnings of %d projects, want 2 and 39", len(got.Agents), len(late))
	}
}

func TestH8ListsThatFailLeaveWhatThereIs(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		match   func(q map[string][]string) bool
		rest    bool
		agents  int
		managed int
		kind    fleet.WarningKind
	}{
		"the second page of projects": {
			func(q map[string][]string) bool { return q["id_after"] != nil && q["min_access_level"][0] == "30" }, false, 200, 100, fleet.ListIncomplete,
		},
		"what may be managed": {
			func(q map[string][]string) bool { return q["min_access_level"][0] == "40" }, true, 240, 0, fleet.RolesUnknown,
		},
		"both of the latter": {
			func(q map[string][]string) bool { return q["min_access_level"][0] == "40" || q["archived"] != nil }, true, 240, 0, fleet.RolesUnknown,
		},
		"what is archived": {
			func(q map[string][]string) bool { return q["archived"] != nil }, true, 240, 120, fleet.RolesUnknown,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.Configure(func(s *gitlabtest.Settings) { s.GraphQLOff = tc.rest })
			w.Inject(gitlabtest.OpListProjects, gitlabtest.Status(http.StatusBadGateway).When(func(r *http.Request) bool {
				return tc.match(r.URL.Query())
			}))
			lead := w.person("lead")
			lead.many(120)
			got := lead.read()
			managed := 0
			for _, p := range got.Projects {
				if p.Access.CanManage() {
					managed++
				}
			}
			if len(got.Agents) != tc.agents || managed != tc.managed || len(got.Warnings) != 1 {
				t.Errorf("%d agents, %d projects to manage, %d warnings, want %d, %d and one",
					len(got.Agents), managed, len(got.Warnings), tc.agents, tc.managed)
			}
			if diff := cmp.Diff(map[int64]fleet.WarningKind{0: tc.kind}, kinds(got)); diff != "" {
				t.Errorf("warnings differ (-want +got):\n%s", diff)
			}
			w.ClearFaults("")
			if again := lead.read(); len(again.Agents) != 240 || len(again.Warnings) != 0 {
				t.Errorf("the next view has %d agents and %v, want all", len(again.Agents), again.Warnings)
			}
		})
	}
}
