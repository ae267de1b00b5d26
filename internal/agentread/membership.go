package agentread

import (
	"context"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/internal/agent"
)

// Listing says which of the person's projects Memberships lists.
type Listing int

// The listings.
const (
	// ListAll are all projects whose agents the person may see.
	ListAll Listing = iota
	// ListMaintained are those in which they are at least Maintainer.
	ListMaintained
	// ListArchived are those that are archived themselves.
	ListArchived
)

// query is how GitLab is asked for a listing.
func (l Listing) query() gitlabapi.MembershipQuery {
	switch l {
	case ListMaintained:
		return gitlabapi.MembershipQuery{MinAccessLevel: gitlabapi.Maintainer}
	case ListArchived:
		return gitlabapi.MembershipQuery{MinAccessLevel: gitlabapi.Developer, Archived: true}
	default:
		return gitlabapi.MembershipQuery{MinAccessLevel: gitlabapi.Developer}
	}
}

// Cursor is a place in a listing; the zero value is its beginning.
type Cursor struct {
	at   gitlabapi.ProjectCursor
	page int // of a list that goes by pages
}

// Memberships lists by REST, of all projects of the person's, up to a hundred from a place on, by
// number, and where to go on: nil at the end. It tells the projects' names and no Access: that is
// Many's to tell, or WithRights'.
func (r *Reader) Memberships(ctx context.Context, which Listing, from Cursor) ([]agent.Project, *Cursor, error) {
	return r.listed(ctx, which.query(), from)
}

func (r *Reader) listed(ctx context.Context, query gitlabapi.MembershipQuery, from Cursor) ([]agent.Project, *Cursor, error) {
	projects, next, err := r.gitlab.Memberships(ctx, query, from.at)
	switch {
	case err != nil:
		return nil, nil, err
	case next == nil:
		return briefly(projects), nil, nil
	default:
		return briefly(projects), &Cursor{at: *next}, nil
	}
}

// WithRights is a project that Memberships listed, with what the other listings say of it. They
// know of fewer ways to be read-only than Many.
func (s *Service) WithRights(p agent.Project, maintains, archived bool) agent.Project {
	p.Maintains, p.Archived = maintains, archived
	return s.withAccess(p)
}
