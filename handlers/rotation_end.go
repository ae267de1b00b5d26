package handlers

import (
	"context"
	"net/http"
	"slices"

	"gitlab-agent-portal/internal/activity"
	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/agentread"
	"gitlab-agent-portal/internal/audit"
	"gitlab-agent-portal/internal/fleet"
	"gitlab-agent-portal/internal/rotation"
	"gitlab-agent-portal/views"
)

// endedRotation is the revocation with which a rotation may have ended: the last one of the agent's
// through the portal, of a token that is not active any more. Whoever may not see what was done to the
// agent is told of none. A database that does not answer is no reason to show no page.
func (h *Handlers) endedRotation(ctx context.Context, found agentread.ProjectAgent) (ended audit.Event) {
	if !found.Project.Maintains || len(found.Agent.Tokens) != 1 {
		return ended
	}
	filter := audit.Filter{Projects: []int64{found.Project.ID}, AgentID: found.Agent.ID, Action: activity.TokenRevoke}
	filter.From = h.Now().Add(-rotation.FinishedFor)
	rows, err := h.Audit.Page(ctx, filter, 0, revocationsRead)
	if err != nil {
		h.Log.WarnContext(ctx, "looking for the end of a rotation", "error", err)
	}
	for _, row := range rows {
		if _, isActive := found.Agent.Token(row.Target.TokenID); row.Outcome == activity.OK && row.Target.TokenID != 0 && !isActive {
			return row
		}
	}
	return ended
}

// addEnd adds to the facts of a rotation with which revocation it ended, and what was read before.
func (h *Handlers) addEnd(ctx context.Context, facts *rotation.Facts, ended audit.Event) {
	if ended.Target.TokenID == 0 {
		return
	}
	kept, err := h.Readings.Of(ctx, []int64{facts.Tokens[0].ID, ended.Target.TokenID})
	if err != nil {
		h.Log.WarnContext(ctx, "reading when tokens were used before", "error", err)
	}
	facts.Revoked, facts.Readings = rotation.Revoked{TokenID: ended.Target.TokenID, At: ended.At}, kept
}

// nextRotation is another agent of the person's whose rotation can go on or is due, as far as the
// fleet was read a moment ago; nil for none.
func (h *Handlers) nextRotation(s *session, after int64) *views.NextRotation {
	known := h.Fleet.Known(viewerOf(s))
	if known == nil {
		return nil
	}
	for _, due := range []func(agent.Agent) bool{
		func(a agent.Agent) bool { return a.TokenCount > 1 },
		func(a agent.Agent) bool {
			return slices.Contains(a.Attention(false, h.Limits, h.Now()), agent.TooOld)
		},
	} {
		i := slices.IndexFunc(known.Agents, func(a fleet.Agent) bool {
			return a.ID != after && a.Project.Access.CanManage() && due(a.Agent)
		})
		if i >= 0 {
			next := known.Agents[i]
			return &views.NextRotation{ProjectID: next.Project.ID, AgentID: next.ID, AgentName: next.Name, ProjectPath: next.Project.Path}
		}
	}
	return nil
}

// warmFleet has the fleet read in the background where nothing is known of it any more.
func (h *Handlers) warmFleet(r *http.Request, s *session) {
	if h.Fleet.Known(viewerOf(s)) != nil {
		return
	}
	if _, err := h.Fleet.Look(r.Context(), viewerOf(s), h.fleetSource(r, s)); err != nil {
		h.Log.WarnContext(r.Context(), "reading the fleet ahead", "error", err)
	}
}

// rotating are the agents of a fleet that have more than one token, of projects that the person may
// change: those whose rotation is under way.
func rotating(known *fleet.Snapshot) (refs []agentread.Ref) {
	if known == nil {
		return nil
	}
	for _, a := range known.Agents {
		if a.TokenCount > 1 && a.Project.Access.CanManage() {
			refs = append(refs, agentread.Ref{Project: a.Project.ID, Agent: a.ID})
		}
	}
	return refs
}
