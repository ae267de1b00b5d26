package gitlabtest_test

import (
	"testing"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

func TestURLConfigurationsAreForMaintainersWhereTheSwitchIsOn(t *testing.T) {
	t.Parallel()
	const (
		inbound = agentsPath + "/6/url_configurations"
		plain   = agentsPath + "/5/url_configurations"
		off     = `{"message":"404 Not Found"}`
		body    = `[{"id":6,"agent_id":6,"url":"grpcs://agents.example.com","public_key":"S0VZ","tls_host":"agents.example.com"}]`
	)
	fill := func(w *world) {
		w.AddAgent(gitlabtest.Agent{ID: 6, Project: apiProject, Name: "inbound", Receptive: true, URLConfiguration: &gitlabtest.URLConfiguration{
			URL: "grpcs://agents.example.com", PublicKey: "S0VZ", TLSHost: "agents.example.com",
		}})
		w.AddAgent(gitlabtest.Agent{ID: 7, Project: archivedProject, Name: "old", Receptive: true})
	}
	run(t, fill, []exchange{
		{"without credentials", "", "GET", inbound, "", 401, unauthorized},
		{"a stranger", "stranger", "GET", inbound, "", 404, projectMissing},
		{"a developer", "developer", "GET", inbound, "", 403, forbidden},
		{"a maintainer", "maintainer", "GET", inbound, "", 200, body},
		{"an agent without one", "maintainer", "GET", plain, "", 200, `[]`},
		{"an archived project", "owner", "GET", "/v4/projects/22/cluster_agents/7/url_configurations", "", 403, forbidden},
		{"a missing agent", "maintainer", "GET", agentsPath + "/999/url_configurations", "", 404, `{"message":"404 Not found"}`},
	}, gitlabtest.WithSettings(func(s *gitlabtest.Settings) { s.ReceptiveAgents = true }))
	run(t, fill, []exchange{
		{"a maintainer while the switch is off", "maintainer", "GET", inbound, "", 404, off},
		{"a stranger while the switch is off", "stranger", "GET", inbound, "", 404, off},
	})
}
