package handlers

import (
	"errors"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/internal/i18n"
	"gitlab-agent-portal/internal/tokens"
	"gitlab-agent-portal/views"
)

// GitLab's limits, in characters (app/models/clusters/agent_token.rb).
const (
	maxTokenName        = 255
	maxTokenDescription = 1024
)

// tokenNew is the form that creates a token, or the explanation why there can be none.
func (h *Handlers) tokenNew(w http.ResponseWriter, r *http.Request, s *session) error {
	facts, err := h.manageableAgent(r, s)
	if err != nil {
		return err
	}
	model := tokenFormModel(printer(r), facts)
	model.From = originOf(r)
	return h.renderTokenForm(w, r, s, http.StatusOK, model)
}

// tokenFormModel is an empty form; at the limit it lists the tokens that fill it.
func tokenFormModel(l *i18n.Printer, facts agentFacts) views.TokenFormModel {
	model := views.TokenFormModel{Project: facts.project, AgentID: facts.agent.ID, AgentName: facts.agent.Name}
	if len(facts.tokens) >= activeLimit {
		model.Limit, _ = facts.tokenRows(l)
	}
	return model
}

func (h *Handlers) renderTokenForm(w http.ResponseWriter, r *http.Request, s *session, status int, model views.TokenFormModel) error {
	model.Nonce = h.nonces.issue(s.ID)
	if !isSafe(r.Method) {
		retargetForm(w)
	}
	p := h.projectPage(w, r, printer(r).T("titles.token_new", "Agent", model.AgentName))
	return h.render(w, r, status, views.TokenFormPage(p, model), views.TokenFormDialog(p, model))
}

// tokenCreate creates a token and reveals it in its answer, the only place where it appears.
//
// The form is checked before anything is asked of GitLab: a second click must find the create
// of the first one while it runs, and not its token in the list.
func (h *Handlers) tokenCreate(w http.ResponseWriter, r *http.Request, s *session) error {
	project, agent, err := agentIDs(r)
	if err != nil {
		return err
	}
	form, stale, err := h.formProof(r, s)
	if err != nil {
		return err
	}
	l := printer(r)
	typed := typedToken(l, r)
	if stale {
		typed.Notice = staleNotice(l)
	}
	if stale || typed.Name.Error != "" || typed.Description.Error != "" {
		return h.tokenFormAgain(w, r, s, typed)
	}
	handOver(r)
	result, err := h.Tokens.Create(r.Context(), s.gitlab, tokens.CreateRequest{
		Form: form, Project: project, Agent: agent,
		Token: gitlabapi.NewToken{Name: typed.Name.Value, Description: typed.Description.Value},
	})
	h.changed(s)
	if err != nil {
		return h.createFailed(w, r, s, typed, err)
	}
	shown := views.Project{ID: project, Name: result.Agent.ConfigProject.Name, Path: result.Agent.ConfigProject.PathWithNamespace}
	return h.reveal(w, r, s, shown, result, false)
}

// typedToken reads the form and says what is wrong with it. Browsers send line ends of text
// areas as two characters, which GitLab would count as two.
func typedToken(l *i18n.Printer, r *http.Request) views.TokenFormModel {
	model := views.TokenFormModel{
		Name:        views.Field{Value: r.PostFormValue("name")},
		Description: views.Field{Value: strings.ReplaceAll(r.PostFormValue("description"), "\r\n", "\n")},
		From:        originOf(r),
	}
	switch name := model.Name.Value; {
	case strings.TrimSpace(name) == "":
		model.Name.Error = l.T("form.token_name.empty")
	case utf8.RuneCountInString(name) > maxTokenName:
		model.Name.Error = l.T("form.token_name.long", "Max", maxTokenName)
	case !printable(name, false):
		model.Name.Error = l.T("form.token_name.characters")
	}
	switch description := model.Description.Value; {
	case utf8.RuneCountInString(description) > maxTokenDescription:
		model.Description.Error = l.T("form.token_description.long", "Max", maxTokenDescription)
	case !printable(description, true):
		model.Description.Error = l.T("form.token_description.characters")
	}
	return model
}

