// Package agent says what an agent for Kubernetes and its tokens are, as far as GitLab tells:
// their status and last contact, what needs attention, and GitLab's limits. It is pure: no
// clock, no network.
package agent
