package scan_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/gitlabapi/gitlabtest"
	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/fleet"
	"gitlab-agent-portal/internal/fleet/scan"
)

// in is the reader in another scope.
func (r *reader) in(scope agent.Scope) *reader {
	other := *r
	other.viewer = r.viewer.In(scope)
	return &other
}

// organisation adds two groups with two projects each, and public ones that nobody is a member of.
func (w *world) organisation() {
	for _, path := range []string{"shop", "data"} {
		top := w.AddGroup(gitlabtest.Group{Path: path})
		below := w.AddGroup(gitlabtest.Group{Path: "deep", Parent: top})
		for i, group := range []int64{top, below} {
			project := w.AddProject(gitlabtest.Project{Path: fmt.Sprintf("p%d", i), Group: group})
			w.AddAgent(gitlabtest.Agent{Project: project, Name: "prod"})
		}
	}
	open := w.AddProject(gitlabtest.Project{Path: "open", Group: w.group, Visibility: gitlabtest.Public})
	w.AddAgent(gitlabtest.Agent{Project: open, Name: "website"})
}

func TestAScopeHasTheAgentsThatGitLabShows(t *testing.T) {
	t.Parallel()
	shop := []string{"shop/deep/p1/prod", "shop/p0/prod"}
	everything := append([]string{"data/deep/p1/prod", "data/p0/prod", "group/open/website"}, shop...)
	own := []string{"data/p0/prod"}
	admin := func(u *gitlabtest.User) { u.Admin = true }
	auditor := func(u *gitlabtest.User) { u.Auditor = true }
	for name, tc := range map[string]struct {
		scope   agent.Scope
		person  func(*gitlabtest.User)
		join    func(w *world, id int64)
		setting func(*gitlabtest.Settings)
		want    []string
		ownOnly bool
	}{
		"a group for its Developer":                    {scope: agent.ScopeGroup("shop"), join: developerOf(2), want: shop},
		"a subgroup":                                   {scope: agent.ScopeGroup("shop/deep"), join: developerOf(2), want: shop[:1]},
		"a group in other letters":                     {scope: agent.ScopeGroup("Shop"), join: developerOf(2), want: shop},
		"a group for a member of one project":          {scope: agent.ScopeGroup("data"), join: developerOfProject(3), want: own},
		"a group for an administrator":                 {scope: agent.ScopeGroup("shop"), person: admin, want: shop},
		"a group in the Community Edition":             {scope: agent.ScopeGroup("shop"), join: developerOf(2), setting: community, want: shop},
		"a group without GraphQL":                      {scope: agent.ScopeGroup("shop"), join: developerOf(2), setting: noGraphQL, want: shop},
		"a group without GraphQL for an administrator": {scope: agent.ScopeGroup("shop"), person: admin, setting: noGraphQL, want: shop},
		"a group with agents for nobody":               {scope: agent.ScopeGroup("group"), join: reporterOf(1)},
		"everything for an administrator":              {scope: agent.ScopeEverything, person: admin, want: everything},
		"everything without GraphQL":                   {scope: agent.ScopeEverything, person: admin, setting: noGraphQL, want: everything},
		"everything in Admin Mode":                     {scope: agent.ScopeEverything, person: admin, join: developerOfProject(3), setting: adminMode, want: own, ownOnly: true},
		"everything for a member":                      {scope: agent.ScopeEverything, join: developerOfProject(3), want: own, ownOnly: true},
		"everything for an auditor":                    {scope: agent.ScopeEverything, person: auditor, ownOnly: true},
		"one's own for an administrator":               {scope: agent.ScopeMine, person: admin},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.organisation()
			p := w.person("someone", func(u *gitlabtest.User) {
				if tc.person != nil {
					tc.person(u)
				}
			})
			if tc.join != nil {
				tc.join(w, p.id)
			}
			if tc.setting != nil {
				w.Configure(tc.setting)
			}
			got := p.in(tc.scope).read()
			if !slices.Equal(names(got), tc.want) || got.OwnOnly != tc.ownOnly || len(got.Warnings) != 0 {
				t.Errorf("%v, own only %v, warnings %v; want %v, %v and none", names(got), got.OwnOnly, got.Warnings, tc.want, tc.ownOnly)
			}
			if len(got.Projects) != len(tc.want) {
				t.Errorf("%d projects are kept, want those of the agents", len(got.Projects))
			}
		})
	}
}

