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

// accessModel says what the agent's configuration file grants, and asks GitLab what it made of it. What
// could not be had in time is said, and keeps nothing else from being shown.
func (h *Handlers) accessModel(r *http.Request, s *session, found agentread.ProjectAgent, around agentread.Around) views.ConfigModel {
	path := agentconfig.Path(found.Agent.Name)
	model := views.ConfigModel{Path: path}
	if found.Project.MayPush() {
		model.EditURL = h.urls.ConfigEdit(found.Project.ID, found.Agent.ID)
	}
	file, err := around.Config, around.ConfigErr
	switch {
	case err == nil:
		model.URL = h.filePage(found.Project, "blob", path)
		h.readConfig(r, file, judging{home: s.home(found.Project), ask: func(config agentconfig.Config) told { return loadTold(r, s, found, config) }}, &model)
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

// judging is what the grants of a file are judged by: where they are written, and what GitLab says,
// which is asked only if there is anything to ask.
type judging struct {
	home agentconfig.Home
	ask  func(agentconfig.Config) told
}

// readConfig fills in what the file says and what GitLab makes of it, or what is wrong with it.
func (h *Handlers) readConfig(r *http.Request, file []byte, by judging, model *views.ConfigModel) {
	l := printer(r)
	config, problems := agentconfig.Parse(file)
	if len(problems) > 0 {
		configProblems(l, problems, model)
		return
	}
	model.State = views.ConfigPresent
	model.Repeated, model.More = repeatedSentences(l, config.Repeated)
	judged := agentconfig.Judge(config, by.home)
	words := verdictWords{l: l, home: by.home, outside: agentconfig.CIOutsideSince, told: by.ask(judged)}
	model.CI = h.configAccess(judged.CI, words)
	words.people, words.outside = true, agentconfig.UserOutsideSince
	model.User = h.configAccess(judged.User, words)
	model.User.As = identitySentence(l, listUser, judged.User.As, nil)
	model.Unasked = words.told.state == toldNothing && (len(model.CI.Grants) > 0 || len(model.User.Grants) > 0)
}

// repeatedSentences are about keys that stand more than once; more is how many are left out.
func repeatedSentences(l *i18n.Printer, repeated []agentconfig.Repeat) (sentences []string, more int) {
	shown := repeated[:min(len(repeated), maxSentences)]
	for _, again := range shown {
		sentences = append(sentences, atLine(l, again.Line, l.T("access.file.repeated_key", "Field", again.Field)))
	}
	return sentences, len(repeated) - len(shown)
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
		field = l.T("access.file.whole_file")
	}
	return atLine(l, problem.Line, l.T("access.problem."+string(problem.Code),
		"Field", field, "Names", problem.Detail, "Size", agentconfig.MaxSize>>10, "Version", agentconfig.KnownVersion))
}

// atLine puts the line before a sentence about it, where it is known.
func atLine(l *i18n.Printer, line int, sentence string) string {
	if line == 0 {
		return sentence
	}
	return l.T("access.file.line", "Line", line, "Problem", sentence)
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
			model.Limit = words.byFile(grant.Verdict).Reason
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
		Environments: shown, MoreEnvironments: len(grant.Environments) - len(shown), Verdict: words.of(grant, kind),
	}
	if grant.Namespace != "" {
		model.Notes = append(model.Notes, words.l.T("access.file.namespace", "Name", grant.Namespace))
	}
	if !words.people && grant.As != agentconfig.AsAgent {
		model.Notes = append(model.Notes, identitySentence(words.l, listCI, grant.As, grant.Impersonated))
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
