package gitlabapi_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"testing"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

// crowd is a simulator with one project of so many agents, and a Maintainer's client.
func crowd(t *testing.T, agents int) *cluster {
	t.Helper()
	c := newCluster(t, 0)
	for i := range agents {
		id := c.AddAgent(gitlabtest.Agent{Project: c.project, Name: fmt.Sprintf("cluster-%04d", i)})
		c.AddToken(gitlabtest.Token{Agent: id, Name: "t"})
	}
	return c
}

func TestAPageOfAgentsCostsTheSameWhateverTheProjectHolds(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		agents, skip, want int
		first              string
		queries            int
	}{
		{50, 0, 50, "cluster-0000", 1},
		{1000, 0, 50, "cluster-0000", 1},
		{51, 50, 1, "cluster-0050", 2},
		{1000, 50, 50, "cluster-0050", 2},
		{1000, 150, 50, "cluster-0150", 3},
		{1000, 950, 50, "cluster-0950", 11},
		{50, 50, 0, "", 1}, // it ends where the page would begin
		{70, 200, 0, "", 1},
		{0, 0, 0, "", 1},
	} {
		t.Run(fmt.Sprintf("%d of %d", tt.skip, tt.agents), func(t *testing.T) {
			t.Parallel()
			c := crowd(t, tt.agents)
			got, err := c.maintainer.AgentDetailsPage(t.Context(), c.project, tt.skip, 50)
			if err != nil || len(got.Agents) != tt.want || got.FullPath != "group/shop" {
				t.Fatalf("%d agents of %q, %v, want %d", len(got.Agents), got.FullPath, err, tt.want)
			}
			if tt.want > 0 && (got.Agents[0].Name != tt.first || len(got.Agents[0].Tokens) != 1) {
				t.Errorf("the page begins with %+v, want %s with its token", got.Agents[0], tt.first)
			}
			if n := c.Calls(gitlabtest.OpGraphQL); n != tt.queries {
				t.Errorf("%d queries, want %d", n, tt.queries)
			}
		})
	}
}

func TestProjectsAreReadNoFurtherThanNeeded(t *testing.T) {
	t.Parallel()
	c := crowd(t, 450)
	got, err := c.maintainer.ProjectsAgents(t.Context(), []int64{c.project}, func(p gitlabapi.ProjectAgents) bool { return len(p.Agents) >= 150 })
	if err != nil || len(got[c.project].Agents) != 200 || c.Calls(gitlabtest.OpGraphQL) != 2 {
		t.Errorf("%d agents after %d queries, %v, want 200 after 2", len(got[c.project].Agents), c.Calls(gitlabtest.OpGraphQL), err)
	}
}

func TestAgentIsFoundByItsName(t *testing.T) {
	t.Parallel()
	c := crowd(t, 3)
	got, err := c.maintainer.AgentByName(t.Context(), c.project, "cluster-0001")
	if err != nil || len(got.Agents) != 1 || got.Agents[0].Name != "cluster-0001" || len(got.Agents[0].Tokens) != 1 {
		t.Fatalf("found %+v, %v", got, err)
	}
	if got.DefaultBranch != "main" || !got.AdminProject || !got.PushCode || got.Name == "" {
		t.Errorf("the project is %+v", got.ProjectDetail)
	}
	for what, try := range map[string]func() error{
		"a name that nobody has": func() error { _, err := c.maintainer.AgentByName(t.Context(), c.project, "nobody"); return err },
		"another project":        func() error { _, err := c.maintainer.AgentByName(t.Context(), c.project+1, "cluster-0001"); return err },
		"a page of another":      func() error { _, err := c.maintainer.AgentDetailsPage(t.Context(), c.project+1, 0, 50); return err },
	} {
		if err := try(); !errors.Is(err, gitlabapi.ErrNotFound) {
			t.Errorf("%s: %v, want ErrNotFound", what, err)
		}
	}
}

