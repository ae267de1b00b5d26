package handlers

import (
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"slices"
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
	// maxSentences is how many problems, or repeated keys, of one file a page shows.
	maxSentences = 20
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
		h.readConfig(printer(r), file, s.home(found.Project), &model)
	case errors.Is(err, gitlabapi.ErrNotFound):
		model.State, model.URL = views.ConfigAbsent, h.newFilePage(found.Project, path)
	case errors.Is(err, gitlabapi.ErrForbidden):
		model.State = views.ConfigForbidden
	case errors.Is(err, gitlabapi.ErrTooLarge):
		model.URL = h.filePage(found.Project, "blob", path)
		configProblems(printer(r), agentconfig.Problems{{Code: agentconfig.CodeSize}}, &model)
	default:
		h.Log.WarnContext(r.Context(), "reading an agent's configuration file", "error", err)
		model.State = views.ConfigUnknown
	}
	return model
}

// home is where GitLab looks at a project's grants from. A group cannot have the name of a person,
// so that the person's own projects are known without asking; those of others are not.
func (s *session) home(project agent.Project) agentconfig.Home {
	return agentconfig.Home{Project: project.Path, Personal: strings.EqualFold(project.Group(), s.User.Username)}
}

// readConfig fills in what the file says and what GitLab makes of it, or what is wrong with it.
func (h *Handlers) readConfig(l *i18n.Printer, file []byte, home agentconfig.Home, model *views.ConfigModel) {
	config, problems := agentconfig.Parse(file)
	if len(problems) > 0 {
		configProblems(l, problems, model)
		return
	}
	model.State = views.ConfigPresent
	shown := config.Repeated[:min(len(config.Repeated), maxSentences)]
	for _, again := range shown {
		model.Repeated = append(model.Repeated, atLine(l, again.Line, l.T("connect.config.repeated_key", "Field", again.Field)))
	}
	model.More = len(config.Repeated) - len(shown)
	judged := agentconfig.Judge(config, home)
	words := verdictWords{l: l, root: home.Root(), outside: agentconfig.CIOutsideSince}
	model.CI = h.configAccess(judged.CI, words)
	words.outside = agentconfig.UserOutsideSince
	model.User = h.configAccess(judged.User, words)
}

// configProblems says what is wrong with a file, and where.
func configProblems(l *i18n.Printer, problems agentconfig.Problems, model *views.ConfigModel) {
	model.State, model.Certain = views.ConfigBroken, problems.Certain()
	shown := problems[:min(len(problems), maxSentences)]
	for _, problem := range shown {
		model.Problems = append(model.Problems, problemSentence(l, problem))
		if problem.Code == agentconfig.CodeSyntax {
			model.Detail = problem.Detail
		}
	}
	model.More = len(problems) - len(shown)
}

func problemSentence(l *i18n.Printer, problem agentconfig.Problem) string {
	field := problem.Field
	if field == "" {
		field = l.T("connect.config.whole_file")
	}
	return atLine(l, problem.Line, l.T("connect.problem."+string(problem.Code),
		"Field", field, "Names", problem.Detail, "Size", agentconfig.MaxSize>>10, "Version", agentconfig.KnownVersion))
}

// atLine puts the line before a sentence about it, where it is known.
func atLine(l *i18n.Printer, line int, sentence string) string {
	if line == 0 {
		return sentence
	}
	return l.T("connect.config.line", "Line", line, "Problem", sentence)
}

func (h *Handlers) configAccess(access agentconfig.Access, words verdictWords) views.ConfigAccess {
	var model views.ConfigAccess
	if access.Instance != nil {
		model.Grants = append(model.Grants, h.configGrant(*access.Instance, views.GrantInstance, words))
	}
	groups := access.Groups[:min(len(access.Groups), maxGrants)]
	projects := access.Projects[:min(len(access.Projects), maxGrants-len(groups))]
	for _, grant := range groups {
		model.Grants = append(model.Grants, h.configGrant(grant, views.GrantGroup, words))
	}
	for _, grant := range projects {
		model.Grants = append(model.Grants, h.configGrant(grant, views.GrantProject, words))
	}
	countRest(&model, words, access.Groups[len(groups):], access.Projects[len(projects):])
	return model
}

// countRest says of the grants that are not listed how many there are, and how many are dropped.
func countRest(model *views.ConfigAccess, words verdictWords, rest ...[]agentconfig.Grant) {
	for _, grant := range slices.Concat(rest...) {
		model.More++
		if grant.Verdict.Dropped() {
			model.MoreDropped++
		}
		if grant.Verdict == agentconfig.VerdictLimit {
			model.Limit = words.of(grant.Verdict).Reason
		}
	}
}

// pagePath is what a path in GitLab looks like.
var pagePath = regexp.MustCompile(`^\w[\w.-]*(/\w[\w.-]*)*$`)

// configGrant is a grant as it is shown. What no path in GitLab looks like gets no link.
func (h *Handlers) configGrant(grant agentconfig.Grant, kind views.ConfigGrantKind, words verdictWords) views.ConfigGrant {
	shown := grant.Environments[:min(len(grant.Environments), maxEnvironments)]
	model := views.ConfigGrant{
		Kind: kind, Path: grant.Path, ProtectedRefs: grant.ProtectedRefs,
		Environments: shown, MoreEnvironments: len(grant.Environments) - len(shown), Verdict: words.of(grant.Verdict),
	}
	if pagePath.MatchString(grant.Path) {
		model.URL = h.GitLab.BaseURL().JoinPath(grant.Path).String()
	}
	return model
}

// verdictWords puts words to the verdicts of one list.
type verdictWords struct {
	l *i18n.Printer
	// root is what grants have to lie in, and outside the GitLab from which an administrator can
	// allow others.
	root, outside string
}

func (w verdictWords) of(verdict agentconfig.Verdict) views.ConfigVerdict {
	reason := func(args ...any) string { return w.l.T("connect.verdict."+string(verdict)+".reason", args...) }
	switch verdict {
	case agentconfig.VerdictInEffect:
		return views.ConfigVerdict{Effect: views.EffectYes, Label: w.l.T("connect.verdict.in_effect")}
	case agentconfig.VerdictAdministrator:
		return views.ConfigVerdict{
			Effect: views.EffectDepends, Label: w.l.T("connect.verdict.administrator"), Reason: reason("Version", agentconfig.InstanceSince),
		}
	default:
		return views.ConfigVerdict{
			Effect: views.EffectNo, Label: w.l.T("connect.verdict.dropped"),
			Reason: reason("Root", w.root, "Version", w.outside, "Max", agentconfig.MaxGrants),
		}
	}
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