func developerOf(group int64) func(*world, int64) {
	return func(w *world, id int64) { w.AddGroupMember(group, id, gitlabtest.Developer) }
}

func reporterOf(group int64) func(*world, int64) {
	return func(w *world, id int64) { w.AddGroupMember(group, id, gitlabtest.Reporter) }
}

func developerOfProject(project int64) func(*world, int64) {
	return func(w *world, id int64) { w.AddMember(project, id, gitlabtest.Developer) }
}

func community(s *gitlabtest.Settings) { s.CommunityEdition = true }
func noGraphQL(s *gitlabtest.Settings) { s.GraphQLOff = true }
func adminMode(s *gitlabtest.Settings) { s.AdminMode = true }

// A group in which every project has agents costs a query for each hundred agents, and no list. As many
// more ask for their versions, and one for each hundred projects for their files.
func TestAScopeAsksForNoMoreThanItShows(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		scope   agent.Scope
		setting func(*gitlabtest.Settings)
		want    map[string]int
	}{
		"a group": {agent.ScopeGroup("group"), nil, map[string]int{gitlabtest.OpGraphQL: 5 + 5 + 3}},
		"a group in the Community Edition: two queries that are refused, the list, and a query for each of its pages": {
			agent.ScopeGroup("group"), community, map[string]int{gitlabtest.OpGraphQL: 2 + 3 + 3 + 3, gitlabtest.OpListGroupProjects: 3},
		},
		"everything: both lists, and a query for each page": {agent.ScopeEverything, nil, map[string]int{gitlabtest.OpListProjects: 6, gitlabtest.OpGraphQL: 3 + 3 + 3}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			lead := w.person("lead")
			lead.many(250)
			w.AddGroupMember(w.group, lead.id, gitlabtest.Maintainer)
			if tc.setting != nil {
				w.Configure(tc.setting)
			}
			got := lead.in(tc.scope).read()
			if len(got.Agents) != 500 || !got.Agents[0].Project.Access.CanManage() || !got.Agents[0].TokensRead() {
				t.Errorf("%d agents, want 500 with rights and tokens", len(got.Agents))
			}
			all := 0
			for op, want := range tc.want {
				if n := w.Calls(op); n != want {
					t.Errorf("%d calls to %s, want %d", n, op, want)
				}
				all += want
			}
			if w.Calls("") != all {
				t.Errorf("%d calls in all, want %d", w.Calls(""), all)
			}
		})
	}
}

func TestScopesAreKeptApart(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.organisation()
	p, other := w.person("root", func(u *gitlabtest.User) { u.Admin = true }), w.person("other")
	shop, data := p.in(agent.ScopeGroup("shop")), p.in(agent.ScopeGroup("data"))
	p.read()
	shop.read()
	data.read()
	if got := w.service.Cached(shop.viewer).Snapshot; len(got.Agents) != 2 || got.Agents[0].Project.Path != "shop/deep/p1" {
		t.Errorf("of one group is kept %v", names(got))
	}
	if view := w.service.Cached(other.in(agent.ScopeGroup("shop")).viewer); view.Snapshot != nil {
		t.Error("somebody else is shown it")
	}
	if view := w.service.Cached(p.in(agent.ScopeEverything).viewer); view.Snapshot != nil {
		t.Error("a scope that nobody read is kept")
	}
	w.service.Refresh(shop.viewer)
	if w.service.Cached(shop.viewer).Fresh || !w.service.Cached(data.viewer).Fresh {
		t.Error("to read one scope anew is not to read that one alone")
	}
	w.service.Drop(p.id)
	for _, r := range []*reader{p, shop, data} {
		if w.service.Cached(r.viewer).Snapshot != nil {
			t.Errorf("after a change of theirs %q is shown", r.viewer.Scope)
		}
	}
	w.service.DropSession(p.viewer.Grant)
	if kept, _ := w.service.Kept(); kept != 0 {
		t.Errorf("after signing out %d are kept", kept)
	}
}

