package gitlabapi_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

// groupAgents reads all agents of a group, page by page.
func groupAgents(t *testing.T, c *gitlabapi.Client, path string) (names []string, pages int, err error) {
	t.Helper()
	for cursor := ""; pages == 0 || cursor != ""; pages++ {
		var found []gitlabapi.GroupAgent
		if found, cursor, err = c.GroupAgentsPage(t.Context(), path, cursor); err != nil {
			return nil, pages, err
		}
		for _, one := range found {
			names = append(names, one.Project.FullPath+"/"+one.Agent.Name)
		}
	}
	return names, pages, nil
}

func TestTheAgentsOfAGroupComeAHundredAtATime(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 201)
	c.AddGroupMember(1, c.lead, gitlabtest.Maintainer)
	names, pages, err := groupAgents(t, c.maintainer, "group")
	if err != nil || pages != 3 || len(names) != 201 || !slices.Contains(names, "group/shop/cluster-200") {
		t.Errorf("%d agents on %d pages, %v, want 201 on 3", len(names), pages, err)
	}
	one, _, err := c.maintainer.GroupAgentsPage(t.Context(), "group", "")
	if err != nil || !one[0].Project.AdminProject || len(one[0].Agent.Tokens) != 1 || one[0].Agent.Tokens[0].LastUsedAt.IsZero() {
		t.Errorf("%+v, %v, want the rights and the use of tokens", one[0], err)
	}
	if names, _, err := groupAgents(t, c.other, "group"); err != nil || len(names) != 0 {
		t.Errorf("who is Developer of the project alone is told of %v, %v", names, err)
	}
}

func TestWhatKeepsTheAgentsOfAGroupFromBeingTold(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		path  string
		spoil func(*cluster)
		want  error
	}{
		"a group that is not there": {"nothing", func(*cluster) {}, gitlabapi.ErrNotFound},
		"the Community Edition": {"group", func(c *cluster) {
			c.Configure(func(s *gitlabtest.Settings) { s.CommunityEdition = true })
		}, gitlabapi.ErrUnsupported},
		"an instance without GraphQL": {"group", func(c *cluster) {
			c.Configure(func(s *gitlabtest.Settings) { s.GraphQLOff = true })
		}, gitlabapi.ErrUnsupported},
		"a proxy in between": {"group", func(c *cluster) {
			c.Inject(gitlabtest.OpGraphQL, gitlabtest.Status(502))
		}, gitlabapi.ErrUnavailable},
	} {
		c := newCluster(t, 1)
		c.AddGroupMember(1, c.lead, gitlabtest.Maintainer)
		tt.spoil(c)
		if _, _, err := groupAgents(t, c.maintainer, tt.path); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", name, err, tt.want)
		}
	}
}

func TestThatAnInstanceKnowsNoAgentsOfGroupsIsFoundOutOnce(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 1)
	c.Configure(func(s *gitlabtest.Settings) { s.GraphQLLacks = []string{"Group.clusterAgents"} })
	for range 3 {
		if _, _, err := groupAgents(t, c.maintainer, "group"); !errors.Is(err, gitlabapi.ErrUnsupported) {
			t.Errorf("%v, want ErrUnsupported", err)
		}
	}
	if n := c.Calls(gitlabtest.OpGraphQL); n != 1 {
		t.Errorf("%d queries, want 1", n)
	}
}

func TestAGroupIsFoundByItsPathAlone(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 0)
	if g, err := c.maintainer.Group(t.Context(), "Group"); err != nil || g.FullPath != "group" || g.ID != 1 {
		t.Errorf("%+v, %v", g, err)
	}
	for _, path := range []string{"1", "", "..", "nothing", "a\x00b", "group/shop"} {
		if g, err := c.maintainer.Group(t.Context(), path); !errors.Is(err, gitlabapi.ErrNotFound) {
			t.Errorf("%q: %+v, %v, want ErrNotFound", path, g, err)
		}
	}
}

func TestProjectsBeyondOnesOwnAreListed(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 0)
	for i := range 120 {
		c.AddProject(gitlabtest.Project{Path: fmt.Sprintf("open-%d", i), Group: 1, Visibility: gitlabtest.Public})
	}
	var all []gitlabapi.Project
	for cursor := new(gitlabapi.ProjectCursor); cursor != nil; {
		var page []gitlabapi.Project
		var err error
		if page, cursor, err = c.maintainer.Memberships(t.Context(), gitlabapi.MembershipQuery{Beyond: true}, *cursor); err != nil {
			t.Fatal(err)
		}
		all = append(all, page...)
	}
	own, _, err := c.maintainer.Memberships(t.Context(), gitlabapi.MembershipQuery{}, gitlabapi.ProjectCursor{})
	if len(all) != 121 || len(own) != 1 || err != nil {
		t.Errorf("%d and %d projects, %v, want 121 and one's own", len(all), len(own), err)
	}
}

