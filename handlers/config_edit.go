package handlers

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/internal/agentconfig"
	"gitlab-agent-portal/internal/agentread"
	"gitlab-agent-portal/internal/tokens"
	"gitlab-agent-portal/views"
)

// configEdit is the form that changes an agent's configuration file.
func (h *Handlers) configEdit(w http.ResponseWriter, r *http.Request, s *session) error {
	found, err := h.editableAgent(r, s)
	if err != nil {
		return err
	}
	at, err := readConfigAt(r.Context(), s, found)
	if err != nil {
		return err
	}
	model := h.configModel(found, at)
	model.Message.Value = proposedMessage(printer(r), model)
	if at.unreadable {
		return h.renderUnreadable(w, r, model)
	}
	h.checkConfig(r, s.home(found.Project), model)
	return h.renderForm(w, r, s, http.StatusOK, model)
}

// renderUnreadable says that the file is not for a text area.
func (h *Handlers) renderUnreadable(w http.ResponseWriter, r *http.Request, model *views.ConfigEditModel) error {
	l := printer(r)
	p := h.projectPage(w, r, model.Title(l))
	message := views.MessageModel{
		Heading: l.T("config.unreadable.title"), Text: l.T("config.unreadable.text"),
		Actions: []views.Action{{Text: l.T("agents.back_to_agent"), URL: h.urls.Agent(model.Project.ID, model.AgentID, views.TabAccess)}},
	}
	return h.render(w, r, http.StatusUnprocessableEntity, views.MessagePage(p, message), nil)
}

// configCommit writes a changed file whose difference was looked at.
func (h *Handlers) configCommit(w http.ResponseWriter, r *http.Request, s *session) error {
	found, err := h.editableAgent(r, s)
	if err != nil {
		return err
	}
	at, err := readConfigAt(r.Context(), s, found)
	if err != nil {
		return err
	}
	model := h.configModel(found, at)
	readTyped(r, model)
	h.checkConfig(r, s.home(found.Project), model)
	form, err := h.checkForm(r, s, &model.Form)
	if err != nil {
		return err
	}
	if at.unreadable {
		return h.renderUnreadable(w, r, model)
	}
	h.judgeTyped(r, model)
	if model.Wrong() {
		return h.renderForm(w, r, s, http.StatusUnprocessableEntity, model)
	}
	return h.commitConfig(w, r, s, committing{form: form, found: found, at: at, model: model})
}

// judgeTyped says what keeps the file from being written. Whoever sends it has to have seen how it
// differs from the newest one.
func (h *Handlers) judgeTyped(r *http.Request, m *views.ConfigEditModel) {
	l := printer(r)
	if m.Content.Error = contentProblem(l, m); m.Message.Value == "" {
		m.Message.Error = l.T("config.message.missing")
	}
	switch {
	case m.Notice != nil:
	case r.PostFormValue(views.ConfigCommitField) != m.Commit:
		m.Notice = &views.Notice{Kind: views.NoticeWarning, Title: l.T("config.conflict.title"), Text: l.T("config.conflict.text")}
	case m.Content.Error == "" && r.PostFormValue(views.ConfigCheckedField) != m.Check.Sum:
		m.Notice = &views.Notice{Kind: views.NoticeInfo, Title: l.T("config.look.title"), Text: l.T("config.look.text")}
	}
}

// committing is a change on its way.
type committing struct {
	form  tokens.Form
	found agentread.ProjectAgent
	at    configAt
	model *views.ConfigEditModel
}

