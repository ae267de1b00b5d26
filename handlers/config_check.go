package handlers

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/agentconfig"
	"gitlab-agent-portal/internal/i18n"
	"gitlab-agent-portal/views"
)

// configCheck says what a changed file would be, and writes a grant into its text if asked. It writes
// nothing to GitLab. While somebody types, all that it needs is in the form, and GitLab is not asked.
func (h *Handlers) configCheck(w http.ResponseWriter, r *http.Request, s *session) error {
	ref, err := pathAgent(r)
	if err != nil {
		return err
	}
	if err := h.checkDraftForm(r, s, h.urls.ConfigEdit(ref.Project, ref.Agent)); err != nil {
		return err
	}
	if isFragment(r) && !wantsGrant(r) {
		return h.checkTyped(w, r, s, ref.Project)
	}
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
	if wantsGrant(r) {
		addTyped(printer(r), model)
	}
	h.checkConfig(r, s.home(found.Project), model)
	return h.renderForm(w, r, s, http.StatusOK, model)
}

func wantsGrant(r *http.Request) bool { return r.FormValue(views.ConfigAddField) != "" }

// checkTyped checks the text with what the form says of where it stands. Whoever sends something else
// reads a check of that.
func (h *Handlers) checkTyped(w http.ResponseWriter, r *http.Request, s *session, project int64) error {
	model := &views.ConfigEditModel{Base: unixLines(r.PostFormValue(views.ConfigBaseField)), Commit: r.PostFormValue(views.ConfigCommitField)}
	readTyped(r, model)
	home := s.home(agent.Project{ID: project, Path: r.PostFormValue(views.ConfigHomeField)})
	h.checkConfig(r, home, model)
	return h.render(w, r, http.StatusOK, nil, views.ConfigCheck(h.page(w, r, ""), model.Check))
}

// addTyped writes the grant of the form into the text, or says why that is not possible.
func addTyped(l *i18n.Printer, m *views.ConfigEditModel) {
	grant := agentconfig.NewGrant{People: m.Grant.People, Group: m.Grant.Group, Grant: agentconfig.Grant{Path: strings.Trim(m.Grant.Path.Value, "/")}}
	if !grant.People {
		grant.Namespace, grant.ProtectedRefs = m.Grant.Namespace.Value, m.Grant.Protected
		grant.Environments = environmentNames(m.Grant.Environments.Value)
	}
	m.Grant.Path.Error = grantProblem(l, grant)
	if m.Grant.Path.Error != "" {
		return
	}
	changed, err := agentconfig.Add([]byte(m.Content.Value), grant)
	switch {
	case errors.Is(err, agentconfig.ErrGranted):
		m.Grant.Path.Error = l.T("config.grant.error.granted")
	case errors.Is(err, agentconfig.ErrRefused):
		m.Grant.Path.Error = l.T("config.grant.error.refused")
	case err != nil:
		m.Grant.Path.Error = l.T("config.grant.error.layout")
	default:
		m.Content.Value = string(changed)
		m.Grant = views.GrantForm{People: m.Grant.People, Group: m.Grant.Group}
	}
}

// grantProblem says what is wrong with the path of a grant, or nothing.
func grantProblem(l *i18n.Printer, grant agentconfig.NewGrant) string {
	switch {
	case !pagePath.MatchString(grant.Path):
		return l.T("config.grant.error.path")
	case !grant.Group && !strings.Contains(grant.Path, "/"):
		return l.T("config.grant.error.project")
	default:
		return ""
	}
}

// environmentNames are names with commas between.
func environmentNames(typed string) []string {
	var names []string
	for name := range strings.SplitSeq(typed, ",") {
		if name = strings.TrimSpace(name); name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// grantees lists what matches the path that is being typed, of the kind that is chosen, below the
// top-level group: what lies outside of it GitLab drops.
func (h *Handlers) grantees(w http.ResponseWriter, r *http.Request, s *session) error {
	found, err := h.editableAgent(r, s)
	if err != nil {
		return err
	}
	paths := s.read.Grantees(r.Context(), found.Project, textParam(r, views.GrantPathField), r.FormValue(views.GrantKindField) == "group")
	return h.render(w, r, http.StatusOK, nil, views.GranteeOptions(paths))
}
