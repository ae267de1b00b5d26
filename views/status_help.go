package views

import (
	"time"

	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/i18n"
)

// StatusHelpModel holds the limits in force, beyond which an agent needs attention.
type StatusHelpModel struct{ Limits agent.Thresholds }

// rule is a rule of attention in a sentence.
func (m StatusHelpModel) rule(l *i18n.Printer, rule agent.Rule) string {
	limits := map[agent.Rule]time.Duration{
		agent.NeverUsed: m.Limits.NeverUsed, agent.Idle: m.Limits.MaxIdle, agent.TooOld: m.Limits.MaxAge, agent.Unfinished: m.Limits.Overlap, agent.Stale: m.Limits.MaxSilence,
		agent.Disconnected: m.Limits.Disconnected,
	}
	return l.T("attention.help."+string(rule), "Limit", Limit(l, limits[rule]), "First", Limit(l, m.Limits.NeverConnected))
}
