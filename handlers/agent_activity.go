package handlers

import (
	"net/http"
	"slices"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/internal/activity"
	"gitlab-agent-portal/internal/agentread"
	"gitlab-agent-portal/internal/audit"
	"gitlab-agent-portal/views"
)

// agentActivityRows is how many of the portal's rows an agent's page shows.
const agentActivityRows = 100

// loadAgentActivity puts together what the portal and what GitLab noted of an agent. The portal's
// rows stay where GitLab's are missing, forbidden or late.
func (h *Handlers) loadAgentActivity(r *http.Request, found agentread.ProjectAgent, around agentread.Around) (views.AgentActivityModel, error) {
	project, noted := found.Project, around.Activity
	if !project.Maintains {
		return views.AgentActivityModel{Hidden: true}, nil
	}
	filter := audit.Filter{Projects: []int64{project.ID}, AgentID: found.Agent.ID}
	own, err := h.Audit.Page(r.Context(), filter, 0, agentActivityRows+1)
	if err != nil {
		return views.AgentActivityModel{}, err
	}
	model := views.AgentActivityModel{
		Rows:          h.mergeActivity(own[:min(len(own), agentActivityRows)], noted.Events),
		GitLabMissing: !around.ActivityTold, MoreInGitLab: noted.More,
	}
	if len(own) > agentActivityRows {
		model.MoreURL = h.urls.Activity(views.ActivityQuery{Project: project.Path, Agent: found.Agent.Name}, 0, 0)
	}
	return model, nil
}

// mergeActivity puts both lists in one order, newest first. What GitLab noted of an act that
// went through the portal is one entry with it.
func (h *Handlers) mergeActivity(own []audit.Event, noted []gitlabapi.ActivityEvent) []views.ActivityRow {
	type act struct {
		kind  gitlabapi.ActivityKind
		token int64
	}
	rows := make([]views.ActivityRow, 0, len(own)+len(noted))
	ours := map[act]int{}
	actions := map[int64]activity.Action{}
	for _, event := range own {
		actions[event.ID] = event.Action
	}
	for i, event := range own {
		rows = append(rows, h.activityRow(event))
		if kind := notedAs(event, actions); kind != "" {
			ours[act{kind, event.Target.TokenID}] = i
		}
	}
	for _, event := range noted {
		if event.Token != nil {
			if i, ok := ours[act{event.Kind, event.Token.ID}]; ok {
				rows[i].Source = views.SourceBoth
				continue
			}
		}
		rows = append(rows, notedRow(event))
	}
	slices.SortStableFunc(rows, func(a, b views.ActivityRow) int { return b.At.Compare(a.At) })
	return rows
}

// notedAs is how GitLab notes what the row says was done to a token; empty if it was not done.
// actions are those of the rows that a look afterwards may refer to.
func notedAs(e audit.Event, actions map[int64]activity.Action) gitlabapi.ActivityKind {
	if e.Outcome != activity.OK || e.Target.TokenID == 0 {
		return ""
	}
	action := e.Action
	if action == activity.Reconciled {
		action = actions[e.RefersTo]
	}
	switch action {
	case activity.TokenCreate:
		return gitlabapi.ActivityTokenCreated
	case activity.TokenRevoke:
		return gitlabapi.ActivityTokenRevoked
	default:
		return ""
	}
}

func notedRow(event gitlabapi.ActivityEvent) views.ActivityRow {
	row := views.ActivityRow{At: event.At, Source: views.SourceGitLab, Action: activity.Action(event.Kind)}
	if event.User != nil {
		row.Actor = event.User.Username
	}
	if event.Token != nil {
		row.TokenID, row.TokenName = event.Token.ID, event.Token.Name
	}
	return row
}
