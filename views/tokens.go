package views

import (
	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/i18n"
)

// neverUsed tells a token that was never used from one nobody knows about.
func neverUsed(l *i18n.Printer, t agent.Token) string {
	if t.UseKnown {
		return l.T("common.never")
	}
	return l.T("common.unknown")
}

// revokeURL returns the addresses that revoke the tokens of one agent.
func revokeURL(u URLs, project, agentID int64) func(token int64) string {
	return func(token int64) string { return u.TokenRevoke(project, agentID, token) }
}
