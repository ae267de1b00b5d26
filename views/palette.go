package views

import (
	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/fleet"
	"gitlab-agent-portal/internal/i18n"
)

// PaletteModel is what one can go to from anywhere.
type PaletteModel struct {
	Query    string
	Agents   []fleet.Row
	Projects []agent.Project
	Actions  []PaletteAction
	// Unread says that no agents can be found, since the fleet was not read yet.
	Unread bool
}

// PaletteAction is a place that is not an agent's or a project's.
type PaletteAction struct {
	Text, URL string
	Icon      IconName
}

// found says how much there is, for people who hear the list change while they type.
func (m PaletteModel) found(l *i18n.Printer) string {
	return l.N("palette.found", len(m.Agents)+len(m.Projects)+len(m.Actions))
}

func (m PaletteModel) empty() bool { return len(m.Agents)+len(m.Projects)+len(m.Actions) == 0 }
