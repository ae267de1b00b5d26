package handlers

import (
	"strings"

	"gitlab-agent-portal/internal/agentstatus"
	"gitlab-agent-portal/internal/fleetlist"
	"gitlab-agent-portal/internal/i18n"
	"gitlab-agent-portal/views"
)

func (h *Handlers) fleetViewRows(l *i18n.Printer, rows []fleetlist.Row) []views.FleetRow {
	shown := make([]views.FleetRow, 0, len(rows))
	for _, row := range rows {
		view := views.FleetRow{
			ProjectID: row.ProjectID, AgentID: row.AgentID, Agent: row.Agent,
			Group: row.Path[:len(row.Path)-len(baseOf(row))], Project: baseOf(row),
			Status: statusWord(row.Status), LastContact: row.LastContact, Tokens: row.Count, Oldest: row.Oldest(),
		}
		if row.CanManage {
			view.Ref = agentRef{row.ProjectID, row.AgentID}.String()
		}
		for i, kind := range row.Due() {
			due := views.FleetDue{Kind: kind}
			if row.CanManage {
				act := h.actOn(l, row, kind)
				due.URL = act.URL
				if i == 0 {
					view.Act = &act
				}
			}
			view.Attention = append(view.Attention, due)
		}
		shown = append(shown, view)
	}
	return shown
}

// baseOf is the project's own part of its path.
func baseOf(row fleetlist.Row) string {
	return strings.TrimPrefix(strings.TrimPrefix(row.Path, row.Group), "/")
}

// actOn is what a person who may manage the project does about a kind of attention, and where.
func (h *Handlers) actOn(l *i18n.Printer, row fleetlist.Row, kind string) views.Action {
	switch kind {
	case agentstatus.NoToken.String():
		return views.Action{Text: l.T("fleet.act.create"), URL: h.urls.TokenNew(row.ProjectID, row.AgentID)}
	case agentstatus.NeverUsed.String():
		return views.Action{Text: l.T("fleet.act.connect"), URL: h.urls.Agent(row.ProjectID, row.AgentID, tabConnect)}
	case agentstatus.TooOld.String(), agentstatus.Unfinished.String(), agentstatus.Idle.String():
		return views.Action{Text: l.T("fleet.act.rotate"), URL: h.urls.Rotation(row.ProjectID, row.AgentID, 0)}
	default: // the agent's own page says it, and offers the revocation of what is too much or lost
		return views.Action{Text: l.T("fleet.act.review"), URL: h.urls.Agent(row.ProjectID, row.AgentID, "")}
	}
}
