package handlers

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/agentread"
	"gitlab-agent-portal/internal/i18n"
	"gitlab-agent-portal/internal/tokens"
	"gitlab-agent-portal/views"
)

// tokenNew is the form that creates a token, or the explanation why there can be none.
func (h *Handlers) tokenNew(w http.ResponseWriter, r *http.Request, s *session) error {
	found, err := h.manageableAgent(r, s)
	if err != nil {
		return err
	}
	form := &views.TokenFormModel{From: originOf(r), Name: views.Field{Value: proposedName(found.Agent, h.Now())}}
	return h.renderForm(w, r, s, http.StatusOK, h.tokenForm(found, form))
}

// proposedName is the agent's with the month, and a number where an active token has that.
func proposedName(one agent.Agent, now time.Time) string {
	month := one.Name + "-" + now.UTC().Format("2006-01")
	isTaken := func(name string) bool {
		return slices.ContainsFunc(one.Tokens, func(token agent.Token) bool { return token.Name == name })
	}
	name := month
	for number := 2; isTaken(name); number++ {
		name = month + "-" + strconv.Itoa(number)
	}
	return name
}

// tokenForm fills in what the form says of the agent; at the limit it lists the tokens that fill it.
func (h *Handlers) tokenForm(found agentread.ProjectAgent, form *views.TokenFormModel) *views.TokenFormModel {
	form.Project, form.AgentID, form.AgentName = h.projectView(found.Project), found.Agent.ID, found.Agent.Name
	if found.Agent.AtTokenLimit() {
		form.Limit = found.Agent.Tokens
	}
	return form
}

// tokenCreate creates a token and reveals it in its answer, the only place where it appears.
//
// The form is checked before anything is asked of GitLab: a second click must find the create
// of the first one while it runs, and not its token in the list.
func (h *Handlers) tokenCreate(w http.ResponseWriter, r *http.Request, s *session) error {
	ref, err := pathAgent(r)
	if err != nil {
		return err
	}
	typed := typedToken(printer(r), r)
	form, err := h.checkForm(r, s, &typed.Form)
	if err != nil {
		return err
	}
	if typed.Wrong() {
		return h.tokenFormAgain(w, r, s, typed)
	}
	var result tokens.Result
	err = h.change(r, s, func(ctx context.Context, gitlab *gitlabapi.Client) (err error) {
		result, err = h.Tokens.Create(ctx, gitlab, tokens.CreateRequest{
			Form: form, Project: ref.Project, Agent: ref.Agent,
			Token: gitlabapi.NewToken{Name: typed.Name.Value, Description: typed.Description.Value},
		})
		return err
	})
	if err != nil {
		return h.createFailed(w, r, s, typed, err)
	}
	return h.reveal(w, r, s, result, false)
}

// typedToken reads the form and says what is wrong with it. Browsers send line ends of text
// areas as two characters, which GitLab would count as two.
func typedToken(l *i18n.Printer, r *http.Request) *views.TokenFormModel {
	model := &views.TokenFormModel{
		Name:        views.Field{Value: r.PostFormValue("name")},
		Description: views.Field{Value: strings.ReplaceAll(r.PostFormValue("description"), "\r\n", "\n")},
		From:        originOf(r),
	}
	switch name := model.Name.Value; {
	case strings.TrimSpace(name) == "":
		model.Name.Error = l.T("form.token_name.empty")
	case utf8.RuneCountInString(name) > agent.MaxTokenName:
		model.Name.Error = l.T("form.token_name.long", "Max", agent.MaxTokenName)
	case !printable(name, false):
		model.Name.Error = l.T("form.token_name.characters")
	}
	switch description := model.Description.Value; {
	case utf8.RuneCountInString(description) > agent.MaxTokenDescription:
		model.Description.Error = l.T("form.token_description.long", "Max", agent.MaxTokenDescription)
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
func (h *Handlers) tokenFormAgain(w http.ResponseWriter, r *http.Request, s *session, typed *views.TokenFormModel) error {
	found, err := h.manageableAgent(r, s)
	if err != nil {
		return err
	}
	return h.renderForm(w, r, s, http.StatusUnprocessableEntity, h.tokenForm(found, typed))
}

// createFailed says why there is no token, or that nobody knows whether there is one.
func (h *Handlers) createFailed(w http.ResponseWriter, r *http.Request, s *session, typed *views.TokenFormModel, err error) error {
	var limit *tokens.LimitError
	var used *tokens.UsedError
	var unknown *tokens.UnknownTokenError
	switch {
	case errors.As(err, &used):
		return h.usedTokenForm(w, r, s, used)
	case errors.As(err, &unknown):
		return h.renderOutcome(w, r, unknown)
	case errors.As(err, &limit):
	case errors.Is(err, gitlabapi.ErrInvalid):
		typed.Notice = refusalNotice(printer(r), err)
	default:
		return err
	}
	stateOf(r).err = err
	return h.tokenFormAgain(w, r, s, typed)
}

// renderOutcome says that it is not known whether a token was created, and what was found.
func (h *Handlers) renderOutcome(w http.ResponseWriter, r *http.Request, unknown *tokens.UnknownTokenError) error {
	stateOf(r).err = unknown
	return h.renderSheet(w, r, classifyGitLab(unknown.Cause, true).status, &views.OutcomeModel{
		Project: h.projectView(unknown.Project), AgentID: unknown.Agent.ID, AgentName: unknown.Agent.Name,
		Checked: unknown.Checked, Candidates: unknown.Candidates, From: originOf(r),
	})
}

// usedTokenForm answers a form that was sent before, naming the token that it created.
func (h *Handlers) usedTokenForm(w http.ResponseWriter, r *http.Request, s *session, used *tokens.UsedError) error {
	found, err := h.manageableAgent(r, s)
	if err != nil {
		return err
	}
	used.Result.AgentID = found.Agent.ID
	return h.renderUsedForm(w, r, h.projectView(found.Project), used)
}

func (h *Handlers) renderUsedForm(w http.ResponseWriter, r *http.Request, project views.Project, used *tokens.UsedError) error {
	stateOf(r).err = used
	return h.renderSheet(w, r, http.StatusConflict, &views.UsedFormModel{
		Project: project, AgentID: used.Result.AgentID, TokenID: used.Result.TokenID, TokenName: used.Result.TokenName, From: originOf(r),
	})
}
