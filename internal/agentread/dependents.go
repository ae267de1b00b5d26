package agentread

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/internal/agentconfig"
	"gitlab-agent-portal/internal/parallel"
)

const (
	// MaxDependentProjects is in how many projects Dependents looks for environments.
	MaxDependentProjects = 20
	// maxEnvironmentPages is how many pages of a hundred environments it reads of each.
	maxEnvironmentPages = 2
	// dependentsPatience is for how long all of it goes on.
	dependentsPatience = 6 * time.Second
)

// Environment is an environment whose view of Kubernetes an agent provides.
type Environment struct {
	ID                        int64
	Project                   string // full path
	Name, Namespace, FluxPath string // the last two may be empty
}

// Dependents are the environments that have an agent, as far as the person is shown them, and what
// was not looked at.
type Dependents struct {
	Environments []Environment // by project, then by name
	// Projects is of how many projects the environments were read.
	Projects int
	// Hidden are the full paths of granted groups and projects that do not exist or are not shown to
	// the person, or whose environments are not; Unread of those that could not be read for now; and
	// Cut of projects with more environments than were read.
	Hidden, Unread, Cut []string
	// More says that more than MaxDependentProjects projects are granted access.
	More bool
	// Instance says that the configuration names the whole instance, of which only the projects that
	// it names beside were looked at.
	Instance bool
	// Grants says whether it is known whom the configuration grants access.
	Grants Grants
}

// Grants says what is known of whom an agent's configuration grants access.
type Grants string

// What is known. The zero value is all of it, also where there is no file.
const (
	GrantsKnown     Grants = ""
	GrantsForbidden Grants = "forbidden" // the person may not read the file
	GrantsBroken    Grants = "broken"    // GitLab does not accept the file and goes by an earlier one
	GrantsUnread    Grants = "unread"    // the file could not be read for now
)

// Complete reports whether there can be no environments but those that were found.
func (d Dependents) Complete() bool {
	return !d.More && !d.Instance && d.Grants == GrantsKnown && len(d.Hidden)+len(d.Unread)+len(d.Cut) == 0
}

// Dependents looks for the environments that have the agent: in its own project, and in those that
// its configuration grants access, whether to pipelines or to people, since GitLab lets an
// environment have an agent that its people may use. home is where the agent is configured. It takes
// no longer than dependentsPatience, and fails at nothing: what could not be read is told.
func (r *Reader) Dependents(ctx context.Context, a ProjectAgent, home agentconfig.Home) Dependents {
	ctx, cancel := context.WithTimeout(ctx, dependentsPatience)
	defer cancel()
	var found Dependents
	own := dependentProject{ref: gitlabapi.ProjectID(a.Project.ID), path: a.Project.Path}
	group := new(parallel.Group)
	group.Go(func() error {
		own.read(ctx, r.gitlab, a.Agent.ID)
		return nil
	})
	granted := r.grantedProjects(ctx, a, home, &found)
	_ = group.Wait() // which fails at a panic alone, and then nothing was read
	_ = parallel.Each(maxParallel, granted, func(_ int, one *dependentProject) error {
		one.read(ctx, r.gitlab, a.Agent.ID)
		return nil
	})
	for _, one := range append([]*dependentProject{&own}, granted...) {
		found.add(one)
	}
	r.logUnread(ctx, found, own.err)
	slices.SortFunc(found.Environments, func(a, b Environment) int {
		return cmp.Or(strings.Compare(a.Project, b.Project), strings.Compare(a.Name, b.Name))
	})
	return found
}

func (r *Reader) logUnread(ctx context.Context, found Dependents, err error) {
	if len(found.Unread) > 0 && ctx.Err() == nil {
		r.cfg.Log.WarnContext(ctx, "reading the environments of an agent", "projects", len(found.Unread), "error", err)
	}
}

// dependentProject is a project in which environments are looked for.
type dependentProject struct {
	ref  gitlabapi.ProjectRef
	path string

	environments []Environment
	isRead, cut  bool
	err          error
}

// read fills in the environments that have the agent.
func (p *dependentProject) read(ctx context.Context, gitlab *gitlabapi.Client, agent int64) {
	for number, pages := 1, 0; number != 0; pages++ {
		if pages == maxEnvironmentPages {
			p.cut = true
			break
		}
		page, err := gitlab.EnvironmentsPage(ctx, p.ref, number)
		if p.err = err; err != nil {
			return
		}
		for _, one := range page.Items {
			if one.AgentID == agent {
				p.environments = append(p.environments, Environment{
					ID: one.ID, Project: p.path, Name: one.Name, Namespace: one.Namespace, FluxPath: one.FluxPath,
				})
			}
		}
		number = page.NextPage
	}
	p.isRead = true
}

