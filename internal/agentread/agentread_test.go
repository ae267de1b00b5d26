package agentread_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/gitlabapi/gitlabtest"
	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/agentread"
)

func TestAPageOfAgentsCostsTwoCalls(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range 60 {
		w.agent(fmt.Sprintf("agent-%02d", i), i%3)
	}
	project, page, err := w.Agents(t.Context(), w.project, 1)
	if err != nil {
		t.Fatal(err)
	}
	want := agent.Project{ID: w.project, Name: "Payments", Path: "shop/payments", Maintains: true, Access: agent.AccessManage}
	if diff := cmp.Diff(want, project); diff != "" {
		t.Errorf("project (-want +got):\n%s", diff)
	}
	if len(page.Items) != 50 || page.Number != 1 || page.Next != 2 || page.Prev != 0 || page.Total != 60 || page.Pages != 2 {
		t.Errorf("page %d of %d, next %d, prev %d, %d of %d agents", page.Number, page.Pages, page.Next, page.Prev, len(page.Items), page.Total)
	}
	for i, a := range page.Items {
		status := agent.StatusConnected
		if i%3 == 0 {
			status = agent.StatusNeverConnected
		}
		if a.Name != fmt.Sprintf("agent-%02d", i) || a.TokenCount != i%3 || a.Status(noon()) != status || a.CreatedBy.Name != "The lead" {
			t.Errorf("agent %d is %+v, want status %s", i, a, status)
		}
	}
	if got, want := count(w.calls()), []string{"1 graphql", "1 list agents"}; !slices.Equal(got, want) {
		t.Errorf("calls %v, want %v", got, want)
	}
	_, page, err = w.Agents(t.Context(), w.project, 2)
	if err != nil || len(page.Items) != 10 || page.Items[0].Name != "agent-50" || !page.Items[0].UseKnown() {
		t.Errorf("page 2: %+v, %v", page, err)
	}
	if got, want := count(w.calls()), []string{"1 list agents", "2 graphql"}; !slices.Equal(got, want) {
		t.Errorf("calls %v, want %v: the cursor of page 2 is one more", got, want)
	}
}

func TestWithoutGraphQLAPageIsReadByREST(t *testing.T) {
	t.Parallel()
	for name, breaks := range withoutGraphQL() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			for i := range 25 {
				w.agent(fmt.Sprintf("agent-%02d", i), 1)
			}
			breaks(w)
			project, page, err := w.Agents(t.Context(), w.project, 1)
			if err != nil || project.Access != agent.AccessManage || project.Path != "shop/payments" || len(page.Items) != 25 {
				t.Fatalf("%+v with %d agents, %v", project, len(page.Items), err)
			}
			for i, a := range page.Items {
				want := agent.StatusConnected
				if i >= 20 {
					want = agent.StatusUnknown
				}
				if a.Status(noon()) != want || i < 20 && a.CreatedBy.Name != "The lead" || a.CreatedBy.ID != w.people["lead"] {
					t.Errorf("agent %d is %+v, want status %s", i, a, want)
				}
			}
			got, want := count(w.calls()), []string{"1 get project", "1 get user", "1 graphql", "1 list agents", "1 list projects", "20 get token", "20 list tokens"}
			if !slices.Equal(got, want) {
				t.Errorf("calls %v, want %v", got, want)
			}
			if w.missing != 1 {
				t.Errorf("told %d times that GraphQL is missing, want once", w.missing)
			}
		})
	}
}

func TestAPageEndsWithTheListItself(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if _, _, err := w.as("guest").Agents(t.Context(), w.project, 1); !errors.Is(err, gitlabapi.ErrNotFound) {
		t.Errorf("for a Guest: %v, want ErrNotFound", err)
	}
	if _, _, err := w.Agents(t.Context(), 999, 1); !errors.Is(err, gitlabapi.ErrNotFound) {
		t.Errorf("of no project: %v, want ErrNotFound", err)
	}
	if w.missing != 0 {
		t.Error("a list that is not there was taken for a GraphQL that is not there")
	}
}

