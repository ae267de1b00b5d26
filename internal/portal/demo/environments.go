package demo

import "gitlab-agent-portal/gitlabapi/gitlabtest"

// environment is a place that a project deploys to, with the agent of a project that shows it.
type environment struct {
	project, name       string
	of, agent           string
	namespace, fluxPath string
}

// environments are those that depend on an agent: in its own project, in others that its
// configuration grants access, and on agents that are silent or badly configured.
func environments() []environment {
	const (
		web, europe, logs = "shop/storefront/web", "platform/clusters/europe", "platform/observability/logs"
		flux              = "helm.toolkit.fluxcd.io/v2/namespaces/web/helmreleases/storefront"
	)
	return []environment{
		{web, "production", web, "production", "web", flux},
		{"shop/storefront/images", "production", web, "production", "images", ""},
		{web, "staging", web, "staging", "web-staging", ""},
		{web, "review/banner", web, "review-apps", "review-banner", ""},
		{web, "review/fonts", web, "review-apps", "review-fonts", ""},
		{europe, "eu-central-1", europe, "eu-central-1", "", ""},
		{"platform/identity", "production", europe, "eu-central-1", "identity", ""},
		{"platform/registry-mirror", "mirror", europe, "eu-central-1", "mirror", ""},
		{"platform/agent-portal", "production", europe, "eu-central-1", "agent-portal", ""},
		{logs, "archive", logs, "loki-archive", "loki-archive", ""},
		{"data/lake", "production", "data/lake", "lake-prod", "lake", ""},
	}
}

func (d *seeder) addEnvironments() {
	for _, e := range environments() {
		d.AddEnvironment(gitlabtest.Environment{
			Project: d.projects[e.project], Name: e.name, Agent: d.agents[e.of+"/"+e.agent], Namespace: e.namespace, FluxPath: e.fluxPath,
		})
	}
}