// add adds what one project told.
func (d *Dependents) add(p *dependentProject) {
	d.Environments = append(d.Environments, p.environments...)
	switch {
	case p.isRead:
		d.Projects++
	case isHidden(p.err):
		d.Hidden = append(d.Hidden, p.path)
	default:
		d.Unread = append(d.Unread, p.path)
	}
	if p.cut {
		d.Cut = append(d.Cut, p.path)
	}
}

// isHidden reports whether an error says that something is not the person's to see.
func isHidden(err error) bool {
	return errors.Is(err, gitlabapi.ErrNotFound) || errors.Is(err, gitlabapi.ErrForbidden)
}

// grantedProjects are the projects but the agent's own that its configuration grants access, groups
// expanded, up to the cap. What keeps others away is noted in found.
func (r *Reader) grantedProjects(ctx context.Context, a ProjectAgent, home agentconfig.Home, found *Dependents) []*dependentProject {
	config := r.readGrants(ctx, a, found)
	judged := agentconfig.Judge(config, home)
	found.Instance = judged.CI.Instance != nil
	list := grantedList{seen: map[string]bool{strings.ToLower(a.Project.Path): true}, found: found}
	for _, path := range inEffect(judged.CI.Projects, judged.User.Projects) {
		list.add(gitlabapi.ProjectPath(path), path)
	}
	groups := inEffect(judged.CI.Groups, judged.User.Groups)
	if len(groups) > MaxDependentProjects {
		groups, found.More = groups[:MaxDependentProjects], true
	}
	pages := make([]gitlabapi.Page[gitlabapi.Project], len(groups))
	failed := parallel.Each(maxParallel, groups, func(i int, path string) (err error) {
		pages[i], err = r.gitlab.GroupProjectsPage(ctx, path, gitlabapi.GroupProjectQuery{PerPage: MaxDependentProjects}, 1)
		return err
	})
	for i, group := range groups {
		list.addGroup(group, pages[i], failed[i])
	}
	return list.projects
}

// readGrants reads whom the configuration grants access: nobody where there is no file.
func (r *Reader) readGrants(ctx context.Context, a ProjectAgent, found *Dependents) agentconfig.Config {
	file, err := r.ConfigFile(ctx, a.Project, a.Agent.Name)
	switch {
	case err == nil:
		config, problems := agentconfig.Parse(file)
		if len(problems) > 0 {
			found.Grants = GrantsBroken
		}
		return config
	case errors.Is(err, gitlabapi.ErrNotFound):
	case errors.Is(err, gitlabapi.ErrForbidden):
		found.Grants = GrantsForbidden
	case errors.Is(err, gitlabapi.ErrTooLarge):
		found.Grants = GrantsBroken
	default:
		found.Grants = GrantsUnread
	}
	return agentconfig.Config{}
}

// inEffect are the paths of the grants that count, each once.
func inEffect(lists ...[]agentconfig.Grant) []string {
	var paths []string
	seen := map[string]bool{}
	for _, grant := range slices.Concat(lists...) {
		if key := strings.ToLower(grant.Path); !grant.Verdict.Dropped() && !seen[key] {
			seen[key] = true
			paths = append(paths, grant.Path)
		}
	}
	return paths
}

// grantedList collects projects, each once, up to the cap.
type grantedList struct {
	projects []*dependentProject
	seen     map[string]bool // by path in lower case: GitLab's do not differ by case
	found    *Dependents
}

func (l *grantedList) add(ref gitlabapi.ProjectRef, path string) {
	key := strings.ToLower(path)
	switch {
	case l.seen[key]:
	case len(l.projects) == MaxDependentProjects-1: // the agent's own is one of them
		l.found.More = true
	default:
		l.seen[key] = true
		l.projects = append(l.projects, &dependentProject{ref: ref, path: path})
	}
}

func (l *grantedList) addGroup(group string, page gitlabapi.Page[gitlabapi.Project], err error) {
	switch {
	case isHidden(err):
		l.found.Hidden = append(l.found.Hidden, group)
	case err != nil:
		l.found.Unread = append(l.found.Unread, group)
	}
	for _, project := range page.Items {
		l.add(gitlabapi.ProjectID(project.ID), project.PathWithNamespace)
	}
	if page.NextPage != 0 {
		l.found.More = true
	}
}
