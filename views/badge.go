package views

import "gitlab-agent-portal/internal/i18n"

// word is the status in the person's language, in GitLab's own words.
func (s Status) word(l *i18n.Printer) string {
	switch s {
	case StatusConnected:
		return l.T("status.connected")
	case StatusNotConnected:
		return l.T("status.not_connected")
	case StatusNeverConnected:
		return l.T("status.never_connected")
	default:
		return l.T("status.unknown")
	}
}

// rule says how the status came about, in the place where the word stands.
func (s Status) rule(l *i18n.Printer) string {
	switch s {
	case StatusConnected:
		return l.T("status.connected.rule")
	case StatusNotConnected:
		return l.T("status.not_connected.rule")
	case StatusNeverConnected:
		return l.T("status.never_connected.rule")
	default:
		return l.T("status.unknown.rule")
	}
}

// advice says what to do about the status.
func (s Status) advice(l *i18n.Printer) string {
	switch s {
	case StatusConnected:
		return l.T("status.connected.advice")
	case StatusNotConnected:
		return l.T("status.not_connected.advice")
	case StatusNeverConnected:
		return l.T("status.never_connected.advice")
	default:
		return l.T("status.unknown.advice")
	}
}

func (s Status) icon() IconName {
	switch s {
	case StatusConnected:
		return IconConnected
	case StatusNotConnected:
		return IconNotConnected
	case StatusNeverConnected:
		return IconNever
	default:
		return IconUnknown
	}
}

// Statuses lists them all, in the order in which the help explains them.
func Statuses() []Status {
	return []Status{StatusConnected, StatusNotConnected, StatusNeverConnected, StatusUnknown}
}