func TestAnAgentRegisteredInBetweenIsReadByItself(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.agent("known", 1)
	w.Inject(gitlabtest.OpListAgents, gitlabtest.Edit(func(a *gitlabtest.Answer) {
		a.Body = []byte(`[{"id":77,"name":"fresh","created_at":"2026-11-24T12:00:00.000Z"}]`)
	}))
	w.Inject(gitlabtest.OpListTokens, gitlabtest.Reply(200, "application/json", `[]`))
	_, page, err := w.Agents(t.Context(), w.project, 1)
	if err != nil || len(page.Items) != 1 || page.Items[0].Status(noon()) != agent.StatusNeverConnected {
		t.Errorf("agents %+v, %v, want the fresh one without a token", page.Items, err)
	}
	if got, want := count(w.calls()), []string{"1 graphql", "1 list agents", "1 list tokens"}; !slices.Equal(got, want) {
		t.Errorf("calls %v, want %v", got, want)
	}
}

func TestAnAgentCostsThreeCalls(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.agent("prod", 2)
	got, err := w.Agent(t.Context(), w.project, id)
	if err != nil || got.Project.DefaultBranch != "main" || !got.Project.Access.CanManage() {
		t.Fatalf("project %+v, %v", got.Project, err)
	}
	a := got.Agent
	if a.Status(noon()) != agent.StatusConnected || a.CreatedBy != (agent.Person{ID: w.people["lead"], Username: "lead", Name: "The lead"}) || len(a.Tokens) != 2 {
		t.Errorf("agent %+v", a)
	}
	for _, token := range a.Tokens {
		if !token.UseKnown || token.CreatedBy.Name != "The lead" || token.CreatedBy.ID != w.people["lead"] || token.CreatedAt.Nanosecond() != 0 {
			t.Errorf("token %+v", token)
		}
	}
	if got, want := count(w.calls()), []string{"1 get agent", "1 graphql", "1 list tokens"}; !slices.Equal(got, want) {
		t.Errorf("calls %v, want %v", got, want)
	}
}

func TestWithoutGraphQLAnAgentIsReadByREST(t *testing.T) {
	t.Parallel()
	for name, breaks := range withoutGraphQL() {
		if name == "an error beside the data" {
			continue // the simulator puts it into lists of agents
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			id := w.agent("prod", 2)
			want, err := w.Agent(t.Context(), w.project, id)
			if err != nil {
				t.Fatal(err)
			}
			w.calls()
			breaks(w)
			got, err := w.Agent(t.Context(), w.project, id)
			if err != nil {
				t.Fatal(err)
			}
			// REST knows people by number only.
			want.Agent.CreatedBy.Username = ""
			for i := range want.Agent.Tokens {
				want.Agent.Tokens[i].CreatedBy = agent.Person{ID: w.people["lead"]}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-by GraphQL +by REST):\n%s", diff)
			}
			calls := []string{"1 get agent", "1 get project", "1 get user", "1 graphql", "1 list projects", "1 list tokens", "2 get token"}
			if got := count(w.calls()); !slices.Equal(got, calls) {
				t.Errorf("calls %v, want %v", got, calls)
			}
		})
	}
}

func TestBothWaysTellTheSameTimeOfAUse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.agent("prod", 1)
	byGraphQL, _ := w.Agent(t.Context(), w.project, id)
	byREST, err := w.Tokens(t.Context(), w.project, id)
	if err != nil || len(byREST) != 1 {
		t.Fatalf("%d tokens, %v", len(byREST), err)
	}
	if a, b := byGraphQL.Agent.Tokens[0].LastUsedAt, byREST[0].LastUsedAt; !a.Equal(b) || a.IsZero() {
		t.Errorf("the same use reads %v and %v", a, b)
	}
}

