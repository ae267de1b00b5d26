package handlers

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/internal/agentconfig"
	"gitlab-agent-portal/internal/agentread"
	"gitlab-agent-portal/internal/audit"
	"gitlab-agent-portal/internal/i18n"
	"gitlab-agent-portal/views"
)

// editableAgent reads the agent of the address and refuses people who may not push.
func (h *Handlers) editableAgent(r *http.Request, s *session) (agentread.ProjectAgent, error) {
	found, err := h.loadAgent(r, s)
	if err != nil {
		return found, err
	}
	stateOf(r).shown = audit.Target{
		ProjectID: found.Project.ID, ProjectPath: found.Project.Path, AgentID: found.Agent.ID, AgentName: found.Agent.Name,
	}
	if found.Project.MayPush() {
		return found, nil
	}
	if err := requireManage(found.Project.Access); err != nil && !errors.Is(err, errMaintainerNeeded) {
		return found, err
	}
	return found, errPushForbidden
}

// configAt is an agent's configuration file as it is in GitLab.
type configAt struct {
	// text has the line ends of Unix; crlf says that the file has those of Windows.
	text string
	crlf bool
	// commit changed it last; empty where there is no file.
	commit string
	// branch is the default branch, canPush whether the person may push to it.
	branch  string
	canPush bool
	// unreadable says that it is larger than GitLab reads, or no text.
	unreadable bool
}

// readConfigAt reads the file and the branch that it is on. Without a branch, as in an empty repository,
// whoever is Maintainer may make one.
func readConfigAt(ctx context.Context, s *session, found agentread.ProjectAgent) (configAt, error) {
	file, branch, err := s.read.ConfigSource(ctx, found.Project, found.Agent.Name)
	switch {
	case errors.Is(err, gitlabapi.ErrTooLarge):
		return configAt{branch: branch.Name, unreadable: true}, nil
	case err != nil:
		return configAt{}, err
	}
	text := string(file.Content)
	at := configAt{
		text: unixLines(text), crlf: strings.Contains(text, "\r\n"), commit: file.LastCommitID, branch: branch.Name, canPush: branch.CanPush,
	}
	at.unreadable = len(file.Content) > agentconfig.MaxSize || !isText(text)
	return at, nil
}

func unixLines(text string) string { return strings.ReplaceAll(text, "\r\n", "\n") }

// isText reports whether a text area gives back what it was given.
func isText(text string) bool {
	return utf8.ValidString(text) && !strings.ContainsFunc(unixLines(text), func(c rune) bool {
		return c == '\ufeff' || unicode.IsControl(c) && c != '\n' && c != '\t'
	})
}

// configModel is the form without anything typed into it.
func (h *Handlers) configModel(found agentread.ProjectAgent, at configAt) *views.ConfigEditModel {
	return &views.ConfigEditModel{
		Project: h.projectView(found.Project), AgentID: found.Agent.ID, AgentName: found.Agent.Name, Path: agentconfig.Path(found.Agent.Name),
		Content: views.Field{Value: at.text}, Base: at.text, Commit: at.commit, Branch: at.branch, CanPush: at.canPush,
	}
}

// proposedMessage is a commit message for somebody to change.
func proposedMessage(l *i18n.Printer, m *views.ConfigEditModel) string {
	if m.Commit == "" {
		return l.T("config.message.create", "Agent", m.AgentName)
	}
	return l.T("config.message.update", "Agent", m.AgentName)
}

// readTyped fills in what was typed into the form.
func readTyped(r *http.Request, m *views.ConfigEditModel) {
	m.Content.Value = unixLines(r.PostFormValue(views.ConfigContentField))
	m.Message.Value = strings.TrimSpace(unixLines(r.PostFormValue(views.ConfigMessageField)))
	m.Propose = r.PostFormValue(views.ConfigProposeField) != ""
	m.Grant = views.GrantForm{
		People: r.PostFormValue(views.GrantListField) == string(listUser), Group: r.PostFormValue(views.GrantKindField) == "group",
		Path:         views.Field{Value: textParam(r, views.GrantPathField)},
		Namespace:    views.Field{Value: textParam(r, views.GrantNamespaceField)},
		Environments: views.Field{Value: textParam(r, views.GrantEnvironmentsField)},
		Protected:    r.PostFormValue(views.GrantProtectedField) != "",
	}
}

// checkConfig says what the file would be, by the parser that reads those in GitLab.
func (h *Handlers) checkConfig(r *http.Request, home agentconfig.Home, m *views.ConfigEditModel) {
	m.Check = views.ConfigCheckModel{Sum: checkedSum(m.Commit, m.Content.Value), File: views.ConfigModel{Path: m.Path}}
	m.Check.Diff, m.Check.More = difference(m.Base, m.Content.Value)
	draft := func(agentconfig.Config) told { return told{state: toldDraft} }
	h.readConfig(r, []byte(m.Content.Value), judging{home: home, ask: draft}, &m.Check.File)
}

// checkedSum stands for a file and the one that it was compared with: who sends it has seen the
// difference.
func checkedSum(commit, content string) string {
	sum := sha256.Sum256([]byte(commit + "\x00" + content))
	return hex.EncodeToString(sum[:16])
}

// contentProblem says why the file is not to be written, or nothing.
func contentProblem(l *i18n.Printer, m *views.ConfigEditModel) string {
	_, problems := agentconfig.Parse([]byte(m.Content.Value))
	switch {
	case len(m.Content.Value) > agentconfig.MaxSize:
		return l.T("config.error.long", "Size", agentconfig.MaxSize>>10)
	case !isText(m.Content.Value):
		return l.T("config.error.text")
	case m.Content.Value == m.Base && m.Commit != "":
		return l.T("config.error.unchanged")
	case problems.Certain():
		return l.T("config.error.refused")
	default:
		return ""
	}
}
