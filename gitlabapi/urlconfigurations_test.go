package gitlabapi_test

import (
	"errors"
	"slices"
	"testing"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

func TestURLConfigurationsSayHowGitLabReachesAnAgent(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 0)
	project := gitlabapi.ProjectID(c.project)
	id := c.AddAgent(gitlabtest.Agent{Project: c.project, Name: "inbound", Receptive: true, URLConfiguration: &gitlabtest.URLConfiguration{
		URL: "grpcs://agents.example.com", PublicKey: "S0VZ",
	}})
	if _, err := c.maintainer.URLConfigurations(t.Context(), project, id); !errors.Is(err, gitlabapi.ErrNotFound) {
		t.Errorf("while the switch is off: %v, want ErrNotFound", err)
	}
	c.Configure(func(s *gitlabtest.Settings) { s.ReceptiveAgents = true })
	got, err := c.maintainer.URLConfigurations(t.Context(), project, id)
	if want := []gitlabapi.URLConfiguration{{ID: id, URL: "grpcs://agents.example.com", PublicKey: "S0VZ"}}; err != nil || !slices.Equal(got, want) {
		t.Errorf("%+v, %v, want %+v", got, err, want)
	}
	if _, err := c.other.URLConfigurations(t.Context(), project, id); !errors.Is(err, gitlabapi.ErrForbidden) {
		t.Errorf("for a Developer: %v, want ErrForbidden", err)
	}
	one, err := c.other.Agent(t.Context(), project, id)
	if err != nil || !one.Receptive {
		t.Errorf("REST says %+v, %v, want receptive", one, err)
	}
}

// The Community Edition refuses every query with a field that it does not know.
func TestThatAnInstanceKnowsNoReceptiveAgentsIsFoundOutOnce(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		community bool
		queries   [2]int
	}{"the Enterprise Edition": {false, [2]int{1, 1}}, "the Community Edition": {true, [2]int{2, 1}}} {
		c := newCluster(t, 0)
		c.AddAgent(gitlabtest.Agent{Project: c.project, Name: "inbound", Receptive: true})
		c.Configure(func(s *gitlabtest.Settings) { s.CommunityEdition = tt.community })
		for _, want := range tt.queries {
			c.ResetCounters()
			got, err := c.maintainer.AgentByName(t.Context(), c.project, "inbound")
			if err != nil || got.Agents[0].Receptive == tt.community {
				t.Errorf("%s: %+v, %v", name, got.Agents, err)
			}
			if n := c.Calls(gitlabtest.OpGraphQL); n != want {
				t.Errorf("%s: %d queries, want %d", name, n, want)
			}
		}
	}
}
