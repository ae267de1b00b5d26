package agentconfig

// What the file says of features that let nobody in. KAS checks it all the same.

// https://docs.gitlab.com/user/clusters/agent/work_with_agent/#debug-the-agent
func observability() *message {
	return &message{fields: map[string]field{
		"logging": {of: &message{fields: map[string]field{"level": {shape: shapeLevel}, "grpc_level": {shape: shapeLevel}}}},
		"google_profiler": {of: &message{fields: map[string]field{
			"enabled": boolean(), "project_id": text(), "credentials_file": text(), "debug_logging": boolean(),
		}}},
	}}
}

// https://docs.gitlab.com/user/clusters/agent/vulnerabilities/
func containerScanning() *message {
	filter := &message{fields: map[string]field{"namespaces": texts(), "resources": texts(), "containers": texts(), "kinds": texts()}}
	return &message{fields: map[string]field{
		"cadence": text(), "scanner_timeout": {shape: shapeDuration}, "report_max_size": integer(),
		"delete_report_artifact": boolean(), "severity_threshold": text(), "resource_requirements": resources(),
		"trivy_k8s_wrapper_image": {of: &message{fields: map[string]field{"repository": text(), "tag": text()}}},
		"vulnerability_report": {of: &message{fields: map[string]field{
			"namespaces": texts(), "resource_types": texts(), "filters": {list: true, of: filter},
		}}},
	}}
}

// https://docs.gitlab.com/user/workspace/settings/
func remoteDevelopment() *message {
	egress := &message{fields: map[string]field{"allow": text(), "except": texts()}}
	return &message{fields: map[string]field{
		"enabled": boolean(), "dns_zone": text(), "shared_namespace": text(), "default_runtime_class": text(),
		"partial_sync_interval": {shape: shapeDuration, filled: true}, "full_sync_interval": {shape: shapeDuration, filled: true},
		"gitlab_workspaces_proxy": {of: &message{fields: map[string]field{
			"namespace": text(), "http_enabled": boolean(), "ssh_enabled": boolean(),
		}}},
		"network_policy": {of: &message{fields: map[string]field{"enabled": boolean(), "egress": {list: true, of: egress}}}},
		"default_resources_per_workspace_container": resources(), "max_resources_per_workspace": resources(),
		"workspaces_quota": integer(), "workspaces_per_user_quota": integer(),
		"default_max_hours_before_termination": integer(), "max_hours_before_termination_limit": integer(),
		"max_active_hours_before_stop": integer(), "max_stopped_hours_before_termination": integer(),
		"use_kubernetes_user_namespaces": boolean(), "allow_privilege_escalation": boolean(),
		"image_pull_secrets": {list: true, of: &message{fields: map[string]field{"name": text(), "namespace": text()}}},
		"annotations":        {shape: shapeLabels}, "labels": {shape: shapeLabels},
	}}
}

// resources are limits and requests.
func resources() field {
	of := &message{fields: map[string]field{"cpu": text(), "memory": text(), "ephemeral_storage": text()}}
	return field{of: &message{fields: map[string]field{"limits": {of: of}, "requests": {of: of}}}}
}