func TestAccessIsWhatGitLabSays(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		project func(w *world, p *gitlabtest.Project)
		as      string
		want    agent.Access
		// selected is what is known where many projects are read, byREST without GraphQL.
		selected, byREST agent.Access
	}{
		{"a Maintainer", nil, "lead", agent.AccessManage, "", ""},
		{"a Developer", nil, "dev", agent.AccessRole, "", ""},
		{"an archived project", func(_ *world, p *gitlabtest.Project) { p.Archived = true }, "lead", agent.AccessArchived, "", ""},
		{"an archived group above", func(w *world, p *gitlabtest.Project) {
			p.Group = w.AddGroup(gitlabtest.Group{Path: "past", Archived: true})
		}, "lead", agent.AccessAncestor, agent.AccessFrozen, ""},
		{"a project to be deleted", func(_ *world, p *gitlabtest.Project) { p.DeletionScheduled = true }, "lead", agent.AccessDeletion, agent.AccessFrozen, ""},
		{"a project to be deleted, by its path", func(_ *world, p *gitlabtest.Project) {
			p.Path, p.DeletionScheduled = "other-deletion_scheduled-20", true
		}, "lead", agent.AccessDeletion, "", ""},
		{"no repository", func(_ *world, p *gitlabtest.Project) { p.RepositoryDisabled = true }, "lead", agent.AccessRepository, agent.AccessFrozen, ""},
		{"no repository, and a Developer", func(_ *world, p *gitlabtest.Project) { p.RepositoryDisabled = true }, "dev", agent.AccessRole, "", ""},
		// GraphQL does not tell of it: GitLab's refusal does.
		{"no infrastructure", func(_ *world, p *gitlabtest.Project) { p.InfrastructureDisabled = true }, "lead", agent.AccessManage, "", agent.AccessInfrastructure},
		{"an administrator who is no member", nil, "root", agent.AccessManage, "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			p := gitlabtest.Project{Path: "other", Group: w.AddGroup(gitlabtest.Group{Path: "g"})}
			if tt.project != nil {
				tt.project(w, &p)
			}
			w.project = w.AddProject(p)
			w.AddMember(w.project, w.people["lead"], gitlabtest.Maintainer)
			w.AddMember(w.project, w.people["dev"], gitlabtest.Developer)
			id := w.agent("prod", 1)
			reader := w.as(tt.as)
			alone, err1 := reader.Project(t.Context(), w.project)
			listed, _, err2 := reader.Agents(t.Context(), w.project, 1)
			one, err3 := reader.Agent(t.Context(), w.project, id)
			selected := reader.Selection(t.Context(), []agentread.Ref{{Project: w.project, Agent: id}})[0]
			if err := errors.Join(err1, err2, err3, selected.Err); err != nil {
				t.Fatal(err)
			}
			for what, got := range map[string]agent.Access{"project": alone.Access, "list": listed.Access, "agent": one.Project.Access, "selection": selected.Project.Access} {
				want := tt.want
				if what == "selection" {
					want = either(tt.selected, want)
				}
				if got != want {
					t.Errorf("access in the %s is %q, want %q", what, got, want)
				}
			}
			w.Configure(func(s *gitlabtest.Settings) { s.GraphQLOff = true })
			if p, err := reader.Project(t.Context(), w.project); err != nil || p.Access != either(tt.byREST, tt.want) {
				t.Errorf("access without GraphQL is %q, %v", p.Access, err)
			}
			if why, err := reader.WhyRefused(t.Context(), w.project); err != nil || why != either(tt.byREST, tt.want) {
				t.Errorf("a refusal is explained by %q, %v", why, err)
			}
			readOnly := w.as(tt.as, func(cfg *agentread.Config) { cfg.ReadOnly = true })
			if p, err := readOnly.Project(t.Context(), w.project); err != nil || p.Access != agent.AccessPortal {
				t.Errorf("access of a portal that only reads is %q, %v", p.Access, err)
			}
		})
	}
}

func TestAProjectWithoutAgentsCostsOneCall(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if _, err := w.Project(t.Context(), w.project); err != nil {
		t.Fatal(err)
	}
	if got, want := count(w.calls()), []string{"1 graphql"}; !slices.Equal(got, want) {
		t.Errorf("calls %v, want %v", got, want)
	}
	if _, err := w.Project(t.Context(), 999); !errors.Is(err, gitlabapi.ErrNotFound) {
		t.Errorf("a project that is not there: %v, want ErrNotFound", err)
	}
}

func TestProjectsCostTwoCallsOnAnyPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range 69 {
		id := w.AddProject(gitlabtest.Project{Path: fmt.Sprintf("p%02d", i), Name: fmt.Sprintf("P %02d", i), Description: "About it", Group: w.AddGroup(gitlabtest.Group{Path: fmt.Sprint("g", i)})})
		w.AddMember(id, w.people["lead"], []gitlabtest.AccessLevel{gitlabtest.Developer, gitlabtest.Owner}[i%2])
	}
	for _, graphQL := range []bool{true, false} {
		w.Configure(func(s *gitlabtest.Settings) { s.GraphQLOff = !graphQL })
		want := map[bool][]string{true: {"1 graphql", "1 list projects"}, false: {"1 graphql", "31 list projects"}}[graphQL]
		for _, number := range []int{1, 2} {
			w.calls()
			page, err := w.Projects(t.Context(), "", number)
			if err != nil || len(page.Items) != 30 || page.Total != 70 {
				t.Fatalf("%d of %d projects, %v", len(page.Items), page.Total, err)
			}
			for _, p := range page.Items {
				if p.Name == "Payments" {
					continue
				}
				var i int
				_, _ = fmt.Sscanf(p.Name, "P %d", &i)
				if want := []agent.Access{agent.AccessRole, agent.AccessManage}[i%2]; p.Access != want || p.Description != "About it" {
					t.Errorf("with GraphQL %v: %+v, want access %q", graphQL, p, want)
				}
			}
			if got := count(w.calls()); !slices.Equal(got, want) {
				t.Errorf("with GraphQL %v page %d costs %v, want %v", graphQL, number, got, want)
			}
		}
	}
}

func TestASelectionIsOneQuery(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, b := w.agent("a", 1), w.agent("b", 2)
	hidden := w.AddProject(gitlabtest.Project{Path: "hidden"})
	refs := []agentread.Ref{{Project: w.project, Agent: b}, {Project: w.project, Agent: 999}, {Project: hidden, Agent: 1}, {Project: w.project, Agent: a}}
	found := w.Selection(t.Context(), refs)
	for i, wantName := range []string{"b", "", "", "a"} {
		got := found[i]
		if got.Ref != refs[i] || got.Agent.Name != wantName || (got.Err == nil) != (wantName != "") {
			t.Errorf("selected %d is %+v, want %q", i, got, wantName)
		}
		if wantName == "" && !errors.Is(got.Err, gitlabapi.ErrNotFound) {
			t.Errorf("selected %d: %v, want ErrNotFound", i, got.Err)
		}
	}
	if got, want := count(w.calls()), []string{"1 graphql"}; !slices.Equal(got, want) {
		t.Errorf("calls %v, want %v: what GraphQL has answered without is not asked for again", got, want)
	}
}

func TestASelectionGoesByRESTWhereGraphQLDoesNotAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.agent("a", 1)
	other := w.AddProject(gitlabtest.Project{Path: "other", Group: w.AddGroup(gitlabtest.Group{Path: "g"})})
	w.AddMember(other, w.people["lead"], gitlabtest.Maintainer)
	w.project, other = other, w.project
	b := w.agent("b", 1)
	w.Configure(func(s *gitlabtest.Settings) { s.GraphQLErrors = map[int64]string{w.project: "GRPC::Unavailable"} })
	found := w.Selection(t.Context(), []agentread.Ref{{Project: other, Agent: a}, {Project: w.project, Agent: b}, {Project: w.project, Agent: 999}})
	for i, wantName := range []string{"a", "b", ""} {
		if got := found[i]; got.Agent.Name != wantName || wantName != "" && (got.Agent.Status(noon()) != agent.StatusConnected || !got.Project.Access.CanManage()) {
			t.Errorf("selected %d is %+v, want %q", i, got, wantName)
		}
	}
	if !errors.Is(found[2].Err, gitlabapi.ErrNotFound) {
		t.Errorf("no agent: %v, want ErrNotFound", found[2].Err)
	}
}

