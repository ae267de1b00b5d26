package agent

import "regexp"

// GitLab's limits, in characters where they are lengths.
const (
	// MaxName is set by Kubernetes' names (app/models/clusters/agent.rb).
	MaxName = 63
	// MaxTokenName and MaxTokenDescription are those of app/models/clusters/agent_token.rb.
	MaxTokenName        = 255
	MaxTokenDescription = 1024
	// MaxTokens is how many active tokens GitLab allows an agent since 16.2: what a rotation needs
	// (https://docs.gitlab.com/api/cluster_agents/#create-an-agent-token).
	MaxTokens = 2
)

// NamePattern is GitLab's rule for an agent's name (lib/gitlab/regex.rb), to be matched in full;
// written so that Go and browsers read it alike.
const NamePattern = `[a-z0-9]([a-z0-9\-]*[a-z0-9])?`

var namePattern = regexp.MustCompile(`\A` + NamePattern + `\z`)

// FollowsNameRule reports whether name has only the characters that GitLab allows, where it
// allows them. Its length is another matter; see MaxName.
func FollowsNameRule(name string) bool { return namePattern.MatchString(name) }
