package handlers

import (
	"net/http"
	"slices"
	"strings"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/internal/agentconfig"
	"gitlab-agent-portal/internal/agentread"
	"gitlab-agent-portal/internal/i18n"
	"gitlab-agent-portal/views"
)

// toldState is whether GitLab said what it made of an agent's grants.
type toldState int

const (
	toldNothing  toldState = iota // it did not answer
	toldUnneeded                  // there was nothing to ask
	toldDraft                     // the file is not written yet
	toldAnswered
)

// told is what GitLab said of an agent's grants.
type told struct {
	state toldState
	gitlabapi.Authorizations
	// asked are the paths that it was asked about.
	asked map[string]bool
}

// loadTold asks GitLab what it made of the grants of a file, of which the first ones are looked at.
func loadTold(r *http.Request, s *session, found agentread.ProjectAgent, config agentconfig.Config) told {
	projects := grantedPaths(config.CI.Projects, config.User.Projects)
	groups := grantedPaths(config.CI.Groups, config.User.Groups)
	if len(projects)+len(groups) == 0 {
		return told{state: toldUnneeded}
	}
	answer := told{state: toldNothing, asked: map[string]bool{}}
	for _, path := range slices.Concat(projects, groups) {
		answer.asked[path] = true
	}
	authorizations, ok := s.read.Authorizations(r.Context(), found, projects, groups)
	if ok {
		answer.state, answer.Authorizations = toldAnswered, authorizations
	}
	return answer
}

// grantedPaths are the first paths of two lists that GitLab can know, once each.
func grantedPaths(lists ...[]agentconfig.Grant) []string {
	var paths []string
	for _, grant := range slices.Concat(lists...) {
		if len(paths) == gitlabapi.MaxAuthorizations {
			break
		}
		known := grant.Verdict == agentconfig.VerdictInEffect || grant.Verdict == agentconfig.VerdictOutside
		if known && pagePath.MatchString(grant.Path) && !slices.Contains(paths, grant.Path) {
			paths = append(paths, grant.Path)
		}
	}
	return paths
}

// list is one of the two lists of grants, as catalogues name it.
type list string

const (
	listCI   list = "ci"
	listUser list = "user"
)

// identitySentence says who acts in the cluster.
func identitySentence(l *i18n.Printer, list list, as agentconfig.Identity, impersonated []string) string {
	name := string(as)
	if as == agentconfig.AsAgent {
		name = "agent"
	}
	return l.T("access.as."+string(list)+"."+name, "Names", l.List(impersonated[:min(len(impersonated), maxEnvironments)]))
}

// verdictWords puts words to the verdicts of one list.
type verdictWords struct {
	l *i18n.Printer
	// home is where the file is, and outside the GitLab from which an administrator can allow grants
	// outside of its top-level group.
	home    agentconfig.Home
	outside string
	// people says that the list is user_access.
	people bool
	told   told
}

// of is the verdict on a grant: GitLab's own where it gives one, else the file's.
func (w verdictWords) of(grant agentconfig.Grant, kind views.ConfigGrantKind) views.ConfigVerdict {
	switch grant.Verdict {
	case agentconfig.VerdictInEffect, agentconfig.VerdictOutside:
	default:
		return w.byFile(grant.Verdict)
	}
	switch {
	case w.told.state == toldDraft && grant.Verdict == agentconfig.VerdictInEffect:
		return views.ConfigVerdict{Effect: views.EffectYes, Label: w.l.T("access.verdict.draft")}
	case w.told.state != toldAnswered, !w.told.asked[grant.Path]:
		return w.unsure(grant.Verdict, "unasked")
	case kind == views.GrantGroup:
		return w.ofGroup(grant)
	default:
		return w.ofProject(grant)
	}
}

// ofProject is the verdict on a project that GitLab was asked about.
func (w verdictWords) ofProject(grant agentconfig.Grant) views.ConfigVerdict {
	project, seen := w.told.Projects[grant.Path]
	authorized := project.CI && !w.people || project.User && w.people
	switch {
	case !w.people && strings.EqualFold(grant.Path, w.home.Project):
		return w.confirmed("own")
	case authorized:
		return w.confirmed("gitlab")
	case !seen:
		return w.unsure(grant.Verdict, "invisible")
	case !project.Told:
		return w.unsure(grant.Verdict, "untold")
	case grant.Verdict == agentconfig.VerdictInEffect:
		return w.verdict(views.EffectNo, "absent")
	default:
		return w.byFile(grant.Verdict)
	}
}

// ofGroup is the verdict on a group that GitLab was asked about. It lists what may use an agent by
// project, so that a group is never confirmed.
func (w verdictWords) ofGroup(grant agentconfig.Grant) views.ConfigVerdict {
	switch {
	case grant.Verdict == agentconfig.VerdictInEffect && w.people && !w.told.UserAccess:
		return w.verdict(views.EffectNo, "absent_people")
	case !w.told.Groups[grant.Path]:
		return w.unsure(grant.Verdict, "invisible")
	default:
		return w.unsure(grant.Verdict, "group")
	}
}

// unsure is the verdict on a grant of which GitLab says nothing: what the file tells against it still
// holds.
func (w verdictWords) unsure(file agentconfig.Verdict, why string) views.ConfigVerdict {
	if file != agentconfig.VerdictInEffect {
		return w.byFile(file)
	}
	verdict := w.verdict(views.EffectDepends, why)
	verdict.AsFileTells = true
	return verdict
}

func (w verdictWords) confirmed(why string) views.ConfigVerdict {
	return views.ConfigVerdict{Effect: views.EffectYes, Label: w.l.T("access.verdict.in_effect"), Reason: w.l.T("access.verdict." + why + ".reason")}
}

func (w verdictWords) verdict(effect views.ConfigEffect, why string) views.ConfigVerdict {
	return views.ConfigVerdict{Effect: effect, Label: w.l.T("access.verdict." + why), Reason: w.l.T("access.verdict." + why + ".reason")}
}

// byFile is the verdict that the file alone gives.
func (w verdictWords) byFile(verdict agentconfig.Verdict) views.ConfigVerdict {
	reason := func(args ...any) string { return w.l.T("access.verdict."+string(verdict)+".reason", args...) }
	switch verdict {
	case agentconfig.VerdictInEffect:
		return views.ConfigVerdict{Effect: views.EffectYes, Label: w.l.T("access.verdict.in_effect")}
	case agentconfig.VerdictAdministrator:
		return views.ConfigVerdict{
			Effect: views.EffectDepends, Label: w.l.T("access.verdict.administrator"), Reason: reason("Version", agentconfig.InstanceSince),
		}
	default:
		return views.ConfigVerdict{
			Effect: views.EffectNo, Label: w.l.T("access.verdict.dropped"),
			Reason: reason("Root", w.home.Root(), "Version", w.outside, "Max", agentconfig.MaxGrants),
		}
	}
}
