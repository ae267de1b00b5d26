package demo

import (
	"time"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

// addShared is a receptive agent, and agents that projects share: one that Mara may open, and one of
// a project that she does not see.
func (d *seeder) addShared() {
	d.Configure(func(s *gitlabtest.Settings) { s.ReceptiveAgents = true })
	edge := d.AddProject(gitlabtest.Project{
		Path: "edge", Name: "Edge", Description: "Clusters that may not open connections outwards", Group: d.groups["platform/clusters"],
		CreatedAt: d.now.AddDate(0, -4, 0),
	})
	vault := d.AddProject(gitlabtest.Project{
		Path: "vault", Name: "Vault", Group: d.groups["stores"], CreatedAt: d.now.AddDate(0, -8, 0),
	})
	web := d.projects["shop/storefront/web"]
	inbound := d.AddAgent(gitlabtest.Agent{
		Project: edge, Name: "bank-gateway", CreatedAt: d.now.Add(-30 * day), CreatedBy: d.people[mara], Receptive: true,
		URLConfiguration: &gitlabtest.URLConfiguration{
			URL: "grpcs://agent.bank.example.com:8082", PublicKey: "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=", TLSHost: "agentk.bank.example.com",
		},
		CIAccess: []int64{web}, AccessConfig: `{"environments":["production"],"protected_branches_only":true}`,
	})
	d.AddToken(live("by hand", 30*day).seed(inbound, d.people[mara], d.now))
	shared := d.AddAgent(gitlabtest.Agent{
		Project: vault, Name: "vault", CreatedAt: d.now.Add(-90 * day), CreatedBy: d.people[chenwei], CIAccess: []int64{web}, UserAccess: []int64{web},
		AccessConfig: `{"access_as":{"agent":{}}}`,
	})
	d.AddToken(live("helm", 90*day+time.Hour).seed(shared, d.people[chenwei], d.now))
}
