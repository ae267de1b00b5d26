package views

import (
	"slices"

	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/i18n"
)

// accountWord says what became of the account of somebody who left.
func accountWord(l *i18n.Printer, account agent.Account) string {
	if account == agent.AccountLDAPBlocked {
		account = agent.AccountBlocked
	}
	return l.T("account." + string(account))
}

// makersUnknown reports whether it is not known of somebody who created a token whether they left.
func (m AgentModel) makersUnknown() bool {
	return slices.ContainsFunc(m.Tokens, func(t agent.Token) bool { return t.CreatedBy.Account == agent.AccountUnknown })
}
