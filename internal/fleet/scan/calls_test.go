package scan_test

import (
	"slices"
	"testing"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

func TestAScanAsksForNothingThatGraphQLHasTold(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		graphQLOff bool
		want       map[string]int
	}{
		"by GraphQL: the list, and for each of its pages a query about agents, one about their versions and one about their files": {
			want: map[string]int{gitlabtest.OpListProjects: 3, gitlabtest.OpGraphQL: 9},
		},
		"by REST: the lists of rights as well, and each project": {
			graphQLOff: true,
			want:       map[string]int{gitlabtest.OpListProjects: 3 + 3 + 1, gitlabtest.OpListAgents: 250},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.Configure(func(s *gitlabtest.Settings) { s.GraphQLOff = tc.graphQLOff })
			lead := w.person("lead")
			w.ArchiveProject(lead.many(250)[249], true)
			for _, p := range lead.read().Projects {
				if p.Access.CanManage() == p.Archived || p.Archived != (p.Name == "project-0249") {
					t.Errorf("access %q to %s, archived: %t", p.Access, p.Name, p.Archived)
				}
			}
			all := 0
			for op, want := range tc.want {
				if n := w.Calls(op); n != want {
					t.Errorf("%d calls to %s, want %d", n, op, want)
				}
				all += want
			}
			if tc.graphQLOff { // at most one query for each page, until the first is refused
				all += w.Calls(gitlabtest.OpGraphQL)
			}
			if n := w.Calls(""); n != all || w.Calls(gitlabtest.OpGraphQL) > 9 {
				t.Errorf("%d calls with %d queries, want %d", n, w.Calls(gitlabtest.OpGraphQL), all)
			}
		})
	}
}

func TestAllAgentsOfALargeProjectAreRead(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		graphQLOff    bool
		graphQL, rest int
	}{
		"by GraphQL": {false, 4, 0}, // 20, and of that project alone 100 and 17; and their files
		"by REST":    {true, 1, 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.Configure(func(s *gitlabtest.Settings) { s.GraphQLOff = tc.graphQLOff })
			lead := w.person("lead")
			lead.project("small", gitlabtest.Developer, 1)
			lead.project("large", gitlabtest.Developer, slices.Repeat([]int{1}, 137)...)
			if got := lead.read(); len(got.Agents) != 138 || len(got.Warnings) != 0 {
				t.Errorf("%d agents and %v, want 138", len(got.Agents), got.Warnings)
			}
			if g, r := w.Calls(gitlabtest.OpGraphQL), w.Calls(gitlabtest.OpListAgents); g != tc.graphQL || r != tc.rest {
				t.Errorf("%d queries and %d lists, want %d and %d", g, r, tc.graphQL, tc.rest)
			}
		})
	}
}

func TestAThousandProjectsStaySmall(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	lead := w.person("lead")
	lead.many(1000)
	got := lead.read()
	if len(got.Agents) != 2000 || len(got.Warnings) != 0 {
		t.Errorf("%d agents and %v, want 2000", len(got.Agents), got.Warnings)
	}
	if n := w.Calls(gitlabtest.OpGraphQL); n > 30 {
		t.Errorf("%d queries for 1000 projects, want at most 3 for 100", n)
	}
	if n := w.MaxInFlight(); n > 16 {
		t.Errorf("%d calls were in flight at once, want at most 16", n)
	}
	if _, size := w.service.Kept(); size > 400_000 {
		t.Errorf("the snapshot takes %d bytes, want at most 400 kB", size)
	}
}
