package gitlabapi_test

import (
	"errors"
	"fmt"
	"testing"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

// granted is an organisation in which one agent of shop/web is granted to projects.
func granted(t *testing.T) (gitlab *gitlabtest.Instance, as func(level gitlabtest.AccessLevel) *gitlabapi.Client, agent gitlabapi.AgentName) {
	t.Helper()
	gitlab = gitlabtest.Start(t)
	shop := gitlab.AddGroup(gitlabtest.Group{Path: "shop"})
	home := gitlab.AddProject(gitlabtest.Project{Path: "web", Group: shop})
	granted := gitlab.AddProject(gitlabtest.Project{Path: "granted", Group: shop})
	gitlab.AddProject(gitlabtest.Project{Path: "other", Group: shop})
	id := gitlab.AddAgent(gitlabtest.Agent{Project: home, Name: "prod"})
	gitlab.SetGrants(id, gitlabtest.Grants{CI: []int64{granted}, UserStored: true})
	as = func(level gitlabtest.AccessLevel) *gitlabapi.Client {
		user := gitlab.AddUser(gitlabtest.User{Username: fmt.Sprintf("person-%d", level)})
		gitlab.AddMember(home, user, gitlabtest.Developer)
		gitlab.AddGroupMember(shop, user, level)
		client, err := gitlabapi.New(gitlab.URL, gitlabapi.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return client.WithToken(gitlabapi.NewSecret(gitlab.AddPersonalToken(gitlabtest.PersonalToken{User: user})))
	}
	return gitlab, as, gitlabapi.AgentName{ID: id, ProjectID: home, ProjectPath: "shop/web", Name: "prod"}
}

func TestGitLabTellsWhichGrantsItTook(t *testing.T) {
	t.Parallel()
	_, as, agent := granted(t)
	q := gitlabapi.AuthorizationsQuery{Agent: agent, Projects: []string{"shop/granted", "shop/other", "shop/none"}, Groups: []string{"shop", "nowhere"}}
	for level, want := range map[gitlabtest.AccessLevel]map[string]gitlabapi.ProjectAuthorization{
		gitlabtest.Developer: {"shop/granted": {Told: true, CI: true}, "shop/other": {Told: true}},
		gitlabtest.Reporter:  {"shop/granted": {}, "shop/other": {}},
	} {
		got, err := as(level).Authorizations(t.Context(), q)
		if err != nil || !got.UserAccess || !got.Groups["shop"] || got.Groups["nowhere"] || fmt.Sprint(got.Projects) != fmt.Sprint(want) {
			t.Errorf("with role %v: %+v, %v, want %+v", level, got, err, want)
		}
	}
}

func TestAuthorizationsStayBelowGitLabsLimits(t *testing.T) {
	t.Parallel()
	_, as, agent := granted(t)
	q := gitlabapi.AuthorizationsQuery{Agent: agent}
	for i := range 30 {
		q.Projects, q.Groups = append(q.Projects, fmt.Sprintf("shop/p%d", i)), append(q.Groups, fmt.Sprintf("shop/g%d", i))
	}
	if _, err := as(gitlabtest.Developer).Authorizations(t.Context(), q); err != nil {
		t.Error(err)
	}
}

func TestAuthorizationsOfAnInstanceThatDoesNotKnowThem(t *testing.T) {
	t.Parallel()
	gitlab, as, agent := granted(t)
	gitlab.Configure(func(s *gitlabtest.Settings) { s.GraphQLLacks = []string{"ClusterAgent.userAccessAuthorizations"} })
	if _, err := as(gitlabtest.Developer).Authorizations(t.Context(), gitlabapi.AuthorizationsQuery{Agent: agent}); !errors.Is(err, gitlabapi.ErrUnsupported) {
		t.Errorf("the error is %v", err)
	}
	gitlab.Configure(func(s *gitlabtest.Settings) { s.GraphQLLacks = nil })
	agent.Name = "another"
	if _, err := as(gitlabtest.Maintainer).Authorizations(t.Context(), gitlabapi.AuthorizationsQuery{Agent: agent}); !errors.Is(err, gitlabapi.ErrGraphQL) {
		t.Errorf("the error for an agent that is not there is %v", err)
	}
}
