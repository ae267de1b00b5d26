package handlers

import (
	"context"
	"net/http"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/internal/activity"
	"gitlab-agent-portal/internal/fleet"
)

// viewerOf is on whose behalf the fleet is read: the person, and the session that their GitLab
// token belongs to.
func viewerOf(s *session) fleet.Viewer {
	return fleet.Viewer{Person: s.User.ID, Grant: s.ID, Admin: s.User.IsAdmin}
}

// fleetSource gives a scan the person's GitLab client, renewed when its token has ended. A scan
// outlives the request r that began it, of which only the audit learns.
func (h *Handlers) fleetSource(r *http.Request, s *session) fleet.Source {
	event := h.event(r, activity.Refresh)
	return func(ctx context.Context, refused error) (*gitlabapi.Client, error) {
		if refused == nil {
			return s.gitlab, nil
		}
		renewed, err := h.refreshSession(ctx, s, event)
		if err != nil {
			return nil, err
		}
		s = renewed
		return s.gitlab, nil
	}
}

// changed forgets what was read for a person who has just changed something, or may have.
func (h *Handlers) changed(s *session) { h.Fleet.Drop(s.User.ID) }
