package handlers

import (
	"context"
	"net/http"
	"slices"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/internal/i18n"
	"gitlab-agent-portal/internal/parallel"
	"gitlab-agent-portal/views"
)

const agentsPerPage = 50

// agentList lists the agents of one project.
func (h *Handlers) agentList(w http.ResponseWriter, r *http.Request, s *session) error {
	project, err := pathID(r, "project")
	if err != nil {
		return err
	}
	model, err := h.loadAgents(r, s, project, pageParam(r))
	if err != nil {
		return err
	}
	p := h.projectPage(w, r, printer(r).T("titles.agents", "Project", model.Project.Name))
	return h.render(w, r, http.StatusOK, views.AgentsPage(p, model), views.AgentsTable(p, model))
}

func (h *Handlers) loadAgents(r *http.Request, s *session, project int64, number int) (views.AgentsModel, error) {
	var facts projectFacts
	var agents gitlabapi.Page[gitlabapi.Agent]
	asked := h.startUsage(r.Context(), s, project)
	group, ctx := parallel.WithContext(r.Context())
	group.Go(func() (err error) {
		facts, err = h.loadProject(ctx, s, project)
		return err
	})
	group.Go(func() (err error) {
		agents, err = s.gitlab.AgentsPage(ctx, gitlabapi.ProjectID(project), number, agentsPerPage)
		return err
	})
	if err := group.Wait(); err != nil {
		return views.AgentsModel{}, err
	}
	known := h.finishUsage(r.Context(), s, asked, project, agents.Items)
	model := views.AgentsModel{
		Project: facts.project, Access: facts.access,
		Pager: pagerOf(agents, func(page int) string { return h.urls.Agents(project, page) }),
	}
	model.Rows, model.Partial = h.agentRows(printer(r), agents.Items, known)
	return model, nil
}

// agentRows builds the rows of the list, and reports whether something could not be read.
func (h *Handlers) agentRows(l *i18n.Printer, agents []gitlabapi.Agent, known usage) (rows []views.AgentRow, partial bool) {
	for _, agent := range agents {
		row := views.AgentRow{ID: agent.ID, Name: agent.Name, CreatedAt: agent.CreatedAt, Tokens: -1}
		row.Status, row.LastContact = known.status(agent.ID, h.Now())
		found, ok := known.agents[agent.ID]
		if ok {
			row.Tokens = found.count
		}
		row.CreatedBy = known.creator(l, found.createdBy, agent.CreatedByUserID)
		partial = partial || !ok
		rows = append(rows, row)
	}
	return rows, partial
}

// agentFacts is everything read about one agent.
type agentFacts struct {
	projectFacts
	agent  gitlabapi.Agent
	tokens []gitlabapi.Token
	known  usage
}

// loadAgent reads an agent with its project, its active tokens and their use, in parallel.
func (h *Handlers) loadAgent(ctx context.Context, s *session, project, agent int64) (agentFacts, error) {
	var facts agentFacts
	asked := h.startUsage(ctx, s, project)
	group, groupCtx := parallel.WithContext(ctx)
	group.Go(func() (err error) {
		facts.projectFacts, err = h.loadProject(groupCtx, s, project)
		return err
	})
	group.Go(func() (err error) {
		facts.agent, err = s.gitlab.Agent(groupCtx, gitlabapi.ProjectID(project), agent)
		return err
	})
	group.Go(func() (err error) {
		facts.tokens, err = s.gitlab.Tokens(groupCtx, gitlabapi.ProjectID(project), agent)
		return err
	})
	if err := group.Wait(); err != nil {
		return agentFacts{}, err
	}
	facts.known = h.finishUsage(ctx, s, asked, project, []gitlabapi.Agent{facts.agent})
	return facts, nil
}

// tokenRows builds the rows of an agent's tokens in the order GitLab lists them, newest last
// use first, and reports whether something could not be read.
func (f agentFacts) tokenRows(l *i18n.Printer) (rows []views.TokenRow, partial bool) {
	known := f.known.agents[f.agent.ID]
	for _, token := range f.tokens {
		use, ok := known.tokens[token.ID]
		rows = append(rows, views.TokenRow{
			ID: token.ID, Name: token.Name, Description: token.Description, CreatedAt: token.CreatedAt,
			CreatedBy:  f.known.creator(l, use.createdBy, token.CreatedByUserID),
			LastUsedAt: use.lastUsedAt, UsageKnown: ok,
		})
		partial = partial || !ok
	}
	return rows, partial
}

// agentShow is one agent's page.
func (h *Handlers) agentShow(w http.ResponseWriter, r *http.Request, s *session) error {
	project, agent, err := agentIDs(r)
	if err != nil {
		return err
	}
	facts, err := h.loadAgent(r.Context(), s, project, agent)
	if err != nil {
		return err
	}
	model := h.agentModel(printer(r), facts)
	model.Orphans = orphanModels(h.orphans(r.Context(), facts), model.Tokens)
	model.Tab = tabParam(r)
	switch model.Tab {
	case tabConnect:
		if model.Connect, err = h.loadConnectTab(r, s, facts); err != nil {
			return err
		}
	case tabActivity:
		if model.Activity, err = h.loadAgentActivity(r, s, facts); err != nil {
			return err
		}
	}
	p := h.projectPage(w, r, model.Title(printer(r)))
	return h.render(w, r, http.StatusOK, views.AgentPage(p, model), views.AgentTab(p, model))
}

func (h *Handlers) agentModel(l *i18n.Printer, facts agentFacts) views.AgentModel {
	model := views.AgentModel{
		Project: facts.project, Access: facts.access,
		ID: facts.agent.ID, Name: facts.agent.Name, CreatedAt: facts.agent.CreatedAt,
		CreatedBy:    facts.known.creator(l, facts.known.agents[facts.agent.ID].createdBy, facts.agent.CreatedByUserID),
		LimitReached: len(facts.tokens) >= activeLimit,
	}
	model.Status, model.LastContact = facts.known.status(facts.agent.ID, h.Now())
	model.Tokens, model.Partial = facts.tokenRows(l)
	return model
}

// The tabs of an agent's page.
const (
	tabTokens   = "tokens"
	tabActivity = "activity"
	tabConnect  = "connect"
)

// tabParam is the tab asked for; an unknown one is the first.
func tabParam(r *http.Request) string {
	if tab := r.URL.Query().Get("tab"); slices.Contains([]string{tabTokens, tabActivity, tabConnect}, tab) {
		return tab
	}
	return tabTokens
}
