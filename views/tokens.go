package views

import (
	"unicode/utf8"

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

// createKind makes creating a token the main action of an agent that has none.
func (m AgentModel) createKind() ButtonKind {
	if len(m.Tokens) == 0 {
		return ButtonPrimary
	}
	return ButtonPlain
}

// maxDescription is how much of a description a table shows at once, in runes: about two lines.
const maxDescription = 110

func isLong(text string) bool { return utf8.RuneCountInString(text) > maxDescription }

// rotationBegins reports whether a rotation would begin with a new token: there is one, and it is in use.
func (m AgentModel) rotationBegins() bool {
	return len(m.Tokens) == 1 && !m.Tokens[0].LastUsedAt.IsZero()
}

// rotateURL creates the next token and leads to its rotation.
func (m AgentModel) rotateURL(u URLs) string {
	return Origin{Rotation: true, Place: m.Place}.On(u.TokenNew(m.Project.ID, m.ID))
}
