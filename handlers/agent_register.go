package handlers

import (
	"errors"
	"net/http"
	"regexp"
	"strings"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/internal/audit"
	"gitlab-agent-portal/internal/i18n"
	"gitlab-agent-portal/internal/tokens"
	"gitlab-agent-portal/views"
)

// activeLimit is GitLab's limit of active tokens of one agent.
const activeLimit = tokens.ActiveLimit

// agentName is GitLab's rule for the name of an agent (lib/gitlab/regex.rb), and
// maxAgentName its limit, set by Kubernetes' names.
var agentName = regexp.MustCompile(`\A[a-z0-9]([-a-z0-9]*[a-z0-9])?\z`)

const maxAgentName = 63

// agentNew is the form that registers an agent.
func (h *Handlers) agentNew(w http.ResponseWriter, r *http.Request, s *session) error {
	facts, err := h.manageableProject(r, s)
	if err != nil {
		return err
	}
	model := views.AgentFormModel{Project: facts.project, FirstToken: true}
	return h.renderAgentForm(w, r, s, http.StatusOK, model)
}

// manageableProject reads the project of the address and refuses people who may only read.
func (h *Handlers) manageableProject(r *http.Request, s *session) (projectFacts, error) {
	id, err := pathID(r, "project")
	if err != nil {
		return projectFacts{}, err
	}
	facts, err := h.loadProject(r.Context(), s, id)
	if err != nil {
		return projectFacts{}, err
	}
	stateOf(r).about = audit.Target{ProjectPath: facts.project.Path}
	return facts, requireManage(facts.access)
}

func (h *Handlers) renderAgentForm(w http.ResponseWriter, r *http.Request, s *session, status int, model views.AgentFormModel) error {
	model.Nonce = h.nonces.issue(s.ID)
	if !isSafe(r.Method) {
		retargetForm(w)
	}
	p := h.projectPage(w, r, printer(r).T("titles.agent_new", "Project", model.Project.Name))
	return h.render(w, r, status, views.AgentFormPage(p, model), views.AgentFormDialog(p, model))
}

// agentRegister registers an agent, with a first token if asked, and reveals that token.
func (h *Handlers) agentRegister(w http.ResponseWriter, r *http.Request, s *session) error {
	facts, err := h.manageableProject(r, s)
	if err != nil {
		return err
	}
	l := printer(r)
	model := views.AgentFormModel{
		Project:    facts.project,
		Name:       views.Field{Value: r.PostFormValue("name")},
		FirstToken: r.PostFormValue("first_token") != "",
	}
	form, stale, err := h.formProof(r, s)
	if err != nil {
		return err
	}
	model.Name.Error = agentNameProblem(l, model.Name.Value)
	if stale {
		model.Notice = staleNotice(l)
	}
	if stale || model.Name.Error != "" {
		return h.renderAgentForm(w, r, s, http.StatusUnprocessableEntity, model)
	}
	handOver(r)
	result, err := h.Tokens.Register(r.Context(), s.gitlab, tokens.RegisterRequest{
		Form: form, Project: facts.project.ID, ProjectPath: facts.project.Path, Name: model.Name.Value, FirstToken: model.FirstToken,
	})
	h.changed(s)
	if err != nil {
		return h.registerFailed(w, r, s, model, err)
	}
	return h.registered(w, r, s, facts.project, result)
}

// registered shows what a registration led to: the first token, or the agent's page.
func (h *Handlers) registered(w http.ResponseWriter, r *http.Request, s *session, project views.Project, result tokens.Result) error {
	var unknown *tokens.UnknownTokenError
	switch {
	case !result.Token.Secret.IsZero():
		return h.reveal(w, r, s, project, result, true)
	case errors.As(result.TokenErr, &unknown):
		return h.renderOutcome(w, r, project, result.TokenErr, unknown)
	case result.TokenErr != nil:
		stateOf(r).err = result.TokenErr
		h.setFlash(w, r, flash{Kind: views.NoticeWarning, ID: "registered_without_token", Args: map[string]string{"Agent": result.Agent.Name}})
	default:
		h.setFlash(w, r, flash{Kind: views.NoticeSuccess, ID: "registered", Args: map[string]string{"Agent": result.Agent.Name}})
	}
	h.redirect(w, r, h.urls.Agent(project.ID, result.Agent.ID, ""))
	return nil
}

// registerFailed says why there is no agent: beside the name, about the form, or by the one
// table of errors.
func (h *Handlers) registerFailed(w http.ResponseWriter, r *http.Request, s *session, model views.AgentFormModel, err error) error {
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
	return h.renderAgentForm(w, r, s, http.StatusUnprocessableEntity, model)
}

// agentNameProblem says what is wrong with a name, or nothing.
func agentNameProblem(l *i18n.Printer, name string) string {
	switch {
	case strings.TrimSpace(name) == "":
		return l.T("form.agent_name.empty")
	case len(name) > maxAgentName:
		return l.T("form.agent_name.long", "Max", maxAgentName)
	case !agentName.MatchString(name):
		return l.T("form.agent_name.characters")
	default:
		return ""
	}
}

// staleNotice asks to send a form once more that was open for too long.
func staleNotice(l *i18n.Printer) *views.Notice {
	return &views.Notice{Kind: views.NoticeWarning, Title: l.T("form.stale.title"), Text: l.T("form.stale.text")}
}

// refusalNotice passes on why GitLab refused what no rule of ours foresaw. Its 400 messages
// are written for the person who sent the form.
func refusalNotice(l *i18n.Printer, err error) *views.Notice {
	notice := &views.Notice{Kind: views.NoticeDanger, Title: l.T("errors.gitlab_refused.title"), Text: l.T("errors.gitlab_refused.text")}
	var refused *gitlabapi.Error
	if errors.As(err, &refused) && len(refused.Reasons()) > 0 {
		notice.Text = l.T("form.refused", "Message", strings.Join(refused.Reasons(), "; "))
	}
	return notice
}
