package handlers

import (
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/agentconfig"
	"gitlab-agent-portal/internal/agentread"
	"gitlab-agent-portal/internal/i18n"
	"gitlab-agent-portal/views"
)

const (
	// maxGrants is how many groups and projects of one list a page shows, and maxEnvironments
	// how many environments of each.
	maxGrants       = 50
	maxEnvironments = 50
)

// loadConfig reads the agent's configuration file. What cannot be had in time is said, and
// keeps nothing else from being shown.
func (h *Handlers) loadConfig(r *http.Request, s *session, found agentread.ProjectAgent) views.ConfigModel {
	path := agentconfig.Path(found.Agent.Name)
	model := views.ConfigModel{Path: path}
	file, err := s.read.ConfigFile(r.Context(), found.Project, found.Agent.Name)
	switch {
	case err == nil:
		model.URL = h.filePage(found.Project, "blob", path)
		h.readConfig(printer(r), file, &model)
	case errors.Is(err, gitlabapi.ErrNotFound):
		model.State, model.URL = views.ConfigAbsent, h.newFilePage(found.Project, path)
	case errors.Is(err, gitlabapi.ErrForbidden):
		model.State = views.ConfigForbidden
	case errors.Is(err, gitlabapi.ErrTooLarge):
		model.URL = h.filePage(found.Project, "blob", path)
		configProblem(printer(r), &agentconfig.Error{Problem: agentconfig.ProblemSize}, &model)
	default:
		h.Log.WarnContext(r.Context(), "reading an agent's configuration file", "error", err)
		model.State = views.ConfigUnknown
	}
	return model
}

// readConfig fills in what the file says, or what is wrong with it.
func (h *Handlers) readConfig(l *i18n.Printer, file []byte, model *views.ConfigModel) {
	config, err := agentconfig.Parse(file)
	if problem, ok := errors.AsType[*agentconfig.Error](err); ok {
		configProblem(l, problem, model)
		return
	}
	model.State = views.ConfigPresent
	model.CI, model.User = h.configAccess(config.CI), h.configAccess(config.User)
}

// configProblem says what is wrong with a file, and where.
func configProblem(l *i18n.Printer, problem *agentconfig.Error, model *views.ConfigModel) {
	model.State, model.Detail = views.ConfigBroken, problem.Detail
	field := problem.Field
	if field == "" {
		field = l.T("connect.config.whole_file")
	}
	model.Problem = l.T("connect.problem."+string(problem.Problem), "Field", field, "Size", agentconfig.MaxSize>>10)
	if problem.Line > 0 {
		model.Problem = l.T("connect.config.line", "Line", problem.Line, "Problem", model.Problem)
	}
}

func (h *Handlers) configAccess(access agentconfig.Access) views.ConfigAccess {
	groups := access.Groups[:min(len(access.Groups), maxGrants)]
	projects := access.Projects[:min(len(access.Projects), maxGrants-len(groups))]
	model := views.ConfigAccess{
		Instance: access.Instance, More: len(access.Groups) + len(access.Projects) - len(groups) - len(projects),
	}
	pagePath := regexp.MustCompile(`^\w[\w.-]*(/\w[\w.-]*)*$`)
	for _, grant := range groups {
		model.Grants = append(model.Grants, h.configGrant(grant, true, pagePath))
	}
	for _, grant := range projects {
		model.Grants = append(model.Grants, h.configGrant(grant, false, pagePath))
	}
	return model
}

// configGrant is a grant as it is shown. What no path in GitLab looks like gets no link.
func (h *Handlers) configGrant(grant agentconfig.Grant, group bool, pagePath *regexp.Regexp) views.ConfigGrant {
	shown := grant.Environments[:min(len(grant.Environments), maxEnvironments)]
	model := views.ConfigGrant{
		Group: group, Path: grant.Path, ProtectedBranches: grant.ProtectedBranches,
		Environments: shown, MoreEnvironments: len(grant.Environments) - len(shown),
	}
	if pagePath.MatchString(grant.Path) {
		model.URL = h.GitLab.BaseURL().JoinPath(grant.Path).String()
	}
	return model
}

// filePage is an address of a file on the default branch in GitLab; without a branch there is
// none.
func (h *Handlers) filePage(project agent.Project, view string, path ...string) string {
	if project.DefaultBranch == "" {
		return ""
	}
	page := h.GitLab.BaseURL()
	page.Path = strings.Join(append([]string{strings.TrimRight(page.Path, "/"), project.Path, "-", view, project.DefaultBranch}, path...), "/")
	return page.String()
}

// newFilePage is GitLab's form for a new file, with its path filled in.
func (h *Handlers) newFilePage(project agent.Project, path string) string {
	page := h.filePage(project, "new")
	if page == "" {
		return ""
	}
	return page + "?" + url.Values{"file_name": {path}}.Encode()
}
