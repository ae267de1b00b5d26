package handlers

import (
	"context"
	"net/http"
	"time"

	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/agentread"
	"gitlab-agent-portal/internal/audit"
	"gitlab-agent-portal/internal/parallel"
	"gitlab-agent-portal/internal/tokens"
	"gitlab-agent-portal/views"
)

// agentList lists the agents of one project.
func (h *Handlers) agentList(w http.ResponseWriter, r *http.Request, s *session) error {
	id, err := pathID(r, "project")
	if err != nil {
		return err
	}
	project, found, err := s.read.Agents(r.Context(), id, pageParam(r))
	if err != nil {
		return err
	}
	revokedUses := h.revokedUses(r.Context(), found.Items)
	for i := range found.Items {
		found.Items[i].RevokedUse = revokedUses[found.Items[i].ID]
	}
	model := views.AgentsModel{
		Project: h.projectView(project), Agents: found.Items,
		Pager: pagerOf(found, func(page int) string { return h.urls.Agents(id, page) }),
	}
	if project.Access.CanManage() && found.Prev == 0 && found.Next == 0 {
		model.Unregistered = s.read.Unregistered(r.Context(), id, found.Items)
	}
	p := h.projectPage(w, r, printer(r).T("titles.agents", "Project", project.Name))
	return h.render(w, r, http.StatusOK, views.AgentsPage(p, model), views.AgentsTable(p, model))
}

// agentShow is one agent's page.
func (h *Handlers) agentShow(w http.ResponseWriter, r *http.Request, s *session) error {
	found, around, err := h.loadAgentAround(r, s, wantAround(r, h.tabParam(r)))
	if err != nil {
		return err
	}
	model := views.AgentModel{
		Agent: found.Agent, Project: h.projectView(found.Project), Tab: h.tabParam(r), Place: h.keptPlace(r, s, found.Agent),
		Head: h.agentHead(r, s, found, around),
	}
	model.Head.Tag = h.stateTag(r, []any{model.Agent, model.Head})
	w.Header().Set(headerTag, model.Head.Tag)
	model.Unstored = unstoredViews(h.unstored(r.Context(), found.Agent), found.Agent.Tokens)
	if isPoll(r) && isFragment(r) {
		return h.renderHead(w, r, model)
	}
	model.Alerts = h.agentAlerts(r, found)
	model.Back = h.cameFrom(w, r, s)
	if err := h.loadTab(r, s, found, around, &model); err != nil {
		return err
	}
	status := http.StatusOK
	if model.Connect.Wrong() {
		status = http.StatusUnprocessableEntity
	}
	p := h.agentPage(w, r, model.Title(printer(r)), model.Back)
	return h.render(w, r, status, views.AgentPage(p, model), views.AgentTab(p, model))
}

// loadTab reads what the tab of an agent's page shows, as far as it was not read around the agent.
func (h *Handlers) loadTab(r *http.Request, s *session, found agentread.ProjectAgent, around agentread.Around, model *views.AgentModel) (err error) {
	switch model.Tab {
	case views.TabConnect:
		model.Connect, err = h.loadConnectTab(r, s, found, around)
	case views.TabAccess:
		err = parallel.Guard(func() error { model.Access = h.accessModel(r, s, found, around); return nil })
	case views.TabActivity:
		model.Activity, err = h.loadAgentActivity(r, found, around)
	case views.TabPods:
		model.Pods = podsModel(found, around)
	case views.TabUse:
		model.Use = h.loadUse(r, s, found, around)
	case views.TabHistory:
		model.History, err = h.loadHistory(r, found)
	case views.TabTokens: // all of it is there
	}
	return err
}

// loadAgent reads the agent of the address.
func (h *Handlers) loadAgent(r *http.Request, s *session) (agentread.ProjectAgent, error) {
	found, _, err := h.loadAgentAround(r, s, agentread.Want{})
	return found, err
}

// loadAgentAround reads the agent of the address, and what is wanted around it.
func (h *Handlers) loadAgentAround(r *http.Request, s *session, want agentread.Want) (found agentread.ProjectAgent, around agentread.Around, err error) {
	ref, err := pathAgent(r)
	if err != nil {
		return found, around, err
	}
	found, around, err = s.read.AgentAround(r.Context(), ref.Project, ref.Agent, want)
	if err != nil {
		return found, around, err
	}
	found.Agent.RevokedUse = h.revokedUses(r.Context(), []agent.Agent{found.Agent})[ref.Agent]
	return found, around, nil
}

// revokedUses is when tokens of the agents that are revoked by now were last seen in use. A database
// that does not answer is no reason to show no page.
func (h *Handlers) revokedUses(ctx context.Context, agents []agent.Agent) map[int64]time.Time {
	uses, err := h.Readings.RevokedUses(ctx, agents)
	if err != nil {
		h.Log.WarnContext(ctx, "reading when agents were last in contact", "error", err)
	}
	return uses
}

// manageableAgent reads the agent of the address and refuses people who may only read.
func (h *Handlers) manageableAgent(r *http.Request, s *session) (agentread.ProjectAgent, error) {
	found, err := h.loadAgent(r, s)
	if err != nil {
		return found, err
	}
	stateOf(r).shown = audit.Target{
		ProjectID: found.Project.ID, ProjectPath: found.Project.Path, AgentID: found.Agent.ID, AgentName: found.Agent.Name,
	}
	return found, requireManage(found.Project.Access)
}

// unstored finds the tokens of agents that were created here and that nobody said they stored. A
// database that does not answer is no reason to show no page.
func (h *Handlers) unstored(ctx context.Context, agents ...agent.Agent) map[int64]tokens.Unstored {
	found, err := h.Tokens.Unstored(ctx, agents)
	if err != nil {
		h.Log.WarnContext(ctx, "looking for tokens that nobody stored", "error", err)
	}
	return found
}

// unstoredViews are the unstored ones among an agent's tokens, in their order.
func unstoredViews(unstored map[int64]tokens.Unstored, list []agent.Token) []views.UnstoredToken {
	var found []views.UnstoredToken
	for _, token := range list {
		if one := unstoredView(unstored[token.ID], token); one.Is() {
			found = append(found, one)
		}
	}
	return found
}

func unstoredView(one tokens.Unstored, token agent.Token) views.UnstoredToken {
	return views.UnstoredToken{
		TokenID: one.TokenID, TokenName: token.Name, CreatedBy: one.CreatedBy, At: one.At, Likely: one.Likely,
	}
}