// printable reports whether text holds only what a page and a log line can show: no control
// characters (a NUL would make GitLab's database refuse) but, in a text, line ends and tabs.
func printable(text string, multiline bool) bool {
	return utf8.ValidString(text) && strings.IndexFunc(text, func(c rune) bool {
		return unicode.IsControl(c) && (!multiline || c != '\n' && c != '\t')
	}) < 0
}

// tokenFormAgain shows the form with everything that was typed and what is wrong with it.
func (h *Handlers) tokenFormAgain(w http.ResponseWriter, r *http.Request, s *session, typed views.TokenFormModel) error {
	facts, err := h.manageableAgent(r, s)
	if err != nil {
		return err
	}
	model := tokenFormModel(printer(r), facts)
	model.Name, model.Description, model.Notice, model.From = typed.Name, typed.Description, typed.Notice, typed.From
	return h.renderTokenForm(w, r, s, http.StatusUnprocessableEntity, model)
}

// createFailed says why there is no token, or that nobody knows whether there is one.
func (h *Handlers) createFailed(w http.ResponseWriter, r *http.Request, s *session, typed views.TokenFormModel, err error) error {
	var limit *tokens.LimitError
	var used *tokens.UsedError
	var unknown *tokens.UnknownTokenError
	switch {
	case errors.As(err, &used):
		return h.usedTokenForm(w, r, s, used)
	case errors.As(err, &unknown):
		project := unknown.Agent.ConfigProject
		return h.renderOutcome(w, r, views.Project{ID: project.ID, Name: project.Name, Path: project.PathWithNamespace}, err, unknown)
	case errors.As(err, &limit):
	case errors.Is(err, gitlabapi.ErrInvalid):
		typed.Notice = refusalNotice(printer(r), err)
	case errors.Is(err, gitlabapi.ErrForbidden):
		// GitLab says the same of a missing role and of an archived project.
		if _, denied := h.manageableAgent(r, s); denied != nil {
			return denied
		}
		return err
	default:
		return err
	}
	stateOf(r).err = err
	return h.tokenFormAgain(w, r, s, typed)
}

// renderOutcome says that it is not known whether a token was created, and what was found.
func (h *Handlers) renderOutcome(w http.ResponseWriter, r *http.Request, project views.Project, err error, unknown *tokens.UnknownTokenError) error {
	stateOf(r).err = err
	model := views.OutcomeModel{
		Project: project, AgentID: unknown.Agent.ID, AgentName: unknown.Agent.Name, Checked: unknown.Checked,
	}
	for _, token := range unknown.Candidates {
		model.Candidates = append(model.Candidates, views.TokenRow{
			ID: token.ID, Name: token.Name, Description: token.Description, CreatedAt: token.CreatedAt, UsageKnown: true,
		})
	}
	retargetForm(w)
	p := h.projectPage(w, r, printer(r).T("titles.outcome_unknown"))
	status := classifyGitLab(unknown.Cause, true).status
	return h.render(w, r, status, views.OutcomePage(p, model), views.OutcomeDialog(p, model))
}

// usedTokenForm answers a form that was sent before, naming the token that it created.
func (h *Handlers) usedTokenForm(w http.ResponseWriter, r *http.Request, s *session, used *tokens.UsedError) error {
	facts, err := h.manageableAgent(r, s)
	if err != nil {
		return err
	}
	used.Result.AgentID = facts.agent.ID
	return h.renderUsedForm(w, r, facts.project, used)
}

func (h *Handlers) renderUsedForm(w http.ResponseWriter, r *http.Request, project views.Project, used *tokens.UsedError) error {
	stateOf(r).err = used
	model := views.UsedFormModel{
		Project: project, AgentID: used.Result.AgentID,
		TokenID: used.Result.TokenID, TokenName: used.Result.TokenName,
	}
	retargetForm(w)
	p := h.projectPage(w, r, printer(r).T("titles.form_used"))
	return h.render(w, r, http.StatusConflict, views.UsedFormPage(p, model), views.UsedFormDialog(p, model))
}
