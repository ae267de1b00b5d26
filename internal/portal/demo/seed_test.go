package demo

import (
	"log/slog"
	"net/http"
	"regexp"
	"slices"
	"testing"
	"time"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/gitlabapi/gitlabtest"
	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/agentconfig"
	"gitlab-agent-portal/internal/agentread"
)

// view is what one person sees of the demo's GitLab.
type view struct {
	t        *testing.T
	client   *gitlabapi.Client
	projects []gitlabapi.Project
	found    map[int64]agentread.ProjectAgents
	now      time.Time
}

// see seeds a demo and reads everything that a person can see of it.
func see(t *testing.T, username string, later time.Duration) view {
	t.Helper()
	clock := gitlabtest.NewClock(time.Date(2026, 11, 24, 3, 7, 0, 0, time.UTC))
	gitlab := gitlabtest.Start(t, gitlabtest.WithNow(clock.Now))
	everybody, _ := newSeeder(gitlab.Server, clock.Now()).fill()
	clock.Advance(later)
	client, err := gitlabapi.New(gitlab.URL, gitlabapi.Options{Now: clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(everybody, func(p person) bool { return p.username == username })
	v := view{t: t, client: client.WithToken(gitlabapi.NewSecret(everybody[i].token)), now: clock.Now()}
	page, err := v.client.ProjectsPage(t.Context(), gitlabapi.ProjectQuery{Page: 1, PerPage: 100})
	if err != nil {
		t.Fatal(err)
	}
	v.projects = page.Items
	ids := make([]int64, len(v.projects))
	for i, p := range v.projects {
		ids[i] = p.ID
	}
	reader := agentread.New(agentread.Config{Log: slog.New(slog.DiscardHandler)}).For(v.client, 1)
	if v.found, _, err = reader.Many(t.Context(), ids); err != nil {
		t.Fatal(err)
	}
	v.addRunning(reader)
	v.addConfigs(reader)
	return v
}

// located are all agents that are seen, with their projects.
func (v view) located() []agentread.ProjectAgent {
	var all []agentread.ProjectAgent
	for _, p := range v.found {
		for _, a := range p.Agents {
			all = append(all, agentread.ProjectAgent{Project: p.Project, Agent: a})
		}
	}
	return all
}

// addConfigs reads the agents' configuration files.
func (v view) addConfigs(reader *agentread.Reader) {
	v.t.Helper()
	blobs, err := reader.ConfigBlobs(v.t.Context(), v.located())
	if err != nil {
		v.t.Fatal(err)
	}
	for _, p := range v.found {
		for i := range p.Agents {
			if blob := blobs[p.Agents[i].ID]; blob.ID != "" {
				if p.Agents[i].Config, err = reader.JudgeConfig(v.t.Context(), blob); err != nil {
					v.t.Fatal(err)
				}
			}
		}
	}
}

// addRunning reads what runs as the agents.
func (v view) addRunning(reader *agentread.Reader) {
	v.t.Helper()
	running, err := reader.Running(v.t.Context(), v.located())
	if err != nil {
		v.t.Fatal(err)
	}
	for _, p := range v.found {
		for i := range p.Agents {
			p.Agents[i].Running = running[p.Agents[i].ID]
		}
	}
}

// agents are all agents that are seen.
func (v view) agents() []agent.Agent {
	var all []agent.Agent
	for _, p := range v.found {
		all = append(all, p.Agents...)
	}
	return all
}

func (v view) statuses() map[agent.Status]int {
	count := map[agent.Status]int{}
	for _, a := range v.agents() {
		count[a.Status(v.now)]++
	}
	return count
}

func TestDemoHasEveryStateOfAnAgent(t *testing.T) {
	t.Parallel()
	v := see(t, olivia, 0)
	if n := len(v.projects); n < 40 {
		t.Errorf("%d projects, want 40 or more", n)
	}
	tokens, largest := map[int]int{}, 0
	for _, p := range v.found {
		largest = max(largest, len(p.Agents))
	}
	for _, a := range v.agents() {
		tokens[a.TokenCount]++
	}
	if largest <= 50 {
		t.Errorf("the largest project has %d agents, want more than a page of 50", largest)
	}
	for _, n := range []int{0, 1, 2, 3} {
		if tokens[n] == 0 {
			t.Errorf("no agent has %d tokens", n)
		}
	}
	for _, status := range []agent.Status{agent.StatusConnected, agent.StatusNotConnected, agent.StatusNeverConnected} {
		if v.statuses()[status] < 2 {
			t.Errorf("%d agents are of status %s, want some", v.statuses()[status], status)
		}
	}
}

func TestDemoNeedsEveryKindOfAttention(t *testing.T) {
	t.Parallel()
	v := see(t, mara, 0)
	due := map[agent.Rule]int{}
	for _, a := range v.agents() {
		for _, rule := range a.Attention(false, agent.NewThresholds(90*day, 30*day, 90*day), v.now) {
			due[rule]++
		}
	}
	for _, rule := range agent.Rules() {
		if due[rule] == 0 && rule != agent.Unstored { // which the portal alone knows
			t.Errorf("nothing in the demo is %s", rule)
		}
	}
}

func TestDemoHasAgentsThatEnvironmentsDependOn(t *testing.T) {
	t.Parallel()
	v := see(t, mara, 0)
	reader := agentread.New(agentread.Config{Log: slog.New(slog.DiscardHandler)}).For(v.client, 1)
	found := map[string]int{}
	for _, p := range v.found {
		for _, a := range p.Agents {
			told := reader.Dependents(t.Context(), agentread.ProjectAgent{Project: p.Project, Agent: a}, agentconfig.Home{Project: p.Project.Path})
			for what, is := range map[string]bool{
				"environments of several projects":              told.Projects > 1 && len(told.Environments) > 1,
				"environments of a stale agent":                 a.Stale(agent.NewThresholds(90*day, 30*day, 90*day), v.now) && len(told.Environments) > 0,
				"environments of an agent that is set up badly": told.Grants == agentread.GrantsBroken && len(told.Environments) > 0,
				"environments of a whole instance":              told.Instance && len(told.Environments) > 0,
				"no environments":                               told.Complete() && len(told.Environments) == 0,
			} {
				if is {
					found[what]++
				}
			}
		}
	}
	if len(found) != 5 {
		t.Errorf("the demo has %v, want five kinds", found)
	}
}

func TestDemoStaysAliveWhileItRuns(t *testing.T) {
	t.Parallel()
	before, after := see(t, olivia, 0).statuses(), see(t, olivia, 8*time.Hour).statuses()
	if lost := before[agent.StatusConnected] - after[agent.StatusConnected]; after[agent.StatusConnected] < 80 || lost > 10 {
		t.Errorf("%d agents are connected at first and %d after eight hours, want nearly as many", before[agent.StatusConnected], after[agent.StatusConnected])
	}
}

func TestDemoPeopleDiffer(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		username            string
		projects, agents    bool
		manages, managesAll bool
	}{
		{olivia, true, true, true, true},
		{mara, true, true, true, false},
		{chenwei, true, true, true, false},
		{tomas, true, true, false, false},
		{ines, true, true, false, false}, // a Developer of the handbook
		{root, false, false, false, true},
	} {
		t.Run(tt.username, func(t *testing.T) {
			t.Parallel()
			v := see(t, tt.username, 0)
			active, managed := 0, 0
			for _, p := range v.projects {
				if p.Archived {
					continue
				}
				active++
				can, err := v.client.CanManage(t.Context(), p.ID)
				if err != nil {
					t.Fatal(err)
				}
				if can {
					managed++
				}
			}
			if got := len(v.projects) > 0; got != tt.projects {
				t.Errorf("a member of %d projects, want some: %t", len(v.projects), tt.projects)
			}
			if got := len(v.agents()) > 0; got != tt.agents {
				t.Errorf("sees %d agents, want some: %t", len(v.agents()), tt.agents)
			}
			if got := managed > 0; got != tt.manages {
				t.Errorf("manages %d projects, want some: %t", managed, tt.manages)
			}
			if got := managed == active; got != tt.managesAll {
				t.Errorf("manages %d of %d active projects, want all: %t", managed, active, tt.managesAll)
			}
		})
	}
}

func TestDemoAgentsCouldHaveBeenRegistered(t *testing.T) {
	t.Parallel()
	legal := regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`)
	for _, a := range see(t, olivia, 0).agents() {
		if !legal.MatchString(a.Name) {
			t.Errorf("GitLab would not register an agent named %q", a.Name)
		}
	}
}

func TestDemoHasAProjectThatMovedAndOneThatIsArchived(t *testing.T) {
	t.Parallel()
	v := see(t, mara, 0)
	moved, err := v.client.Project(t.Context(), gitlabapi.ProjectPath("platform/dashboards"))
	if err != nil || moved.PathWithNamespace != "platform/observability/dashboards" {
		t.Errorf("platform/dashboards is %q, %v, want it found at its new place", moved.PathWithNamespace, err)
	}
	archived, err := v.client.Project(t.Context(), gitlabapi.ProjectPath("shop/shop-2019"))
	if err != nil || !archived.Archived {
		t.Errorf("shop/shop-2019 is archived: %t, %v, want true", archived.Archived, err)
	}
}

func TestDemoPeopleAreListedWithTheirTokens(t *testing.T) {
	t.Parallel()
	gitlab := gitlabtest.Start(t)
	everybody, _ := newSeeder(gitlab.Server, time.Now()).fill()
	for _, p := range everybody {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, gitlab.URL+"/api/v4/user", nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("PRIVATE-TOKEN", p.token)
		response, err := gitlab.HTTP.Client().Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		listed := regexp.MustCompile(`(?m)^ +` + regexp.QuoteMeta(p.username) + ` +` + regexp.QuoteMeta(p.token) + ` `)
		if response.StatusCode != http.StatusOK || !listed.MatchString(everybody.String()) {
			t.Errorf("%s signs in with %d and is listed: %t, want 200 and true", p.username, response.StatusCode, listed.MatchString(everybody.String()))
		}
	}
}

// The demo's configuration files are in every state that the portal tells apart.
func TestDemoConfigurationFiles(t *testing.T) {
	t.Parallel()
	v := see(t, mara, 0)
	seen := map[string]int{}
	for _, p := range v.projects {
		for _, a := range v.found[p.ID].Agents {
			file, err := v.client.RawFile(t.Context(), gitlabapi.ProjectID(p.ID), agentconfig.Path(a.Name))
			if err != nil {
				seen["none"]++
				continue
			}
			config, problems := agentconfig.Parse(file)
			judged := agentconfig.Judge(config, agentconfig.Home{Project: p.PathWithNamespace})
			switch grants := slices.Concat(judged.CI.Groups, judged.CI.Projects, judged.User.Groups, judged.User.Projects); {
			case problems.Certain():
				seen["refused"]++
			case len(problems) > 0:
				seen["most likely refused"]++
			case config.CI.Instance != nil:
				seen["everybody"]++
			case len(grants) == 0:
				seen["nobody"]++
			default:
				for _, grant := range grants {
					seen[string(grant.Verdict)]++
				}
			}
		}
	}
	for _, state := range []string{"none", "refused", "most likely refused", "everybody", "nobody", "in_effect", "outside"} {
		if seen[state] == 0 {
			t.Errorf("no agent's file is %s: %v", state, seen)
		}
	}
}