// request is the change as it is sent. The branch of its own is named after the form, so that GitLab
// refuses to begin it a second time.
func (c committing) request() tokens.ConfigureRequest {
	content := c.model.Content.Value
	if c.at.crlf {
		content = strings.ReplaceAll(content, "\n", "\r\n")
	}
	req := tokens.ConfigureRequest{
		Form: c.form, Project: c.found.Project.ID, ProjectPath: c.found.Project.Path, Agent: c.found.Agent.ID, AgentName: c.found.Agent.Name,
		Commit: gitlabapi.NewCommit{
			Branch: c.at.branch, Message: c.model.Message.Value, Path: agentconfig.Path(c.found.Agent.Name),
			Content: []byte(content), LastCommitID: c.at.commit,
		},
	}
	if !c.at.canPush || c.model.Propose {
		sum := sha256.Sum256([]byte(c.form.Nonce))
		req.Commit.StartBranch, req.Target = c.at.branch, c.at.branch
		req.Commit.Branch = "agent-" + c.found.Agent.Name + "-configuration-" + hex.EncodeToString(sum[:4])
	}
	return req
}

// commitConfig sends the change, and shows what it led to.
func (h *Handlers) commitConfig(w http.ResponseWriter, r *http.Request, s *session, c committing) error {
	stateOf(r).audited = true
	defer h.forget(r, s)
	result, err := h.Tokens.Configure(r.Context(), s.gitlab, c.request())
	if err != nil {
		return h.commitFailed(w, r, s, c, err)
	}
	made, model := result.Configured, c.model
	if made.Branch == c.at.branch {
		h.setFlash(w, r, flash{Kind: views.NoticeSuccess, ID: "config_committed", Args: map[string]string{"Agent": model.AgentName, "Branch": made.Branch}})
		h.redirect(w, r, h.urls.Agent(model.Project.ID, model.AgentID, views.TabAccess))
		return nil
	}
	stateOf(r).err = made.MergeErr
	done := &views.ConfigDoneModel{
		Project: model.Project, AgentID: model.AgentID, AgentName: model.AgentName, Branch: made.Branch, Number: made.MergeRequest, Missing: made.MergeRequest == 0,
	}
	done.URL = model.Project.URL + "/-/merge_requests/" + strconv.FormatInt(made.MergeRequest, 10)
	if done.Missing {
		done.URL = model.Project.URL + "/-/merge_requests/new?" + url.Values{"merge_request[source_branch]": {made.Branch}}.Encode()
	}
	return h.renderSheet(w, r, http.StatusOK, done)
}

// commitFailed says why nothing was written, in the form with everything that was typed: GitLab's
// refusals are looked into first, as the file or the right may have changed meanwhile.
func (h *Handlers) commitFailed(w http.ResponseWriter, r *http.Request, s *session, c committing, err error) error {
	l, model := printer(r), c.model
	var used *tokens.UsedError
	switch {
	case errors.As(err, &used):
		return h.renderUsedForm(w, r, model.Project, used)
	case errors.Is(err, gitlabapi.ErrUnauthorized), errors.Is(err, context.Canceled):
		return err
	}
	stateOf(r).err = err
	status := http.StatusUnprocessableEntity
	now, reading := readConfigAt(r.Context(), s, c.found)
	switch refused := errors.Is(err, gitlabapi.ErrInvalid) || errors.Is(err, gitlabapi.ErrForbidden); {
	case refused && reading == nil && now.commit != c.at.commit:
		model.Base, model.Commit = now.text, now.commit
		model.Notice = &views.Notice{Kind: views.NoticeWarning, Title: l.T("config.conflict.title"), Text: l.T("config.conflict.text")}
	case errors.Is(err, gitlabapi.ErrForbidden) && c.at.canPush && !model.Propose:
		model.CanPush = now.canPush && reading == nil
		model.Propose = true
		model.Notice = &views.Notice{Kind: views.NoticeWarning, Title: l.T("config.push.title"), Text: l.T("config.push.text")}
	case errors.Is(err, gitlabapi.ErrInvalid):
		model.Notice = refusalNotice(l, err)
	default:
		p := classify(err, true)
		notice := h.problemNotice(r, p)
		status, model.Notice = p.status, &notice
	}
	h.checkConfig(r, s.home(c.found.Project), model)
	return h.renderForm(w, r, s, status, model)
}