func TestConnectionsAreAskedForWhereTheyAreTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.AddAgent(gitlabtest.Agent{Project: w.project, Name: "live"})
	w.AddToken(gitlabtest.Token{Agent: id, Name: "t", Live: true, ConnectedAt: noon().Add(-time.Hour)})
	one, err := w.Agent(t.Context(), w.project, id)
	if err != nil {
		t.Fatal(err)
	}
	if got := w.Connections(t.Context(), []agentread.ProjectAgent{one}); len(got[id]) != 1 || !got[id][0].Equal(noon().Add(-time.Hour).Truncate(time.Second)) {
		t.Errorf("connections %v", got)
	}
	w.calls()
	for _, change := range []func(*agent.Project){
		func(p *agent.Project) { p.Maintains = false }, func(p *agent.Project) { p.Archived = true }, func(p *agent.Project) { p.Frozen = agent.AccessFrozen },
	} {
		other := one
		change(&other.Project)
		versions, err := w.Running(t.Context(), []agentread.ProjectAgent{other})
		if got := w.Connections(t.Context(), []agentread.ProjectAgent{other}); len(got)+len(versions) != 0 || err != nil {
			t.Errorf("told of connections %v, versions %v, %v of %+v", got, versions, err, other.Project)
		}
	}
	if got := w.calls(); len(got) != 0 {
		t.Errorf("asked for what GitLab does not tell: %v", got)
	}
	w.Configure(func(s *gitlabtest.Settings) { s.KASUnreachable = true })
	if got := w.Connections(t.Context(), []agentread.ProjectAgent{one}); len(got) != 0 {
		t.Errorf("connections without an agent server: %v", got)
	}
}

func TestManySaysWhySomeAreMissing(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		fault func(*world)
		want  agent.Fallback
		found int
	}{
		{"everything is told", func(*world) {}, agent.FallbackNone, 1},
		{"a project in error", func(w *world) {
			w.Configure(func(s *gitlabtest.Settings) { s.GraphQLErrors = map[int64]string{w.project: "x"} })
		}, agent.FallbackPartial, 0},
		{"no GraphQL", func(w *world) { w.Configure(func(s *gitlabtest.Settings) { s.GraphQLOff = true }) }, agent.FallbackUnsupported, 0},
		{"forbidden", func(w *world) { w.Inject(gitlabtest.OpGraphQL, gitlabtest.GraphQLError(403, "no")) }, agent.FallbackRefused, 0},
		{"a 401 of GraphQL's alone", func(w *world) { w.Inject(gitlabtest.OpGraphQL, gitlabtest.GraphQLError(401, "no")) }, agent.FallbackRefused, 0},
		{"too complex", func(w *world) { w.Configure(func(s *gitlabtest.Settings) { s.ComplexityLimit = 10 }) }, agent.FallbackTooComplex, 0},
		{"a 503", func(w *world) { w.Inject(gitlabtest.OpGraphQL, gitlabtest.Status(503)) }, agent.FallbackUnavailable, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.agent("prod", 1)
			tt.fault(w)
			found, why, err := w.Many(t.Context(), []int64{w.project})
			if why != tt.want || len(found) != tt.found || (err == nil) != (tt.want == agent.FallbackNone) || errors.Is(err, gitlabapi.ErrUnauthorized) {
				t.Errorf("%d projects, %v, %v; want %d, %v", len(found), why, err, tt.found, tt.want)
			}
		})
	}
	w := newWorld(t)
	w.Inject("", gitlabtest.TokenRevoked())
	if _, _, err := w.Many(t.Context(), []int64{w.project}); !errors.Is(err, gitlabapi.ErrUnauthorized) {
		t.Errorf("a token that nobody accepts: %v, want ErrUnauthorized", err)
	}
	w.ClearFaults("")
	if _, why, err := w.Many(t.Context(), []int64{w.project, 999}); why != agent.FallbackPartial || err == nil {
		t.Errorf("a project that GraphQL leaves out: %v, %v", why, err)
	}
}
