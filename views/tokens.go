package views

import "gitlab-agent-portal/internal/i18n"

// neverUsed tells a token that was never used from one nobody knows about.
func (m TokenRow) neverUsed(l *i18n.Printer) string {
	if m.UsageKnown {
		return l.T("common.never")
	}
	return l.T("common.unknown")
}

// revokeURL returns the addresses that revoke the tokens of one agent.
func revokeURL(u URLs, project, agent int64) func(token int64) string {
	return func(token int64) string { return u.TokenRevoke(project, agent, token) }
}
