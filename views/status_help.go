package views

import (
	"time"

	"gitlab-agent-portal/internal/i18n"
)

// StatusHelpModel holds the limits in force, beyond which an agent needs attention.
type StatusHelpModel struct {
	NeverUsed, MaxIdle, MaxAge, Overlap time.Duration
}

// attentionRule is a kind of attention with its rule in a sentence.
type attentionRule struct{ Kind, Text string }

func (m StatusHelpModel) rules(l *i18n.Printer) []attentionRule {
	return []attentionRule{
		{"not_stored", l.T("attention.help.not_stored")},
		{"no_token", l.T("attention.help.no_token")},
		{"never_used", l.T("attention.help.never_used", "Limit", Length(l, m.NeverUsed))},
		{"idle", l.T("attention.help.idle", "Limit", Length(l, m.MaxIdle))},
		{"too_old", l.T("attention.help.too_old", "Limit", Length(l, m.MaxAge))},
		{"too_many", l.T("attention.help.too_many")},
		{"unfinished", l.T("attention.help.unfinished", "Limit", Length(l, m.Overlap))},
	}
}
