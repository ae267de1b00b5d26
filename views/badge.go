package views

import (
	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/i18n"
)

// statusWord is the status in the person's language, in GitLab's own words.
func statusWord(l *i18n.Printer, s agent.Status) string { return l.T("status." + string(s)) }

// statusRule says how the status came about, in the place where the word stands.
func statusRule(l *i18n.Printer, s agent.Status) string { return l.T("status." + string(s) + ".rule") }

// statusAdvice says what to do about the status.
func statusAdvice(l *i18n.Printer, s agent.Status) string {
	return l.T("status." + string(s) + ".advice")
}

func statusIcon(s agent.Status) IconName {
	switch s {
	case agent.StatusConnected:
		return IconConnected
	case agent.StatusNotConnected:
		return IconNotConnected
	case agent.StatusNeverConnected:
		return IconNever
	default:
		return IconUnknown
	}
}
