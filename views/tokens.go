package views

import "gitlab-agent-portal/internal/i18n"

// neverUsed tells a token that was never used from one nobody knows about.
func (m TokenRow) neverUsed(l *i18n.Printer) string {
	if m.UsageKnown {
		return l.T("common.never")
	}
	return l.T("common.unknown")
}

// beyondLimit reports whether there are more active tokens than GitLab means to allow, as two
// creates at the same moment and GitLab before 16.2 leave them.
func (m AgentModel) beyondLimit() bool { return len(m.Tokens) > 2 }

// revokeURL returns the addresses that revoke the tokens of one agent.
func revokeURL(u URLs, project, agent int64) func(token int64) string {
	return func(token int64) string { return u.TokenRevoke(project, agent, token) }
}
