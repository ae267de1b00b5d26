package views

import "gitlab-agent-portal/internal/i18n"

// contact says when the agent was last heard of.
func (m AgentDeleteModel) contact(p Page) string {
	switch {
	case !m.LastContact.IsZero():
		return p.L.T("agents.delete.contact", "Ago", p.L.Ago(p.Now, m.LastContact))
	case m.Status == StatusUnknown:
		return p.L.T("agents.delete.contact_unknown")
	default:
		return p.L.T("agents.delete.contact_never")
	}
}

// consequence says what GitLab takes away with the agent.
func (m AgentDeleteModel) consequence(l *i18n.Printer) string {
	switch {
	case !m.TokensKnown:
		return l.T("agents.delete.tokens_unknown")
	case len(m.Tokens) == 0:
		return l.T("agents.delete.no_tokens")
	default:
		return l.N("agents.delete.tokens", len(m.Tokens))
	}
}
