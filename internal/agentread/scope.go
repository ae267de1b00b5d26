package agentread

import (
	"context"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/internal/agent"
)

// Listed lists by REST the projects of a scope as Memberships does those of the person's. In other
// scopes than agent.ScopeMine ListAll also has projects whose agents the person may not see: what a
// role is GitLab tells of members only, and leaves administrators out who are none. A group's list
// goes by pages. ErrNotFound where the group does not exist or is not the person's to see.
func (r *Reader) Listed(ctx context.Context, scope agent.Scope, which Listing, from Cursor) ([]agent.Project, *Cursor, error) {
	switch {
	case scope.Group() != "":
		return r.inGroup(ctx, scope.Group(), which, from)
	case scope == agent.ScopeEverything:
		query := which.query()
		query.Beyond = true
		if which != ListMaintained {
			query.MinAccessLevel = 0
		}
		return r.listed(ctx, query, from)
	default:
		return r.Memberships(ctx, which, from)
	}
}

// inGroup lists a page of the projects in a group and below it.
func (r *Reader) inGroup(ctx context.Context, group string, which Listing, from Cursor) ([]agent.Project, *Cursor, error) {
	query := gitlabapi.GroupProjectQuery{Archived: which == ListArchived}
	if which == ListMaintained {
		query.MinAccessLevel = gitlabapi.Maintainer
	}
	page, err := r.gitlab.GroupProjectsPage(ctx, group, query, max(from.page, 1))
	if err != nil {
		return nil, nil, err
	}
	if page.NextPage == 0 {
		return briefly(page.Items), nil, nil
	}
	return briefly(page.Items), &Cursor{page: page.NextPage}, nil
}

// briefly is what a list tells of projects.
func briefly(listed []gitlabapi.Project) []agent.Project {
	projects := make([]agent.Project, len(listed))
	for i, p := range listed {
		projects[i] = agent.Project{ID: p.ID, Name: p.Name, Path: p.PathWithNamespace}
	}
	return projects
}

// GroupAgents asks GraphQL for up to a hundred agents of a group and of those below it, with their
// projects and the person's rights there, from a place on, and for the next one: "" at the end, which
// is where it begins too. GitLab tells Developers of the group, and everybody else that there are none.
// The errors are those of gitlabapi's GroupAgentsPage; ErrUnauthorized as Many's is.
func (r *Reader) GroupAgents(ctx context.Context, group, from string) (found []ProjectAgent, next string, err error) {
	page, next, err := r.gitlab.GroupAgentsPage(ctx, group, from)
	if err != nil {
		return nil, "", r.askREST(ctx, err)
	}
	found = make([]ProjectAgent, len(page))
	for i := range page {
		found[i] = ProjectAgent{Project: r.projectOf(page[i].Project), Agent: agentInUse(&page[i].Agent)}
	}
	return found, next, nil
}

// GroupsPerPage is how many groups Groups returns at once.
const GroupsPerPage = 30

// Groups reads a page of the groups that GitLab shows the person, by name.
func (r *Reader) Groups(ctx context.Context, search string, number int) (Page[gitlabapi.Group], error) {
	page, err := r.gitlab.GroupsPage(ctx, search, number, GroupsPerPage)
	if err != nil {
		return Page[gitlabapi.Group]{}, err
	}
	return pageOf(page, page.Items), nil
}

// Group reads a group by its full path. ErrNotFound when it does not exist or is not the person's to
// see.
func (r *Reader) Group(ctx context.Context, path string) (gitlabapi.Group, error) {
	return r.gitlab.Group(ctx, path)
}
