package demo

import "gitlab-agent-portal/gitlabapi/gitlabtest"

// configs are the configuration files of agents, by project and agent. Most agents have none. GitLab
// would drop a grant of production, and refuse those of staging, review-apps, eu-north-1 and lake-prod.
func configs() map[string]map[string]string {
	return map[string]map[string]string{
		"shop/storefront/web": {
			"production": `ci_access:
  projects:
    - id: shop/storefront/web
      environments: [production]
      protected_branches_only: true
    - id: shop/storefront/images
      default_namespace: web
      access_as:
        ci_job: {}
    - id: shop/storefront/recommendations
  groups:
    - id: shop/checkout
    - id: platform
user_access:
  access_as:
    agent: {}
  projects:
    - id: shop/storefront/web
`,
			"staging": `ci_access:
  groups:
    - id: shop
      environment: staging
`,
			"review-apps": `ci_access:
  projects:
    - id: shop/storefront/web
      environments:
      - review/*
    id: shop/storefront/search
`,
			"load-test": "# Nobody else needs this one.\n",
		},
		"platform/clusters/europe": {
			"eu-central-1": "ci_access:\n  instance: {}\nuser_access:\n  access_as: {user: {}}\n  groups:\n    - id: platform\n",
			"eu-north-1":   "ci_access:\n  groups: platform\n",
		},
		"data/lake": {
			"lake-prod": "ci_access:\n  groups:\n    - id: data\nuser_access:\n  groups:\n    - id: data/pipelines\n",
		},
	}
}

// addGrants has GitLab take in a configuration, but for what was pushed a moment ago, and adds one that
// no agent belongs to.
func (d *seeder) addGrants() {
	const web = "shop/storefront/web"
	d.SetGrants(d.agents[web+"/production"], gitlabtest.Grants{
		CI: []int64{d.projects[web], d.projects["shop/storefront/images"]}, User: []int64{d.projects[web]}, UserStored: true,
	})
	d.AddFile(gitlabtest.File{
		Project: d.projects[web], Path: ".gitlab/agents/black-friday/config.yaml", Content: "ci_access:\n  groups:\n    - id: shop\n",
	})
}
