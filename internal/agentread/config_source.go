package agentread

import (
	"context"
	"errors"
	"strings"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/agentconfig"
	"gitlab-agent-portal/internal/parallel"
)

// ConfigSource reads an agent's configuration file with the commit that changed it last, both empty
// where there is none, and the default branch that it is on. Of an empty repository that is the branch
// which the first commit makes: GitLab lets Maintainers begin it.
func (r *Reader) ConfigSource(ctx context.Context, project agent.Project, name string) (file gitlabapi.File, branch gitlabapi.Branch, err error) {
	ref := gitlabapi.ProjectID(project.ID)
	branch.Name = project.DefaultBranch
	if branch.Name == "" {
		branch.Name = "main"
	}
	group, ctx := parallel.WithContext(ctx)
	group.Go(func() (err error) {
		file, err = r.gitlab.File(ctx, ref, agentconfig.Path(name), "HEAD")
		return missingIsFine(err)
	})
	group.Go(func() error {
		found, err := r.gitlab.Branch(ctx, ref, branch.Name)
		if err == nil {
			branch = found
		} else if errors.Is(err, gitlabapi.ErrNotFound) {
			branch.CanPush = project.Maintains
		}
		return missingIsFine(err)
	})
	err = group.Wait()
	return file, branch, err
}

func missingIsFine(err error) error {
	if errors.Is(err, gitlabapi.ErrNotFound) {
		return nil
	}
	return err
}

// Grantees finds the paths of groups, or of projects, that an agent of the project can be granted to and
// that the person sees, no longer than a page waits; what cannot be had is left out. In a personal
// namespace that is the project itself, and outside of it the top-level group and what lies below.
func (r *Reader) Grantees(ctx context.Context, project agent.Project, search string, groups bool) []string {
	root, _, _ := strings.Cut(project.Path, "/")
	search = search[strings.LastIndexByte(search, '/')+1:]
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if !groups {
		page, err := r.gitlab.GroupProjectsPage(ctx, root, gitlabapi.GroupProjectQuery{Search: search, PerPage: gitlabapi.GranteesPerSearch}, 1)
		if err != nil {
			return []string{project.Path}
		}
		var found []string
		for _, p := range page.Items {
			found = append(found, p.PathWithNamespace)
		}
		return found
	}
	found, err := r.gitlab.DescendantGroups(ctx, root, search)
	if err != nil {
		return nil
	}
	return append([]string{root}, found...)
}
