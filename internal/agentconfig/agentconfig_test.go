package agentconfig_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gitlab-agent-portal/internal/agentconfig"
)

type (
	config  = agentconfig.Config
	access  = agentconfig.Access
	grant   = agentconfig.Grant
	problem = agentconfig.Problem
)

func TestParseTellsWhoIsLetIn(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, file string
		want       config
	}{
		{"an empty file", "", config{}},
		{"comments only", "# nothing yet\n", config{}},
		{"null", "null\n", config{}},
		{"keys without values", "ci_access:\nuser_access:\n  access_as: {agent: {}}\n  projects:\n  groups: ~\n", config{}},
		{
			"projects and groups",
			"ci_access:\n  projects:\n    - id: shop/web\n      default_namespace: web\n    - id: shop/api\n  groups:\n    - id: shop\n" +
				"user_access:\n  access_as: {agent: {}}\n  projects: [{id: shop/web}]\n",
			config{
				CI:   access{Projects: []grant{{Path: "shop/web", Namespace: "web"}, {Path: "shop/api"}}, Groups: []grant{{Path: "shop"}}},
				User: access{Projects: []grant{{Path: "shop/web"}}},
			},
		},
		{
			"limits",
			"ci_access:\n  groups:\n    - id: shop\n      environments: [production, review/*]\n      protected_branches_only: true\n",
			config{CI: access{Groups: []grant{{Path: "shop", Environments: []string{"production", "review/*"}, ProtectedRefs: true}}}},
		},
		{"booleans of YAML 1.1", "ci_access: {groups: [{id: a, protected_branches_only: yes}, {id: b, protected_branches_only: Off}]}\n", config{CI: access{Groups: []grant{{Path: "a", ProtectedRefs: true}, {Path: "b"}}}}},
		{
			"who acts in the cluster",
			"ci_access:\n  projects:\n    - {id: a/b, access_as: {ci_job: {}}}\n    - {id: a/c, access_as: {impersonate: {username: bot, groups: [ops, sre]}}}\n    - {id: a/d, access_as: {agent: {}}}\n" +
				"user_access: {access_as: {user: {}}, groups: [{id: a}]}\n",
			config{
				CI: access{Projects: []grant{
					{Path: "a/b", As: agentconfig.AsJob}, {Path: "a/c", As: agentconfig.AsImpersonate, Impersonated: []string{"bot", "ops", "sre"}}, {Path: "a/d"},
				}},
				User: access{As: agentconfig.AsUser, Groups: []grant{{Path: "a"}}},
			},
		},
		{"the whole instance", "ci_access:\n  instance: {}\n", config{CI: access{Instance: &grant{}}}},
		{"the instance without a value", "ci_access:\n  instance:\n", config{}},
		{
			"anchors and merged keys, of which the first of a list counts",
			"custom_data: [&g {groups: [{id: shop}]}, &p {groups: [{id: web}], projects: [{id: shop/web}]}]\nci_access: *g\nuser_access:\n  access_as: {agent: {}}\n  <<: [*g, *p]\n",
			config{
				CI:   access{Groups: []grant{{Path: "shop"}}},
				User: access{Groups: []grant{{Path: "shop"}}, Projects: []grant{{Path: "shop/web"}}},
			},
		},
		{"a merge takes the place of what stands above it", "custom_data: &g {groups: [{id: b}]}\nci_access: {groups: [{id: a}], <<: *g}\n", config{CI: access{Groups: []grant{{Path: "b"}}}}},
		{
			"of a repeated key the last",
			"ci_access:\n  groups: [{id: a}]\nci_access:\n  groups:\n    - id: b\n      id: c\n",
			config{CI: access{Groups: []grant{{Path: "c"}}}, Repeated: []agentconfig.Repeat{{Line: 3, Field: "ci_access"}, {Line: 6, Field: "ci_access.groups.id"}}},
		},
		{"the first of several documents", "ci_access: {groups: [{id: a}]}\n---\nci_access: {groups: [{id: b}]}\n", config{CI: access{Groups: []grant{{Path: "a"}}}}},
		{"quoted paths with anything in them", "ci_access: {groups: [{id: \"a\\nb<c>\"}, {id: '42'}, {id: 'no'}]}\n", config{CI: access{Groups: []grant{{Path: "a\nb<c>"}, {Path: "42"}, {Path: "no"}}}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, problems := agentconfig.Parse([]byte(tt.file))
			if len(problems) > 0 {
				t.Fatal(problems)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// everything has each key that GitLab documents.
const everything = `
observability:
  logging: {level: debug, grpc_level: warn}
  google_profiler: {enabled: true, project_id: p, credentials_file: f, debug_logging: false}
flux: {webhook_receiver_url: "http://webhook-receiver.flux-system.svc.cluster.local"}
custom_data: [anything, {at: all}]
ci_access:
  instance: {access_as: {ci_job: {}}}
  groups:
    - id: shop
      default_namespace: web
      protected_branches_only: false
      resource_management: {enabled: true}
      access_as: {agent: {}}
  projects:
    - id: shop/web
      environments: [production]
      access_as:
        impersonate: {username: u, uid: "1", groups: [g], extra: [{key: k, val: [v]}]}
user_access:
  access_as: {user: {}}
  groups: [{id: shop}]
container_scanning:
  cadence: '0 0 * * *'
  vulnerability_report: {namespaces: [default], resource_types: [Pod]}
  resource_requirements: {requests: {cpu: '0.2', memory: 200Mi, ephemeral_storage: 2Gi}, limits: {cpu: '1'}}
  trivy_k8s_wrapper_image: {repository: r, tag: t}
  scanner_timeout: "3600s"
  report_max_size: "300000000"
  delete_report_artifact: false
  severity_threshold: HIGH
remote_development:
  enabled: true
  dns_zone: workspaces.dev.test
  gitlab_workspaces_proxy: {namespace: gitlab-workspaces}
  network_policy: {enabled: true, egress: [{allow: 0.0.0.0/0, except: [10.0.0.0/8]}]}
  default_resources_per_workspace_container: {requests: {cpu: "0.5", memory: 512Mi}}
  max_resources_per_workspace: {limits: {cpu: "2", memory: 4Gi}}
  workspaces_quota: 10
  workspaces_per_user_quota: -1
  use_kubernetes_user_namespaces: false
  default_runtime_class: standard
  allow_privilege_escalation: false
  image_pull_secrets: [{name: registry-secret, namespace: default}]
  annotations: {environment: production}
  labels: {tier: development, 1: one}
  max_active_hours_before_stop: 60
  max_stopped_hours_before_termination: 4332
  shared_namespace: shared
  full_sync_interval: 1.5s
`

func TestParseTakesWhatGitLabDocuments(t *testing.T) {
	t.Parallel()
	if _, problems := agentconfig.Parse([]byte(everything)); len(problems) > 0 {
		t.Error(problems)
	}
}

func TestParseNamesTheLineOfEachProblem(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, file string
		want       []problem
	}{
		{"a tab", "ci_access:\n\tprojects: []\n", []problem{{agentconfig.CodeSyntax, 2, "", "found character that cannot start any token"}}},
		{"an open bracket", "ci_access:\n  projects: [\n", []problem{{agentconfig.CodeSyntax, 3, "", "did not find expected node content"}}},
		{"a wrong indent", "ci_access:\n  projects:\n  - id: a\n groups: []\n", []problem{{agentconfig.CodeSyntax, 4, "", "did not find expected key"}}},
		{"no text at all", "a: \xff\n", []problem{{agentconfig.CodeSyntax, 0, "", "invalid leading UTF-8 octet (value: 255)"}}},
		{"a list", "- ci_access\n", []problem{{agentconfig.CodeMapping, 1, "", ""}}},

		{"a key that nobody knows", "ci_access: {}\nci_acces: {}\n", []problem{{agentconfig.CodeUnknown, 2, "ci_acces", ""}}},
		{"an unknown key without a value", "future:\n", []problem{{agentconfig.CodeUnknown, 1, "future", ""}}},
		{"an unknown key deep down", "ci_access:\n  projects:\n    - id: a\n      namespaces: [b]\n", []problem{{agentconfig.CodeUnknown, 4, "ci_access.projects.namespaces", ""}}},
		{"a key in camel case", "ciAccess: {}\n", []problem{{agentconfig.CodeUnknown, 1, "ciAccess", ""}}},
		{"a key that holds an anchor", "x: &x {id: a}\nci_access: {groups: [*x]}\n", []problem{{agentconfig.CodeUnknown, 1, "x", ""}}},
		{"a key of an earlier GitLab", "gitops:\n  manifest_projects: []\n", []problem{{agentconfig.CodeRemoved, 1, "gitops", "18.0"}}},
		{"the instance for people", "user_access:\n  access_as: {agent: {}}\n  instance: {}\n", []problem{{agentconfig.CodeUnknown, 3, "user_access.instance", ""}}},
		{"environments for people", "user_access:\n  access_as: {agent: {}}\n  groups:\n    - id: a\n      environments: [b]\n", []problem{{agentconfig.CodeUnknown, 5, "user_access.groups.environments", ""}}},
		{"an identity that is planned only", "ci_access: {groups: [{id: a, access_as: {ci_user: {}}}]}\n", []problem{{agentconfig.CodeOneOf, 1, "ci_access.groups.access_as", "agent, impersonate, ci_job"}, {agentconfig.CodeUnknown, 1, "ci_access.groups.access_as.ci_user", ""}}},
		{"a key that hides", "\"a\\u202eb\\u0000\": 1\n", []problem{{agentconfig.CodeUnknown, 1, "a\ufffdb\ufffd", ""}}},
		{"a long key", strings.Repeat("é", 100) + ": 1\n", []problem{{agentconfig.CodeUnknown, 1, strings.Repeat("é", 60) + "…", ""}}},
		{"a list for a key", "[a]: b\n", []problem{{agentconfig.CodeKey, 1, "", ""}}},
		{"nothing for a key", "ci_access:\n  ~: b\n", []problem{{agentconfig.CodeKey, 2, "ci_access", ""}}},

		{"a text for a mapping", "\nci_access: everybody\n", []problem{{agentconfig.CodeMapping, 2, "ci_access", ""}}},
		{"a merge of a text", "ci_access:\n  <<: all\n", []problem{{agentconfig.CodeMapping, 2, "ci_access.<<", ""}}},
		{"a mapping for a list", "ci_access:\n  projects:\n    id: shop/web\n", []problem{{agentconfig.CodeList, 3, "ci_access.projects", ""}}},
		{"a text in the list", "user_access:\n  access_as: {agent: {}}\n  groups:\n    - shop\n", []problem{{agentconfig.CodeMapping, 4, "user_access.groups", ""}}},
		{"nothing in the list", "ci_access:\n  groups:\n    -\n", []problem{{agentconfig.CodeMapping, 3, "ci_access.groups", ""}}},
		{"no id", "user_access:\n  access_as: {agent: {}}\n  groups:\n    - {id: a}\n    - path: shop\n", []problem{{agentconfig.CodeEmpty, 5, "user_access.groups.id", ""}, {agentconfig.CodeUnknown, 5, "user_access.groups.path", ""}}},
		{"an empty id", "user_access:\n  access_as: {agent: {}}\n  groups:\n    - id: ''\n", []problem{{agentconfig.CodeEmpty, 4, "user_access.groups.id", ""}}},
		{"a number for an id", "ci_access:\n  projects:\n    - id: 42\n", []problem{{agentconfig.CodeText, 3, "ci_access.projects.id", ""}}},
		{"a boolean of YAML 1.1 for an id", "ci_access:\n  groups:\n    - id: on\n", []problem{{agentconfig.CodeText, 3, "ci_access.groups.id", ""}}},
		{"a text for environments", "ci_access:\n  projects:\n    - id: a\n      environments: prod\n", []problem{{agentconfig.CodeList, 4, "ci_access.projects.environments", ""}}},
		{"an empty environment", "ci_access: {projects: [{id: a, environments: ['']}]}\n", []problem{{agentconfig.CodeEmpty, 1, "ci_access.projects.environments", ""}}},
		{"a text for a truth", "ci_access:\n  projects:\n    - id: a\n      protected_branches_only: 'true'\n", []problem{{agentconfig.CodeBoolean, 4, "ci_access.projects.protected_branches_only", ""}}},
		{"minutes", "container_scanning:\n  scanner_timeout: 5m\n", []problem{{agentconfig.CodeDuration, 2, "container_scanning.scanner_timeout", ""}}},
		{"an interval of no length", "remote_development: {full_sync_interval: 0.0s}\n", []problem{{agentconfig.CodeDuration, 1, "remote_development.full_sync_interval", ""}}},
		{"a part of a workspace", "remote_development: {workspaces_quota: 1.5}\n", []problem{{agentconfig.CodeInteger, 1, "remote_development.workspaces_quota", ""}}},
		{"a level in capitals", "observability: {logging: {level: DEBUG}}\n", []problem{{agentconfig.CodeChoice, 1, "observability.logging.level", "info, debug, warn, error"}}},
		{"a number for a label", "remote_development: {labels: {tier: 1}}\n", []problem{{agentconfig.CodeText, 1, "remote_development.labels.tier", ""}}},

		{"people without an identity", "user_access:\n  groups: [{id: shop}]\n", []problem{{agentconfig.CodeRequired, 2, "user_access.access_as", ""}}},
		{"people with an empty identity", "user_access:\n  access_as:\n  groups: [{id: shop}]\n", []problem{{agentconfig.CodeRequired, 2, "user_access.access_as", ""}}},
		{"no identity to choose", "user_access:\n  access_as: {}\n", []problem{{agentconfig.CodeOneOf, 2, "user_access.access_as", "agent, user"}}},
		{"an identity without braces", "user_access:\n  access_as:\n    agent:\n", []problem{{agentconfig.CodeOneOf, 3, "user_access.access_as", "agent, user"}}},
		{"two identities", "user_access:\n  access_as: {agent: {}, user: {}}\n", []problem{{agentconfig.CodeExclusive, 2, "user_access.access_as", "agent, user"}}},
		{"an identity without a name", "ci_access: {groups: [{id: a, access_as: {impersonate: {extra: [{key: k, val: []}]}}}]}\n", []problem{{agentconfig.CodeEmpty, 1, "ci_access.groups.access_as.impersonate.extra.val", ""}, {agentconfig.CodeEmpty, 1, "ci_access.groups.access_as.impersonate.username", ""}}},
		{"several at once", "future: 1\nci_access:\n  groups:\n    - shop\n    - id: 1\n", []problem{{agentconfig.CodeUnknown, 1, "future", ""}, {agentconfig.CodeMapping, 4, "ci_access.groups", ""}, {agentconfig.CodeText, 5, "ci_access.groups.id", ""}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, problems := agentconfig.Parse([]byte(tt.file))
			if diff := cmp.Diff(tt.want, []problem(problems)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(config{}, got); diff != "" {
				t.Errorf("a refused file lets somebody in:\n%s", diff)
			}
		})
	}
}

func TestAnotherKASMayTakeAFile(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		file    string
		certain bool
	}{
		"a newer one knows the keys":          {"future: 1\nci_access: {all: {}}\n", false},
		"an older one knows the key":          {"gitops: {}\n", false},
		"one that is set up for larger files": {strings.Repeat("#", agentconfig.MaxSize+1), false},
		"but none with a mistake beside":      {"future: 1\nci_access: all\n", true},
		"and none that is no YAML":            {"[", true},
	} {
		if _, problems := agentconfig.Parse([]byte(tt.file)); len(problems) == 0 || problems.Certain() != tt.certain {
			t.Errorf("%s: %.200v: certain: %t, want %t", name, problems, !tt.certain, tt.certain)
		}
	}
}
