package agentread

import (
	"context"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/parallel"
)

// ProjectsPerPage is how many projects Projects returns at once.
const ProjectsPerPage = 30

// Project reads a project and the person's rights in it. ErrNotFound when it does not exist or is
// not theirs to see.
func (r *Reader) Project(ctx context.Context, id int64) (agent.Project, error) {
	found, ok := ask(ctx, r, "a project", func(ctx context.Context) (map[int64]gitlabapi.ProjectDetail, error) {
		return r.gitlab.ProjectDetails(ctx, []int64{id})
	})
	if detail, answered := found[id]; ok && answered {
		return r.explained(ctx, r.projectOf(detail)), nil
	}
	return r.projectByREST(ctx, id)
}

// WhyRefused reads anew, without GraphQL, what the person may do in a project where GitLab has just
// refused a change: AccessManage if that does not explain it.
func (r *Reader) WhyRefused(ctx context.Context, id int64) (agent.Access, error) {
	found, err := r.projectByREST(ctx, id)
	return found.Access, err
}

// explained is a project that GraphQL told of. Where it takes no changes from people who could make
// them otherwise, one more call asks why; without an answer the reason stays unknown.
func (r *Reader) explained(ctx context.Context, p agent.Project) agent.Project {
	if p.Access != agent.AccessFrozen {
		return p
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	read, err := r.gitlab.Project(ctx, gitlabapi.ProjectID(p.ID))
	if err != nil {
		return p
	}
	return r.withReason(p, read)
}

// ProjectByPath finds a project by its full path, without the person's rights in it. ErrNotFound
// as for Project; a path that the project had before it moved still finds it.
func (r *Reader) ProjectByPath(ctx context.Context, path string) (agent.Project, error) {
	found, err := r.gitlab.Project(ctx, gitlabapi.ProjectPath(path))
	if err != nil {
		return agent.Project{}, err
	}
	return agent.Project{ID: found.ID, Name: found.Name, Path: found.PathWithNamespace}, nil
}

// projectByREST reads a project and the person's rights in it without GraphQL, in parallel.
func (r *Reader) projectByREST(ctx context.Context, id int64) (agent.Project, error) {
	var found gitlabapi.Project
	var manages bool
	group, ctx := parallel.WithContext(ctx)
	group.Go(func() (err error) {
		found, err = r.gitlab.Project(ctx, gitlabapi.ProjectID(id))
		return err
	})
	group.Go(func() (err error) {
		manages, err = r.gitlab.CanManage(ctx, id)
		return err
	})
	if err := group.Wait(); err != nil {
		return agent.Project{}, err
	}
	return r.restProject(found, manages), nil
}

// Projects reads a page of the projects whose agents the person may see, by name, with their
// rights in each.
func (r *Reader) Projects(ctx context.Context, search string, number int) (Page[agent.Project], error) {
	listed, err := r.gitlab.ProjectsPage(ctx, gitlabapi.ProjectQuery{
		Search: search, MinAccessLevel: gitlabapi.Developer, Page: number, PerPage: ProjectsPerPage,
	})
	if err != nil {
		return Page[agent.Project]{}, err
	}
	ids := make([]int64, len(listed.Items))
	for i, project := range listed.Items {
		ids[i] = project.ID
	}
	told, _ := ask(ctx, r, "rights in projects", func(ctx context.Context) (map[int64]gitlabapi.ProjectDetail, error) {
		return r.gitlab.ProjectDetails(ctx, ids)
	})
	projects := make([]agent.Project, len(ids))
	failed := parallel.Each(maxParallel, listed.Items, func(i int, p gitlabapi.Project) error {
		if detail, ok := told[p.ID]; ok {
			projects[i] = r.withReason(r.projectOf(detail), p)
			projects[i].Description = p.Description
			return nil
		}
		manages, err := r.gitlab.CanManage(ctx, p.ID)
		projects[i] = r.restProject(p, manages)
		return err
	})
	return pageOf(listed, projects), firstOf(failed)
}

// firstOf is the first error there is.
func firstOf(errs []error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// Maintained lists the projects in which the person is Maintainer now, by number, a hundred a call
// and one call after the other; complete is false where there are more than so many pages.
func (r *Reader) Maintained(ctx context.Context, pages int) (projects []int64, complete bool, err error) {
	query := gitlabapi.MembershipQuery{MinAccessLevel: gitlabapi.Maintainer}
	cursor := new(gitlabapi.ProjectCursor)
	for range pages {
		var page []gitlabapi.Project
		if page, cursor, err = r.gitlab.Memberships(ctx, query, *cursor); err != nil {
			return nil, false, err
		}
		for _, project := range page {
			projects = append(projects, project.ID)
		}
		if cursor == nil {
			return projects, true, nil
		}
	}
	return projects, false, nil
}
