package views

import (
	"cmp"

	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/fleet"
	"gitlab-agent-portal/internal/i18n"
)

// FleetFilter is a count that is a filter too: of a status, of a rule, or with neither of all.
type FleetFilter struct {
	Status agent.Status
	// Attention is a rule or fleet.AnyAttention.
	Attention agent.Rule
	Count     int
	// URL switches the filter on, or off when it is On.
	URL string
	On  bool
}

// name is what the filter selects as addresses have it.
func (f FleetFilter) name() string { return cmp.Or(string(f.Status), string(f.Attention)) }

// title is what the filter selects.
func (f FleetFilter) title(l *i18n.Printer) string {
	switch {
	case f.Status == fleet.DownToday:
		return l.T("fleet.down.filter")
	case f.Status != "":
		return statusWord(l, f.Status)
	case f.Attention == "":
		return l.T("fleet.all")
	case f.Attention == fleet.AnyAttention:
		return l.T("fleet.any_attention")
	default:
		return attentionWord(l, f.Attention)
	}
}

// icon goes with the words.
func (f FleetFilter) icon() IconName {
	if f.Status == fleet.DownToday {
		return IconNotConnected
	}
	if f.Status != "" {
		return statusIcon(f.Status)
	}
	return IconWarning
}

// shown reports whether a filter is worth its place: one that no agent passes is left out, unless it
// is on and has to be taken back.
func (f FleetFilter) shown() bool { return f.Count > 0 || f.On }
