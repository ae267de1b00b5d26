package views

import "gitlab-agent-portal/internal/i18n"

// shortcut is what one key, or a few of them, does. The keys are written as keyboards have them.
type shortcut struct {
	keys []string
	text string
}

// shortcuts are all keys that mean something here beyond what browsers give them.
func shortcuts(l *i18n.Printer) []shortcut {
	return []shortcut{
		{[]string{"/", "Ctrl K"}, l.T("keys.find")},
		{[]string{"?"}, l.T("keys.help")},
		{[]string{"j", "k"}, l.T("keys.walk")},
		{[]string{"x"}, l.T("keys.select")},
		{[]string{"Shift", "☐"}, l.T("keys.range")},
		{[]string{"↑", "↓"}, l.T("keys.mark")},
		{[]string{"Enter"}, l.T("keys.open")},
		{[]string{"Esc"}, l.T("keys.close")},
		{[]string{"Tab"}, l.T("keys.next")},
	}
}