func TestSharedAgentsOfAProject(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 1)
	hidden := c.AddProject(gitlabtest.Project{Path: "hidden", Group: 1})
	shared := c.AddAgent(gitlabtest.Agent{
		Project: hidden, Name: "shared", CIAccess: []int64{c.project}, UserAccess: []int64{c.project},
		AccessConfig: `{"environments":["production"],"default_namespace":"shop","protected_branches_only":true,"access_as":{"agent":{}}}`,
	})
	got, err := c.other.SharedAgents(t.Context(), c.project)
	if err != nil || len(got.CI) != 2 || len(got.User) != 1 || got.MoreCI || got.MoreUser {
		t.Fatalf("%+v, %v, want its own and the shared one", got, err)
	}
	one := got.CI[1]
	if one.ID != shared || one.Project.ID != 0 || !one.Settings.ProtectedRefs || one.Settings.DefaultNamespace != "shop" || !slices.Equal(one.Settings.Environments, []string{"production"}) {
		t.Errorf("the shared one is %+v", one)
	}
	if own := got.CI[0]; own.Project.FullPath != "group/shop" {
		t.Errorf("its own is %+v", own)
	}
	reporter := c.AddUser(gitlabtest.User{Username: "reporter"})
	c.AddMember(c.project, reporter, gitlabtest.Reporter)
	as := client(t, c.URL, quick()).WithToken(gitlabapi.NewSecret(c.AddPersonalToken(gitlabtest.PersonalToken{User: reporter})))
	if _, err := as.SharedAgents(t.Context(), c.project); !errors.Is(err, gitlabapi.ErrForbidden) {
		t.Errorf("for a Reporter: %v, want ErrForbidden", err)
	}
	if _, err := as.SharedAgents(t.Context(), hidden); !errors.Is(err, gitlabapi.ErrNotFound) {
		t.Errorf("for who sees no such project: %v, want ErrNotFound", err)
	}
	for range 120 {
		c.AddAgent(gitlabtest.Agent{Project: hidden, Name: "a", UserAccess: []int64{c.project}})
	}
	if got, err := c.other.SharedAgents(t.Context(), c.project); err != nil || !got.MoreUser || len(got.User) != 100 {
		t.Errorf("of many %d, more %v, %v", len(got.User), got.MoreUser, err)
	}
}

func TestTheKeyOfAURLConfigurationIsInNoError(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 1)
	c.Configure(func(s *gitlabtest.Settings) { s.ReceptiveAgents, s.EchoSecrets = true, true })
	const key = "-----BEGIN PRIVATE KEY----- what nobody may read"
	_, err := c.maintainer.CreateURLConfiguration(t.Context(), gitlabapi.ProjectID(c.project), c.agents[0].ID, gitlabapi.NewURLConfiguration{
		URL: "grpcs://agents.example.com", ClientCert: "x", ClientKey: gitlabapi.NewSecret(key),
	})
	if !errors.Is(err, gitlabapi.ErrInvalid) || !strings.Contains(err.Error(), "PEM") {
		t.Fatalf("%v, want GitLab's refusal", err)
	}
	if strings.Contains(err.Error(), "what nobody") || strings.Contains(err.Error(), "LS0tLS1CRUdJTiBQUklWQVRFIEtFWS0tLS0t") {
		t.Errorf("the key is in %v", err)
	}
}

func TestAURLConfigurationIsCreatedAndDeleted(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 1)
	c.Configure(func(s *gitlabtest.Settings) { s.ReceptiveAgents = true })
	project, id := gitlabapi.ProjectID(c.project), c.agents[0].ID
	made, err := c.maintainer.CreateURLConfiguration(t.Context(), project, id, gitlabapi.NewURLConfiguration{URL: "grpcs://a.example", TLSHost: "b.example"})
	if err != nil || made.PublicKey == "" || made.TLSHost != "b.example" || made.HasCA {
		t.Fatalf("%+v, %v", made, err)
	}
	if err := c.maintainer.DeleteURLConfiguration(t.Context(), project, id, made.ID); err != nil {
		t.Error(err)
	}
	if err := c.maintainer.DeleteURLConfiguration(t.Context(), project, id, made.ID); !errors.Is(err, gitlabapi.ErrNotFound) {
		t.Errorf("once more: %v, want ErrNotFound", err)
	}
}
