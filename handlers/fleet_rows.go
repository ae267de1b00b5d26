package handlers

import (
	"context"
	"net/http"
	"slices"

	"gitlab-agent-portal/internal/agentstatus"
	"gitlab-agent-portal/internal/fleet"
	"gitlab-agent-portal/internal/fleetlist"
	"gitlab-agent-portal/internal/tokens"
)

// fleetRows judges agents of a snapshot.
func (h *Handlers) fleetRows(ctx context.Context, agents []fleet.Agent) []fleetlist.Row {
	orphans := h.fleetOrphans(ctx, agents)
	rows := make([]fleetlist.Row, 0, len(agents))
	for _, agent := range agents {
		row := h.fleetRow(agent)
		row.NotStored = slices.ContainsFunc(row.Tokens, func(token fleetlist.Token) bool { return orphans[token.ID].TokenID != 0 })
		rows = append(rows, row)
	}
	return rows
}

// fleetOrphans finds, among the tokens that the person sees and no others, those that were
// created here and that nobody said they stored. A database that does not answer is no reason to
// show no fleet.
func (h *Handlers) fleetOrphans(ctx context.Context, agents []fleet.Agent) map[int64]tokens.Orphan {
	var active []tokens.ActiveToken
	for _, agent := range agents {
		for _, token := range agent.Tokens {
			if token.LastUsedAt.IsZero() {
				active = append(active, tokens.ActiveToken{
					AgentID: agent.ID, ID: token.ID, Name: token.Name, CreatorID: token.CreatorID, CreatorUsername: token.CreatorUsername,
					NeverUsed: true,
				})
			}
		}
	}
	orphans, err := h.Tokens.Orphans(ctx, active)
	if err != nil {
		h.Log.WarnContext(ctx, "looking for orphaned tokens in a fleet", "error", err)
	}
	return orphans
}

func (h *Handlers) fleetRow(agent fleet.Agent) fleetlist.Row {
	now := h.Now()
	row := fleetlist.Row{
		ProjectID: agent.Project.ID, AgentID: agent.ID, Path: agent.Project.Path, Group: agent.Project.Group(), Agent: agent.Name,
		CanManage: agent.Project.CanManage && !h.ReadOnly, Archived: agent.Project.Archived, Count: -1,
	}
	row.Status, row.LastContact = agent.Status(now)
	judged := agentstatus.Agent{Count: -1}
	if agent.TokensKnown {
		row.Count = agent.TokenCount
		judged = agentstatus.Agent{Tokens: agent.StatusTokens(), Count: agent.TokenCount, UseKnown: true}
	}
	for _, token := range agent.Tokens {
		row.Tokens = append(row.Tokens, fleetlist.Token{ID: token.ID, Name: token.Name, CreatedAt: token.CreatedAt, LastUsedAt: token.LastUsedAt})
	}
	row.Review = agentstatus.Attention(judged, h.Limits, now)
	return row
}

// enrich reads, for the rows on screen, what the scan could not tell of their tokens.
func (h *Handlers) enrich(r *http.Request, s *session, snapshot *fleet.Snapshot, rows []fleetlist.Row) ([]fleetlist.Row, error) {
	unknown := false
	for _, row := range rows {
		unknown = unknown || row.Count < 0
	}
	if !unknown {
		return rows, nil
	}
	agents, err := h.Fleet.Enrich(r.Context(), viewerOf(s), h.fleetSource(r, s), agentsOf(snapshot, rows))
	if err != nil {
		return nil, err
	}
	return h.fleetRows(r.Context(), agents), nil
}

// agentsOf are the agents of the snapshot that rows show, in the order of rows.
func agentsOf(snapshot *fleet.Snapshot, rows []fleetlist.Row) []fleet.Agent {
	byID := make(map[int64]fleet.Agent, len(snapshot.Agents))
	for _, agent := range snapshot.Agents {
		byID[agent.ID] = agent
	}
	agents := make([]fleet.Agent, 0, len(rows))
	for _, row := range rows {
		agents = append(agents, byID[row.AgentID])
	}
	return agents
}