func TestRightsAreThoseOfTheAbilities(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 0)
	archived := c.AddProject(gitlabtest.Project{Path: "old", Archived: true})
	developer := c.AddUser(gitlabtest.User{Username: "both"})
	c.AddMember(archived, developer, gitlabtest.Owner)
	c.AddMember(c.project, developer, gitlabtest.Developer)
	as := client(t, c.URL, quick()).WithToken(gitlabapi.NewSecret(c.AddPersonalToken(gitlabtest.PersonalToken{User: developer})))
	got, err := as.ProjectDetails(t.Context(), []int64{c.project, archived, 99})
	if err != nil || len(got) != 2 {
		t.Fatalf("details %+v, %v, want those of two projects", got, err)
	}
	if p := got[c.project]; p.AdminProject || !p.PushCode || p.Archived || p.FullPath != "group/shop" {
		t.Errorf("a Developer's project is %+v", p)
	}
	if p := got[archived]; !p.AdminProject || p.PushCode || !p.Archived {
		t.Errorf("an Owner's archived project is %+v", p)
	}
	if got, err := as.ProjectDetails(t.Context(), nil); err != nil || len(got) != 0 || c.Calls(gitlabtest.OpGraphQL) != 1 {
		t.Errorf("details of no project: %v, %v after %d queries", got, err, c.Calls(gitlabtest.OpGraphQL))
	}
}

func TestH11AProjectAnsweredInPartIsNoAnswer(t *testing.T) {
	t.Parallel()
	rights := `"userPermissions":{"adminProject":true,"pushCode":true}`
	one := func(fields string) string {
		return projects(fmt.Sprintf(`{"id":"%sProject/20","name":"P","fullPath":"p",%s}`, gid, fields))
	}
	whole := agent(5, token(11, "null"))
	for name, tt := range map[string]struct {
		answer  string
		meaning error
	}{
		"no rights":                 {one(`"clusterAgent":` + whole + `,"clusterAgents":{"pageInfo":{},"nodes":[]}`), gitlabapi.ErrGraphQL},
		"tokens that are null":      {one(rights + `,"clusterAgent":{"id":"gid://gitlab/Clusters::Agent/5","tokens":null},"clusterAgents":{"nodes":[{"id":"gid://gitlab/Clusters::Agent/5","tokens":null}]}`), gitlabapi.ErrGraphQL},
		"an error beside the data":  {with(one(rights+`,"clusterAgent":`+whole+`,"clusterAgents":{"nodes":[]}`), `{"message":"GRPC::Unavailable"}`), gitlabapi.ErrGraphQL},
		"an error inside the agent": {with(one(rights+`,"clusterAgent":`+whole+`,"clusterAgents":{"nodes":[]}`), `{"message":"x","path":["projects","nodes",0,"clusterAgent"]}`), gitlabapi.ErrGraphQL},
		"another project":           {projects(project(21, "")), gitlabapi.ErrNotFound},
		"no project":                {projects(), gitlabapi.ErrNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, _ := graph(t, func(agentsRequest) string { return tt.answer })
			if got, err := c.AgentByName(t.Context(), 20, "a5"); !errors.Is(err, tt.meaning) {
				t.Errorf("the agent is %+v, %v, want %v", got, err, tt.meaning)
			}
			if got, err := c.AgentDetailsPage(t.Context(), 20, 0, 50); !errors.Is(err, tt.meaning) {
				t.Errorf("the page is %+v, %v, want %v", got, err, tt.meaning)
			}
		})
	}
	c, _ := graph(t, func(agentsRequest) string {
		return projects(`{"id":"gid://gitlab/Project/20","fullPath":"p"}`, project(21, ""))
	})
	got, err := c.ProjectDetails(t.Context(), []int64{20, 21})
	var partial *gitlabapi.PartialError
	if !errors.As(err, &partial) || len(got) != 1 || got[21].ID != 21 {
		t.Errorf("details %+v, %v, want those of 21 and a *PartialError", got, err)
	}
}

func TestAnAgentThatMovesWhileItsProjectIsReadComesOnce(t *testing.T) {
	t.Parallel()
	c, _ := graph(t, func(q agentsRequest) string {
		if q.Variables.After == "" {
			return projects(project(20, "c1", agent(1), agent(2)))
		}
		return projects(project(20, "", agent(2), agent(3)))
	})
	got, err := c.ProjectsAgents(t.Context(), []int64{20}, nil)
	var ids []int64
	for _, a := range got[20].Agents {
		ids = append(ids, a.ID)
	}
	if err != nil || !slices.Equal(ids, []int64{1, 2, 3}) {
		t.Errorf("agents %v, %v, want each once", ids, err)
	}
}

func TestAnAnswerInAnotherContentTypeIsNoAgent(t *testing.T) {
	t.Parallel()
	c := fakeBody(t, func(w http.ResponseWriter, _ []byte) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte("<html>sign in</html>"))
	})
	if _, err := c.AgentByName(t.Context(), 20, "a"); !errors.Is(err, gitlabapi.ErrMalformed) {
		t.Errorf("error = %v, want ErrMalformed", err)
	}
}
