package handlers

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/i18n"
	"gitlab-agent-portal/internal/tokens"
	"gitlab-agent-portal/views"
)

// agentNew is the form that registers an agent.
func (h *Handlers) agentNew(w http.ResponseWriter, r *http.Request, s *session) error {
	project, err := h.manageableProject(r, s)
	if err != nil {
		return err
	}
	return h.renderForm(w, r, s, http.StatusOK, &views.AgentFormModel{
		Project: project, Name: views.Field{Value: textParam(r, "name")}, FirstToken: true,
	})
}

// agentRegister registers an agent, with a first token if asked, and reveals that token.
func (h *Handlers) agentRegister(w http.ResponseWriter, r *http.Request, s *session) error {
	project, err := h.manageableProject(r, s)
	if err != nil {
		return err
	}
	model := &views.AgentFormModel{
		Project: project, Name: views.Field{Value: r.PostFormValue("name")}, FirstToken: r.PostFormValue("first_token") != "",
	}
	form, err := h.checkForm(r, s, &model.Form)
	if err != nil {
		return err
	}
	model.Name.Error = agentNameProblem(printer(r), model.Name.Value)
	if model.Wrong() {
		return h.renderForm(w, r, s, http.StatusUnprocessableEntity, model)
	}
	var result tokens.Result
	err = h.change(r, s, func(ctx context.Context, gitlab *gitlabapi.Client) (err error) {
		result, err = h.Tokens.Register(ctx, gitlab, tokens.RegisterRequest{
			Form: form, Project: project.ID, ProjectPath: project.Path, Name: model.Name.Value, FirstToken: model.FirstToken,
		})
		return err
	})
	if err != nil {
		return h.registerFailed(w, r, s, model, err)
	}
	result.Project = project.Project
	return h.registered(w, r, s, result)
}

// registered shows what a registration led to: the first token, or the agent's page.
func (h *Handlers) registered(w http.ResponseWriter, r *http.Request, s *session, result tokens.Result) error {
	var unknown *tokens.UnknownTokenError
	name := map[string]string{"Agent": result.Agent.Name}
	switch {
	case !result.Secret.IsZero():
		return h.reveal(w, r, s, result, true)
	case errors.As(result.TokenErr, &unknown):
		return h.renderOutcome(w, r, unknown)
	case result.TokenErr != nil:
		stateOf(r).err = result.TokenErr
		h.setFlash(w, r, flash{Kind: views.NoticeWarning, ID: "registered_without_token", Args: name})
	default:
		h.setFlash(w, r, flash{Kind: views.NoticeSuccess, ID: "registered", Args: name})
	}
	h.redirect(w, r, h.urls.Agent(result.Project.ID, result.Agent.ID, views.TabTokens))
	return nil
}

// registerFailed says why there is no agent: beside the name, about the form, or by the one
// table of errors.
func (h *Handlers) registerFailed(w http.ResponseWriter, r *http.Request, s *session, model *views.AgentFormModel, err error) error {
	l := printer(r)
	var taken *tokens.NameTakenError
	var used *tokens.UsedError
	switch {
	case errors.As(err, &taken):
		model.Name.Error = l.T("form.agent_name.taken")
	case errors.As(err, &used):
		return h.renderUsedForm(w, r, model.Project, used)
	case errors.Is(err, gitlabapi.ErrInvalid):
		model.Notice = refusalNotice(l, err)
	default:
		return err
	}
	stateOf(r).err = err
	return h.renderForm(w, r, s, http.StatusUnprocessableEntity, model)
}

// agentNameProblem says what is wrong with a name, or nothing.
func agentNameProblem(l *i18n.Printer, name string) string {
	switch {
	case strings.TrimSpace(name) == "":
		return l.T("form.agent_name.empty")
	case len(name) > agent.MaxName:
		return l.T("form.agent_name.long", "Max", agent.MaxName)
	case !agent.FollowsNameRule(name):
		return l.T("form.agent_name.characters")
	default:
		return ""
	}
}