func TestAGroupThatIsNotThePersonsIsNotFoundAndForgotten(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.organisation()
	p := w.person("someone")
	w.AddGroupMember(2, p.id, gitlabtest.Developer)
	shop := p.in(agent.ScopeGroup("shop"))
	shop.read()
	w.RemoveGroupMember(2, p.id)
	w.service.Refresh(shop.viewer)
	for _, scope := range []agent.Scope{shop.viewer.Scope, agent.ScopeGroup("nothing"), agent.ScopeGroup("..")} {
		if _, err := w.service.Read(t.Context(), p.viewer.In(scope), p.source, nil); !errors.Is(err, gitlabapi.ErrNotFound) {
			t.Errorf("%q: %v, want ErrNotFound", scope, err)
		}
	}
	if view := w.service.Cached(shop.viewer); view.Snapshot != nil {
		t.Errorf("%v is still shown", names(view.Snapshot))
	}
}

func TestAGroupOfWhichTheReadingBreaksOffIsReadByItsProjects(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	lead := w.person("lead")
	lead.many(60)
	w.AddGroupMember(w.group, lead.id, gitlabtest.Maintainer)
	gate := gitlabtest.NewGate()
	w.Inject(gitlabtest.OpGraphQL, gitlabtest.Hold(gate).AfterCommit().Times(1))
	result := lead.in(agent.ScopeGroup("group")).joined(t.Context())
	if err := gate.Await(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	var asked atomic.Int64                                                                                                     // first for the versions of the agents of the first page
	w.Inject(gitlabtest.OpGraphQL, gitlabtest.Status(500).Times(4).When(func(*http.Request) bool { return asked.Add(1) > 1 })) // the second page, with its retries
	gate.Open()
	got, err := result()
	if err != nil || len(got.Agents) != 120 || len(got.Projects) != 60 {
		t.Fatalf("%v: %d agents of %d projects, want each of 120 once", err, len(got.Agents), len(got.Projects))
	}
	if w.Calls(gitlabtest.OpListGroupProjects) != 1 {
		t.Errorf("%d lists of the group's projects, want 1", w.Calls(gitlabtest.OpListGroupProjects))
	}
}

func TestTheCapHoldsInEveryScope(t *testing.T) {
	t.Parallel()
	for _, scope := range []agent.Scope{agent.ScopeGroup("group"), agent.ScopeEverything} {
		w := newWorld(t, func(c *scan.Config) { c.MaxProjects = 100 })
		lead := w.person("lead")
		lead.many(101)
		w.AddGroupMember(w.group, lead.id, gitlabtest.Maintainer)
		got := lead.in(scope).read()
		if len(got.Warnings) != 1 || got.Warnings[0].Kind != fleet.ListIncomplete || !got.Warnings[0].Lasting || len(got.Agents) < 100 || len(got.Agents) > 200 {
			t.Errorf("%q: %d agents, %v, want 100 and a word about it", scope, len(got.Agents), got.Warnings)
		}
	}
}

func TestWhoTurnsToAnotherScopeLeavesNoScanBehind(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *scan.Config) { c.Linger = time.Hour })
	lead := w.person("lead")
	lead.many(3)
	gate := gitlabtest.NewGate()
	w.Inject(gitlabtest.OpGraphQL, gitlabtest.Hold(gate))
	lead.in(agent.ScopeGroup("group")).look()
	if err := gate.Await(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	waits := lead.joined(t.Context()) // and this one is waited for
	if ended := w.scanned(); !errors.Is(ended.Err, context.Canceled) {
		t.Errorf("the scan of the group ended with %v", ended.Err)
	}
	lead.in(agent.ScopeEverything).look()
	gate.Open()
	if got, err := waits(); err != nil || len(got.Agents) != 6 {
		t.Errorf("the one that is waited for ended with %v", err)
	}
}
